package dev.mpg.gateway;

import com.google.protobuf.Any;
import dev.mpg.compile.RequestLogs;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import java.nio.file.Path;
import java.util.List;

/** How a gateway learns which proxy instances to ask for its config. */
public sealed interface XdsServers {

    /**
     * Known when the gateway starts, and kept until it ends.
     *
     * @param addresses best first, at least one
     */
    record Fixed(List<HostPort> addresses) implements XdsServers {
        public Fixed {
            addresses = List.copyOf(addresses);
            if (addresses.isEmpty()) {
                throw new IllegalArgumentException("a gateway needs the address of at least one proxy instance");
            }
        }
    }

    /**
     * Written to a file, so that they can change while the gateway runs: Envoy reads it when it starts and whenever
     * another file is renamed onto it. Its content is {@link #fileContent}.
     *
     * @param path absolute
     */
    record InFile(Path path) implements XdsServers {
        public InFile {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("the path of the xDS addresses must be absolute, unlike " + path);
            }
        }
    }

    /** What {@link InFile#path} holds: JSON; the same text for the same addresses. */
    static String fileContent(List<HostPort> addresses) {
        return BootstrapJson.print(DiscoveryResponse.newBuilder()
                .addResources(Any.pack(loadAssignment(addresses)))
                .build());
    }

    /**
     * One priority per address, in their order: with equal priorities, a gateway whose stream ends would go to any of
     * them, also to one that is only a standby.
     */
    static ClusterLoadAssignment loadAssignment(List<HostPort> addresses) {
        ClusterLoadAssignment.Builder assignment =
                ClusterLoadAssignment.newBuilder().setClusterName(RequestLogs.PROXY_CLUSTER);
        for (int priority = 0; priority < addresses.size(); priority++) {
            assignment.addEndpoints(LocalityLbEndpoints.newBuilder()
                    .setPriority(priority)
                    .addLbEndpoints(LbEndpoint.newBuilder()
                            .setEndpoint(Endpoint.newBuilder().setAddress(address(addresses.get(priority))))));
        }
        return assignment.build();
    }

    private static Address address(HostPort address) {
        return Address.newBuilder()
                .setSocketAddress(
                        SocketAddress.newBuilder().setAddress(address.host()).setPortValue(address.port()))
                .build();
    }
}
