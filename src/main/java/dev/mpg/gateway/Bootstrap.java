package dev.mpg.gateway;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import com.google.protobuf.util.Durations;
import dev.mpg.compile.RequestLogs;
import dev.mpg.compile.RequestTraces;
import io.envoyproxy.envoy.config.bootstrap.v3.Admin;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap.DynamicResources;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap.StaticResources;
import io.envoyproxy.envoy.config.bootstrap.v3.ClusterManager;
import io.envoyproxy.envoy.config.bootstrap.v3.LayeredRuntime;
import io.envoyproxy.envoy.config.bootstrap.v3.RuntimeLayer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.BackoffStrategy;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.KeepaliveSettings;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.PathConfigSource;
import io.envoyproxy.envoy.config.core.v3.RetryPolicy;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TcpKeepalive;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.overload.v3.OverloadManager;
import io.envoyproxy.envoy.config.overload.v3.ResourceMonitor;
import io.envoyproxy.envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig;
import java.util.Optional;

/**
 * What an Envoy needs to know to become a gateway: who it is, and whom to ask for everything else. For Envoy 1.40; the
 * fields are those of {@code envoy.config.bootstrap.v3.Bootstrap}.
 *
 * @param nodeId {@code node.id}, the gateway's name
 * @param clusterId {@code node.cluster}, the cluster id of its Proxy
 * @param bindAddress the IP address that its listeners bind to, whatever their config says; empty: as it says
 * @param admin where its admin interface listens. It has no authentication: a loopback address
 * @param xdsServers the proxy instances to get config from
 * @param collector an OpenTelemetry collector that takes its spans over OTLP/gRPC, without TLS; empty: they stay unsent
 */
public record Bootstrap(
        String nodeId,
        String clusterId,
        Optional<String> bindAddress,
        HostPort admin,
        XdsServers xdsServers,
        Optional<HostPort> collector) {

    /** The node metadata's key of {@link #bindAddress}. */
    public static final String BIND_ADDRESS = "mpg.dev/bind-address";

    private static final String HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    private static final Duration CONNECT_TIMEOUT = Durations.fromSeconds(1);

    /** Together with the ping's timeout, the longest that a silent instance goes unnoticed: 8 s. */
    private static final Duration PING_INTERVAL = Durations.fromSeconds(5);

    private static final Duration PING_TIMEOUT = Durations.fromSeconds(3);

    /**
     * Envoy's default first wait is 0.5 s and the longest 30 s, and nothing but a response resets it; with these a
     * gateway that loses its instance is at the next one within milliseconds.
     */
    private static final Duration RETRY_BASE = Durations.fromMillis(50);

    private static final Duration RETRY_MAX = Durations.fromMillis(500);

    /**
     * A gateway without any limit is warned about; running out of file descriptors would be worse than refusing.
     * https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/best_practices/edge
     */
    private static final long MAX_DOWNSTREAM_CONNECTIONS = 50_000;

    /** Of a gateway that exports no spans. */
    public Bootstrap(
            String nodeId, String clusterId, Optional<String> bindAddress, HostPort admin, XdsServers xdsServers) {
        this(nodeId, clusterId, bindAddress, admin, xdsServers, Optional.empty());
    }

    /** As Envoy's own message. */
    public io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap toProto() {
        return io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap.newBuilder()
                .setNode(node())
                .setAdmin(Admin.newBuilder().setAddress(address(admin)))
                .setDynamicResources(DynamicResources.newBuilder()
                        .setLdsConfig(ads())
                        .setCdsConfig(ads())
                        .setAdsConfig(xdsStream()))
                .setStaticResources(staticResources())
                .setClusterManager(ClusterManager.newBuilder().setLoadStatsConfig(loadReports()))
                .setOverloadManager(overloadManager())
                .setLayeredRuntime(LayeredRuntime.newBuilder()
                        .addLayers(RuntimeLayer.newBuilder()
                                .setName("admin")
                                .setAdminLayer(RuntimeLayer.AdminLayer.getDefaultInstance())))
                .build();
    }

    /** As JSON, which Envoy takes as {@code -c FILE} when the file's name ends with {@code .json}. */
    public String toJson() {
        return BootstrapJson.print(toProto());
    }

    private Node node() {
        Node.Builder node = Node.newBuilder().setId(nodeId).setCluster(clusterId);
        bindAddress.ifPresent(address -> node.setMetadata(Struct.newBuilder()
                .putFields(
                        BIND_ADDRESS, Value.newBuilder().setStringValue(address).build())));
        return node.build();
    }

    private static ConfigSource ads() {
        return ConfigSource.newBuilder()
                .setAds(AggregatedConfigSource.getDefaultInstance())
                .setResourceApiVersion(ApiVersion.V3)
                .build();
    }

    private static ApiConfigSource xdsStream() {
        BackoffStrategy backoff = BackoffStrategy.newBuilder()
                .setBaseInterval(RETRY_BASE)
                .setMaxInterval(RETRY_MAX)
                .build();
        return ApiConfigSource.newBuilder()
                .setApiType(ApiConfigSource.ApiType.DELTA_GRPC)
                .setTransportApiVersion(ApiVersion.V3)
                .setSetNodeOnFirstMessageOnly(true)
                .addGrpcServices(GrpcService.newBuilder()
                        .setEnvoyGrpc(GrpcService.EnvoyGrpc.newBuilder()
                                .setClusterName(RequestLogs.PROXY_CLUSTER)
                                .setRetryPolicy(RetryPolicy.newBuilder().setRetryBackOff(backoff))))
                .build();
    }

    /**
     * Where it reports its load: to the instance that it has its config from. Envoy opens a lost stream again after 5 s,
     * whatever is configured, and what it counted meanwhile is in its first report then. The node is in every report.
     */
    private static ApiConfigSource loadReports() {
        return ApiConfigSource.newBuilder()
                .setApiType(ApiConfigSource.ApiType.GRPC)
                .setTransportApiVersion(ApiVersion.V3)
                .addGrpcServices(GrpcService.newBuilder()
                        .setEnvoyGrpc(GrpcService.EnvoyGrpc.newBuilder().setClusterName(RequestLogs.PROXY_CLUSTER)))
                .build();
    }

    private StaticResources staticResources() {
        StaticResources.Builder resources = StaticResources.newBuilder().addClusters(xdsCluster());
        collector.map(Bootstrap::collectorCluster).ifPresent(resources::addClusters);
        return resources.build();
    }

    /** Its name is what the compiled listeners export to; nothing else in a config depends on where a collector is. */
    private static Cluster collectorCluster(HostPort collector) {
        return Cluster.newBuilder()
                .setName(RequestTraces.COLLECTOR_CLUSTER)
                .setConnectTimeout(CONNECT_TIMEOUT)
                .setType(collector.isIpAddress() ? Cluster.DiscoveryType.STATIC : Cluster.DiscoveryType.STRICT_DNS)
                .putTypedExtensionProtocolOptions(
                        HTTP_PROTOCOL_OPTIONS, Any.pack(http2(Http2ProtocolOptions.getDefaultInstance())))
                .setLoadAssignment(ClusterLoadAssignment.newBuilder()
                        .setClusterName(RequestTraces.COLLECTOR_CLUSTER)
                        .addEndpoints(LocalityLbEndpoints.newBuilder()
                                .addLbEndpoints(LbEndpoint.newBuilder()
                                        .setEndpoint(Endpoint.newBuilder().setAddress(address(collector))))))
                .build();
    }

    private Cluster xdsCluster() {
        Cluster.Builder cluster = Cluster.newBuilder()
                .setName(RequestLogs.PROXY_CLUSTER)
                .setConnectTimeout(CONNECT_TIMEOUT)
                .putTypedExtensionProtocolOptions(HTTP_PROTOCOL_OPTIONS, Any.pack(http2(pinging())))
                .setUpstreamConnectionOptions(UpstreamConnectionOptions.newBuilder()
                        .setTcpKeepalive(TcpKeepalive.newBuilder()
                                .setKeepaliveProbes(UInt32Value.of(3))
                                .setKeepaliveTime(UInt32Value.of(10))
                                .setKeepaliveInterval(UInt32Value.of(5))))
                .setOutlierDetection(unreachable());
        switch (xdsServers) {
            case XdsServers.Fixed(var addresses) ->
                cluster.setType(
                                addresses.stream().allMatch(HostPort::isIpAddress)
                                        ? Cluster.DiscoveryType.STATIC
                                        : Cluster.DiscoveryType.STRICT_DNS)
                        .setLoadAssignment(XdsServers.loadAssignment(addresses));
            case XdsServers.InFile(var path) ->
                cluster.setType(Cluster.DiscoveryType.EDS)
                        .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder()
                                .setEdsConfig(ConfigSource.newBuilder()
                                        .setPathConfigSource(
                                                PathConfigSource.newBuilder().setPath(path.toString()))
                                        .setResourceApiVersion(ApiVersion.V3)));
        }
        return cluster.build();
    }

    private static Http2ProtocolOptions pinging() {
        return Http2ProtocolOptions.newBuilder()
                .setConnectionKeepalive(KeepaliveSettings.newBuilder()
                        .setInterval(PING_INTERVAL)
                        .setTimeout(PING_TIMEOUT))
                .build();
    }

    private static HttpProtocolOptions http2(Http2ProtocolOptions options) {
        return HttpProtocolOptions.newBuilder()
                .setExplicitHttpConfig(ExplicitHttpConfig.newBuilder().setHttp2ProtocolOptions(options))
                .build();
    }

    /**
     * Without it every address counts as healthy, and a gateway keeps trying the first one though nobody listens there.
     * Only failures to reach an instance count, not the errors with which one ends a stream in order: an instance that
     * sends its gateways away is not at fault. One failure suffices: the next connection that is accepted sets the count
     * back, also when nothing answers on it, so that a hung instance never reaches two.
     */
    private static OutlierDetection unreachable() {
        UInt32Value never = UInt32Value.of(0);
        return OutlierDetection.newBuilder()
                .setSplitExternalLocalOriginErrors(true)
                .setConsecutiveLocalOriginFailure(UInt32Value.of(1))
                .setEnforcingConsecutiveLocalOriginFailure(UInt32Value.of(100))
                .setEnforcingLocalOriginSuccessRate(never)
                .setEnforcingConsecutive5Xx(never)
                .setEnforcingConsecutiveGatewayFailure(never)
                .setEnforcingSuccessRate(never)
                .setInterval(Durations.fromSeconds(1))
                .setBaseEjectionTime(Durations.fromSeconds(2))
                .setMaxEjectionTime(Durations.fromSeconds(10))
                .setMaxEjectionPercent(UInt32Value.of(100))
                .build();
    }

    private static OverloadManager overloadManager() {
        return OverloadManager.newBuilder()
                .addResourceMonitors(ResourceMonitor.newBuilder()
                        .setName("envoy.resource_monitors.global_downstream_max_connections")
                        .setTypedConfig(Any.pack(DownstreamConnectionsConfig.newBuilder()
                                .setMaxActiveDownstreamConnections(MAX_DOWNSTREAM_CONNECTIONS)
                                .build())))
                .build();
    }

    private static Address address(HostPort address) {
        return Address.newBuilder()
                .setSocketAddress(
                        SocketAddress.newBuilder().setAddress(address.host()).setPortValue(address.port()))
                .build();
    }
}
