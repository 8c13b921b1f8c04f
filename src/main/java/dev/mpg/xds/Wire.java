package dev.mpg.xds;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The methods of the aggregated discovery service, with responses that are marshalled already. */
final class Wire {
    static final MethodDescriptor<DeltaDiscoveryRequest, ByteString> DELTA =
            of(AggregatedDiscoveryServiceGrpc.getDeltaAggregatedResourcesMethod());
    static final MethodDescriptor<DiscoveryRequest, ByteString> SOTW =
            of(AggregatedDiscoveryServiceGrpc.getStreamAggregatedResourcesMethod());

    private Wire() {}

    private static <Q> MethodDescriptor<Q, ByteString> of(MethodDescriptor<Q, ?> method) {
        return MethodDescriptor.<Q, ByteString>newBuilder()
                .setType(method.getType())
                .setFullMethodName(method.getFullMethodName())
                .setRequestMarshaller(method.getRequestMarshaller())
                .setResponseMarshaller(new Marshalled())
                .build();
    }

    private static final class Marshalled implements Marshaller<ByteString> {
        @Override
        public InputStream stream(ByteString message) {
            return new Bytes(message);
        }

        @Override
        public ByteString parse(InputStream stream) {
            try {
                return ByteString.readFrom(stream);
            } catch (IOException e) {
                throw Status.INTERNAL
                        .withDescription("reading a message failed")
                        .withCause(e)
                        .asRuntimeException();
            }
        }
    }

    /** Hands all bytes over at once. */
    private static final class Bytes extends InputStream implements Drainable, KnownLength {
        private final InputStream in;
        private ByteString left;

        Bytes(ByteString message) {
            left = message;
            in = message.newInput();
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int size = left.size();
            left.writeTo(target);
            left = ByteString.EMPTY;
            return size;
        }

        @Override
        public int read() throws IOException {
            int read = in.read();
            if (read >= 0) {
                left = left.substring(1);
            }
            return read;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = in.read(target, offset, length);
            if (read > 0) {
                left = left.substring(read);
            }
            return read;
        }

        @Override
        public int available() {
            return left.size();
        }
    }
}
