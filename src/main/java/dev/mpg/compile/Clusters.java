package dev.mpg.compile;

import com.google.protobuf.BoolValue;
import com.google.protobuf.UInt32Value;
import dev.mpg.config.Backend;
import dev.mpg.config.Backend.ActiveHealthCheck;
import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Backend.Endpoints;
import dev.mpg.config.Backend.LoadBalancer;
import dev.mpg.config.Backend.OutlierDetection;
import dev.mpg.config.Backend.Policy;
import dev.mpg.config.Backend.TcpKeepalive;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.CommonLbConfig;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.LbPolicy;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.SlowStartConfig;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.HealthCheck;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.extensions.clusters.common.dns.v3.DnsLookupFamily;
import io.envoyproxy.envoy.extensions.clusters.dns.v3.DnsCluster;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.type.v3.Int64Range;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Backends as Envoy clusters, whose endpoints are resources of their own: they change without the cluster. */
final class Clusters {
    /** What Envoy's edge best practices ask for, as for {@link Listeners}. */
    private static final int CONNECTION_BUFFER_BYTES = 32 * 1024;

    private static final String HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    private Clusters() {}

    static Cluster cluster(Backend backend) {
        Policy policy = backend.policy();
        Cluster.Builder cluster = Cluster.newBuilder()
                .setName(backend.name())
                .setConnectTimeout(RouteActions.duration(policy.connectTimeout()))
                .setPerConnectionBufferLimitBytes(UInt32Value.of(CONNECTION_BUFFER_BYTES));
        discover(backend, cluster);
        breakCircuits(policy.circuitBreaker(), cluster);
        speak(policy, cluster);
        policy.tls().ifPresent(tls -> cluster.setTransportSocket(Tls.toBackend(tls, policy.http2())));
        policy.activeHealthCheck()
                .ifPresent(check -> cluster.addHealthChecks(healthCheck(check, backend.name(), policy.http2()))
                        // Else an endpoint that is gone gets requests for as long as it answers checks.
                        .setIgnoreHealthOnHostRemoval(true));
        policy.outlierDetection().ifPresent(detection -> cluster.setOutlierDetection(outlierDetection(detection)));
        balance(policy.loadBalancer(), cluster);
        policy.tcpKeepalive()
                .ifPresent(keepalive -> cluster.setUpstreamConnectionOptions(
                        UpstreamConnectionOptions.newBuilder().setTcpKeepalive(keepalive(keepalive))));
        return cluster.build();
    }

    private static void discover(Backend backend, Cluster.Builder cluster) {
        switch (backend.endpoints()) {
            case Endpoints.Written _ ->
                cluster.setType(Cluster.DiscoveryType.EDS)
                        .setEdsClusterConfig(
                                Cluster.EdsClusterConfig.newBuilder().setEdsConfig(ConfigSources.ADS));
            case Endpoints.OfService(Backend.ServiceRef service) ->
                cluster.setType(Cluster.DiscoveryType.EDS)
                        .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder()
                                .setEdsConfig(ConfigSources.ADS)
                                .setServiceName(LiveData.name(service)));
            case Endpoints.OfName(String hostname, int port) ->
                cluster.setClusterType(Cluster.CustomClusterType.newBuilder()
                                .setName("envoy.clusters.dns")
                                .setTypedConfig(Marshalling.any(DnsCluster.newBuilder()
                                        .setDnsLookupFamily(DnsLookupFamily.V4_PREFERRED)
                                        .setRespectDnsTtl(true)
                                        .build())))
                        .setLoadAssignment(loadAssignment(backend.name(), List.of(new Endpoint(hostname, port))));
        }
    }

    private static void breakCircuits(Backend.CircuitBreaker breaker, Cluster.Builder cluster) {
        CircuitBreakers.Thresholds.Builder thresholds = CircuitBreakers.Thresholds.newBuilder();
        set(breaker.maxConnections(), thresholds::setMaxConnections);
        set(breaker.maxPendingRequests(), thresholds::setMaxPendingRequests);
        set(breaker.maxParallelRequests(), thresholds::setMaxRequests);
        set(breaker.maxParallelRetries(), thresholds::setMaxRetries);
        CircuitBreakers.Builder breakers = CircuitBreakers.newBuilder();
        if (!thresholds.build().equals(CircuitBreakers.Thresholds.getDefaultInstance())) {
            breakers.addThresholds(thresholds);
        }
        set(
                breaker.maxConnectionsPerEndpoint(),
                limit -> breakers.addPerHostThresholds(
                        CircuitBreakers.Thresholds.newBuilder().setMaxConnections(limit)));
        if (!breakers.build().equals(CircuitBreakers.getDefaultInstance())) {
            cluster.setCircuitBreakers(breakers);
        }
    }

    /** Thresholds are unsigned 32-bit numbers, which Java keeps in an int's bits. */
    private static void set(OptionalLong value, Consumer<UInt32Value> setter) {
        value.ifPresent(number -> setter.accept(UInt32Value.of((int) number)));
    }

    private static void speak(Policy policy, Cluster.Builder cluster) {
        OptionalLong perConnection = policy.circuitBreaker().maxRequestsPerConnection();
        if (!policy.http2() && perConnection.isEmpty()) {
            return;
        }
        HttpProtocolOptions.ExplicitHttpConfig.Builder http = HttpProtocolOptions.ExplicitHttpConfig.newBuilder();
        if (policy.http2()) {
            http.setHttp2ProtocolOptions(Http2ProtocolOptions.getDefaultInstance());
        } else {
            http.setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance());
        }
        HttpProtocolOptions.Builder options = HttpProtocolOptions.newBuilder().setExplicitHttpConfig(http);
        set(perConnection, options.getCommonHttpProtocolOptionsBuilder()::setMaxRequestsPerConnection);
        cluster.putTypedExtensionProtocolOptions(HTTP_OPTIONS, Marshalling.any(options.build()));
    }

    private static HealthCheck healthCheck(ActiveHealthCheck check, String name, boolean http2) {
        HealthCheck.Builder envoy = HealthCheck.newBuilder()
                .setTimeout(RouteActions.duration(check.timeout()))
                .setInterval(RouteActions.duration(check.interval()))
                // Else once a minute until the first request.
                .setNoTrafficInterval(RouteActions.duration(check.interval()))
                .setUnhealthyThreshold(UInt32Value.of(check.unhealthyThreshold()))
                .setHealthyThreshold(UInt32Value.of(check.healthyThreshold()));
        check.http()
                .ifPresentOrElse(
                        http -> {
                            HealthCheck.HttpHealthCheck.Builder request = HealthCheck.HttpHealthCheck.newBuilder()
                                    .setPath(http.path())
                                    .setHost(http.hostname().orElse(name));
                            http.statuses()
                                    .forEach(status -> request.addExpectedStatuses(Int64Range.newBuilder()
                                            .setStart(status)
                                            .setEnd(status + 1L)));
                            if (http2) {
                                request.setCodecClientType(io.envoyproxy.envoy.type.v3.CodecClientType.HTTP2);
                            }
                            envoy.setHttpHealthCheck(request);
                        },
                        () -> envoy.setTcpHealthCheck(HealthCheck.TcpHealthCheck.getDefaultInstance()));
        return envoy.build();
    }

    private static io.envoyproxy.envoy.config.cluster.v3.OutlierDetection outlierDetection(OutlierDetection detection) {
        return io.envoyproxy.envoy.config.cluster.v3.OutlierDetection.newBuilder()
                .setConsecutive5Xx(count(detection.consecutive5xx()))
                .setEnforcingConsecutive5Xx(UInt32Value.of(detection.consecutive5xx() == 0 ? 0 : 100))
                .setConsecutiveGatewayFailure(count(detection.consecutiveGatewayErrors()))
                .setEnforcingConsecutiveGatewayFailure(
                        UInt32Value.of(detection.consecutiveGatewayErrors() == 0 ? 0 : 100))
                .setInterval(RouteActions.duration(detection.interval()))
                .setBaseEjectionTime(RouteActions.duration(detection.baseEjectionTime()))
                .setMaxEjectionPercent(UInt32Value.of(detection.maxEjectionPercent()))
                // Else never any of fewer endpoints than a share of them is one.
                .setAlwaysEjectOneHost(BoolValue.of(detection.maxEjectionPercent() > 0))
                // Only what was asked for.
                .setEnforcingSuccessRate(UInt32Value.of(0))
                .build();
    }

    private static UInt32Value count(long value) {
        return UInt32Value.of((int) value);
    }

    /** Round robin is what Envoy does by itself. */
    private static void balance(LoadBalancer balancer, Cluster.Builder cluster) {
        switch (balancer) {
            case LoadBalancer.RoundRobin(Optional<Duration> slowStart) ->
                slowStart.ifPresent(window -> cluster.setRoundRobinLbConfig(
                        Cluster.RoundRobinLbConfig.newBuilder().setSlowStartConfig(slowStart(window))));
            case LoadBalancer.LeastRequest(Optional<Duration> slowStart) -> {
                cluster.setLbPolicy(LbPolicy.LEAST_REQUEST);
                slowStart.ifPresent(window -> cluster.setLeastRequestLbConfig(
                        Cluster.LeastRequestLbConfig.newBuilder().setSlowStartConfig(slowStart(window))));
            }
            case LoadBalancer.Random() -> cluster.setLbPolicy(LbPolicy.RANDOM);
            case LoadBalancer.ConsistentHash hash -> {
                cluster.setLbPolicy(hash.maglev() ? LbPolicy.MAGLEV : LbPolicy.RING_HASH);
                hash.maxLoadPercent()
                        .ifPresent(percent -> cluster.setCommonLbConfig(CommonLbConfig.newBuilder()
                                .setConsistentHashingLbConfig(CommonLbConfig.ConsistentHashingLbConfig.newBuilder()
                                        .setHashBalanceFactor(UInt32Value.of(percent)))));
            }
        }
    }

    private static SlowStartConfig slowStart(Duration window) {
        return SlowStartConfig.newBuilder()
                .setSlowStartWindow(RouteActions.duration(window))
                .build();
    }

    private static io.envoyproxy.envoy.config.core.v3.TcpKeepalive keepalive(TcpKeepalive keepalive) {
        io.envoyproxy.envoy.config.core.v3.TcpKeepalive.Builder envoy =
                io.envoyproxy.envoy.config.core.v3.TcpKeepalive.newBuilder();
        keepalive.probes().ifPresent(probes -> envoy.setKeepaliveProbes(UInt32Value.of(probes)));
        keepalive.idleTime().ifPresent(time -> envoy.setKeepaliveTime(UInt32Value.of((int) time.toSeconds())));
        keepalive.interval().ifPresent(time -> envoy.setKeepaliveInterval(UInt32Value.of((int) time.toSeconds())));
        return envoy.build();
    }

    /** By which a backend's cluster asks for its endpoints; empty when it finds them itself. */
    static Optional<String> loadAssignmentName(Backend backend) {
        return switch (backend.endpoints()) {
            case Endpoints.Written _ -> Optional.of(backend.name());
            case Endpoints.OfService(Backend.ServiceRef service) -> Optional.of(LiveData.name(service));
            case Endpoints.OfName _ -> Optional.empty();
        };
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
