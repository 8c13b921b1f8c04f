package dev.mpg.compile;

import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import dev.mpg.config.TrafficConfig.Backend;
import dev.mpg.config.TrafficConfig.CircuitBreaker;
import dev.mpg.config.TrafficConfig.Endpoint;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Backends as Envoy clusters, whose endpoints are resources of their own: they change without the cluster. */
final class Clusters {
    private static final int CONNECT_TIMEOUT_SECONDS = 5;
    /** What Envoy's edge best practices ask for, as for {@link Listeners}. */
    private static final int CONNECTION_BUFFER_BYTES = 32 * 1024;

    private Clusters() {}

    static Cluster cluster(Backend backend) {
        Cluster.Builder cluster = Cluster.newBuilder()
                .setName(backend.name())
                .setType(Cluster.DiscoveryType.EDS)
                .setEdsClusterConfig(eds(backend))
                .setConnectTimeout(Durations.fromSeconds(CONNECT_TIMEOUT_SECONDS))
                .setPerConnectionBufferLimitBytes(UInt32Value.of(CONNECTION_BUFFER_BYTES));
        CircuitBreakers.Thresholds.Builder thresholds = CircuitBreakers.Thresholds.newBuilder();
        set(backend.circuitBreaker().maxConnections(), thresholds::setMaxConnections);
        set(backend.circuitBreaker().maxPendingRequests(), thresholds::setMaxPendingRequests);
        set(backend.circuitBreaker().maxParallelRequests(), thresholds::setMaxRequests);
        set(backend.circuitBreaker().maxParallelRetries(), thresholds::setMaxRetries);
        if (!backend.circuitBreaker().equals(CircuitBreaker.NONE)) {
            cluster.setCircuitBreakers(CircuitBreakers.newBuilder().addThresholds(thresholds));
        }
        return cluster.build();
    }

    private static Cluster.EdsClusterConfig eds(Backend backend) {
        Cluster.EdsClusterConfig.Builder eds =
                Cluster.EdsClusterConfig.newBuilder().setEdsConfig(ConfigSources.ADS);
        backend.service().map(LiveData::name).ifPresent(eds::setServiceName);
        return eds.build();
    }

    /** Thresholds are unsigned 32-bit numbers, which Java keeps in an int's bits. */
    private static void set(OptionalLong value, Consumer<UInt32Value> setter) {
        value.ifPresent(number -> setter.accept(UInt32Value.of((int) number)));
    }

    /** By which a backend's cluster asks for its endpoints. */
    static String loadAssignmentName(Backend backend) {
        return backend.service().map(LiveData::name).orElse(backend.name());
    }

    /** @param name by which clusters ask for it */
    static ClusterLoadAssignment loadAssignment(String name, List<Endpoint> endpoints) {
        ClusterLoadAssignment.Builder assignment =
                ClusterLoadAssignment.newBuilder().setClusterName(name);
        if (!endpoints.isEmpty()) {
            // gRPC's xDS client ignores a locality without a weight.
            LocalityLbEndpoints.Builder locality = LocalityLbEndpoints.newBuilder()
                    .setLocality(Locality.getDefaultInstance())
                    .setLoadBalancingWeight(UInt32Value.of(1));
            endpoints.forEach(endpoint -> locality.addLbEndpoints(endpoint(endpoint)));
            assignment.addEndpoints(locality);
        }
        return assignment.build();
    }

    private static LbEndpoint endpoint(Endpoint endpoint) {
        return LbEndpoint.newBuilder()
                .setEndpoint(io.envoyproxy.envoy.config.endpoint.v3.Endpoint.newBuilder()
                        .setAddress(address(endpoint.host(), endpoint.port())))
                .build();
    }

    static Address address(String host, int port) {
        return Address.newBuilder()
                .setSocketAddress(SocketAddress.newBuilder().setAddress(host).setPortValue(port))
                .build();
    }
}
