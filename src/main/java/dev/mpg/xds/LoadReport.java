package dev.mpg.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.service.load_stats.v3.LoadReportingServiceGrpc;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link LoadStatsRequest} whose node is still to be parsed: Envoy repeats all 61 KB of it in each report, and only the
 * first one's is looked at.
 */
record LoadReport(ByteString node, List<ClusterStats> clusters) {
    static final MethodDescriptor<LoadReport, LoadStatsResponse> METHOD = method();

    private static MethodDescriptor<LoadReport, LoadStatsResponse> method() {
        MethodDescriptor<LoadStatsRequest, LoadStatsResponse> method =
                LoadReportingServiceGrpc.getStreamLoadStatsMethod();
        return MethodDescriptor.<LoadReport, LoadStatsResponse>newBuilder()
                .setType(method.getType())
                .setFullMethodName(method.getFullMethodName())
                .setRequestMarshaller(new Parsing())
                .setResponseMarshaller(method.getResponseMarshaller())
                .build();
    }

    private static final class Parsing implements Marshaller<LoadReport> {
        private static final int LENGTH_DELIMITED = 2;
        private static final int NODE = LoadStatsRequest.NODE_FIELD_NUMBER << 3 | LENGTH_DELIMITED;
        private static final int CLUSTER_STATS = LoadStatsRequest.CLUSTER_STATS_FIELD_NUMBER << 3 | LENGTH_DELIMITED;

        @Override
        public LoadReport parse(InputStream stream) {
            try {
                CodedInputStream in = CodedInputStream.newInstance(stream);
                ByteString node = ByteString.EMPTY;
                List<ClusterStats> clusters = new ArrayList<>();
                for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                    switch (tag) {
                        case NODE -> node = in.readBytes();
                        case CLUSTER_STATS ->
                            clusters.add(
                                    in.readMessage(ClusterStats.parser(), ExtensionRegistryLite.getEmptyRegistry()));
                        default -> in.skipField(tag);
                    }
                }
                return new LoadReport(node, clusters);
            } catch (IOException e) {
                throw Status.INTERNAL
                        .withDescription("reading a load report failed")
                        .withCause(e)
                        .asRuntimeException();
            }
        }

        @Override
        public InputStream stream(LoadReport report) {
            throw new UnsupportedOperationException("gateways send load reports, instances only take them");
        }
    }
}
