package dev.mpg.xds;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.Vhds;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Resources to test with. */
final class Configs {
    private static final ConfigSource ADS = ConfigSource.newBuilder()
            .setAds(AggregatedConfigSource.getDefaultInstance())
            .setResourceApiVersion(ApiVersion.V3)
            .build();

    private Configs() {}

    static Resource cluster(String name, int connectTimeoutMillis) {
        return cluster(name, "", connectTimeoutMillis);
    }

    /** @param endpoints the name by which it asks for these */
    static Resource cluster(String name, String endpoints, int connectTimeoutMillis) {
        return of(
                ResourceType.CLUSTER,
                name,
                Cluster.newBuilder()
                        .setName(name)
                        .setType(Cluster.DiscoveryType.EDS)
                        .setConnectTimeout(Durations.fromMillis(connectTimeoutMillis))
                        .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder()
                                .setEdsConfig(ADS)
                                .setServiceName(endpoints))
                        .build());
    }

    /** One that Envoy refuses, while it applies the others in the response. */
    static Resource badCluster(String name) {
        return of(
                ResourceType.CLUSTER,
                name,
                Cluster.newBuilder()
                        .setName(name)
                        .setType(Cluster.DiscoveryType.EDS)
                        .build());
    }

    static Resource endpoints(String cluster, int... ports) {
        LocalityLbEndpoints.Builder locality = LocalityLbEndpoints.newBuilder();
        locality.getLoadBalancingWeightBuilder().setValue(1);
        locality.getLocalityBuilder().setRegion("here");
        for (int port : ports) {
            locality.addLbEndpoints(
                    LbEndpoint.newBuilder().setEndpoint(Endpoint.newBuilder().setAddress(address(port))));
        }
        return of(
                ResourceType.ENDPOINT,
                cluster,
                ClusterLoadAssignment.newBuilder()
                        .setClusterName(cluster)
                        .addEndpoints(locality)
                        .build());
    }

    /** @param filters before the router */
    static Resource listener(String name, int port, String route, HttpFilter... filters) {
        HttpConnectionManager http = HttpConnectionManager.newBuilder()
                .setStatPrefix(name)
                .setRds(Rds.newBuilder().setConfigSource(ADS).setRouteConfigName(route))
                .addAllHttpFilters(List.of(filters))
                .addHttpFilters(
                        HttpFilter.newBuilder().setName("router").setTypedConfig(Any.pack(Router.getDefaultInstance())))
                .build();
        return of(
                ResourceType.LISTENER,
                name,
                Listener.newBuilder()
                        .setName(name)
                        .setAddress(address(port))
                        .addFilterChains(FilterChain.newBuilder()
                                .addFilters(Filter.newBuilder().setName("http").setTypedConfig(Any.pack(http))))
                        .build());
    }

    /** @param secret by which name it asks for its certificate */
    static Resource secureListener(String name, int port, String secret) {
        DownstreamTlsContext tls = DownstreamTlsContext.newBuilder()
                .setCommonTlsContext(CommonTlsContext.newBuilder()
                        .addTlsCertificateSdsSecretConfigs(
                                SdsSecretConfig.newBuilder().setName(secret).setSdsConfig(ADS)))
                .build();
        return of(
                ResourceType.LISTENER,
                name,
                Listener.newBuilder()
                        .setName(name)
                        .setAddress(address(port))
                        .addFilterChains(FilterChain.newBuilder()
                                .setTransportSocket(TransportSocket.newBuilder()
                                        .setName("tls")
                                        .setTypedConfig(Any.pack(tls))))
                        .build());
    }

    static Resource secret(String name, String content) {
        return of(
                ResourceType.SECRET,
                name,
                Secret.newBuilder()
                        .setName(name)
                        .setTlsCertificate(TlsCertificate.newBuilder()
                                .setPrivateKey(DataSource.newBuilder().setInlineString(content)))
                        .build());
    }

    /** One whose virtual hosts come as resources. */
    static Resource route(String name) {
        return route(name, "");
    }

    static Resource route(String name, String internalOnlyHeader) {
        RouteConfiguration.Builder route = RouteConfiguration.newBuilder()
                .setName(name)
                .setVhds(Vhds.newBuilder().setConfigSource(ADS));
        if (!internalOnlyHeader.isEmpty()) {
            route.addInternalOnlyHeaders(internalOnlyHeader);
        }
        return of(ResourceType.ROUTE, name, route.build());
    }

    static Resource host(String route, String domain, String cluster) {
        return host(route, domain, RouteMatch.newBuilder().setPrefix("/").build(), cluster);
    }

    /** One that Envoy refuses, without saying which it is. */
    static Resource badHost(String route, String domain) {
        RouteMatch match = RouteMatch.newBuilder()
                .setSafeRegex(RegexMatcher.newBuilder().setRegex("(unclosed"))
                .build();
        return host(route, domain, match, "a");
    }

    private static Resource host(String route, String domain, RouteMatch match, String cluster) {
        String name = route + "/" + domain;
        return of(
                ResourceType.VIRTUAL_HOST,
                name,
                VirtualHost.newBuilder()
                        .setName(name)
                        .addDomains(domain)
                        .addRoutes(Route.newBuilder()
                                .setMatch(match)
                                .setRoute(RouteAction.newBuilder().setCluster(cluster)))
                        .build());
    }

    private static Address address(int port) {
        return Address.newBuilder()
                .setSocketAddress(
                        SocketAddress.newBuilder().setAddress("127.0.0.1").setPortValue(port))
                .build();
    }

    static Resource of(ResourceType type, String name, Message message) {
        return Resource.of(type, name, message.toByteString());
    }

    static Snapshot snapshot(Resource... resources) {
        return Snapshot.of(List.of(resources));
    }

    /** The snapshot with these resources instead of or beside its own. */
    static Snapshot with(Snapshot snapshot, Resource... resources) {
        Collection<Resource> all = new ArrayList<>(List.of(resources));
        for (Resource own : snapshot.resources()) {
            if (Stream.of(resources)
                    .noneMatch(r -> r.type() == own.type() && r.name().equals(own.name()))) {
                all.add(own);
            }
        }
        return Snapshot.of(all);
    }

    static Snapshot without(Snapshot snapshot, ResourceType type, String name) {
        return Snapshot.of(snapshot.resources().stream()
                .filter(own -> own.type() != type || !own.name().equals(name))
                .toList());
    }

    static Assignment assignment(String clusterId, Snapshot target, String... members) {
        return new Assignment(clusterId, Optional.empty(), target, List.of(members), "");
    }
}
