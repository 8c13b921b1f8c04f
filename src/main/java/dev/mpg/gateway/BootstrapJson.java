package dev.mpg.gateway;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;

/** Writes what Envoy reads from files, with the field names of Envoy's documentation. */
final class BootstrapJson {
    /** Everything that a bootstrap packs into an {@code Any}. */
    private static final TypeRegistry PACKED = TypeRegistry.newBuilder()
            .add(ClusterLoadAssignment.getDescriptor())
            .add(DownstreamConnectionsConfig.getDescriptor())
            .add(HttpProtocolOptions.getDescriptor())
            .build();

    private BootstrapJson() {}

    static String print(Message message) {
        try {
            return JsonFormat.printer()
                            .usingTypeRegistry(PACKED)
                            .preservingProtoFieldNames()
                            .print(message) + "\n";
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("a type packed into a bootstrap is not registered", e);
        }
    }
}
