package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import java.util.List;
import java.util.function.UnaryOperator;

/** A snapshot as the bootstrap of an Envoy without a control plane: what it refers to is put where it is referred to. */
final class StaticBootstrap {
    private StaticBootstrap() {}

    /** As JSON. {@code edit} may change the virtual hosts. */
    static String of(Snapshot snapshot, UnaryOperator<VirtualHost> edit) {
        Bootstrap.Builder bootstrap = Bootstrap.newBuilder();
        bootstrap.getAdminBuilder().setAddress(Clusters.address("127.0.0.1", 0));
        for (Cluster cluster : messages(snapshot, ResourceType.CLUSTER, Cluster.class)) {
            ClusterLoadAssignment endpoints = find(snapshot, cluster.getName());
            bootstrap
                    .getStaticResourcesBuilder()
                    .addClusters(cluster.toBuilder()
                            .clearEdsClusterConfig()
                            .setType(Cluster.DiscoveryType.STATIC)
                            .setLoadAssignment(endpoints));
        }
        for (Listener listener : messages(snapshot, ResourceType.LISTENER, Listener.class)) {
            bootstrap.getStaticResourcesBuilder().addListeners(withRoutes(listener, snapshot, edit));
        }
        return SnapshotYaml.json(bootstrap.build()).toString();
    }

    private static Listener withRoutes(Listener listener, Snapshot snapshot, UnaryOperator<VirtualHost> edit) {
        Listener.Builder edited = listener.toBuilder();
        Any.Builder any = edited.getFilterChainsBuilder(0).getFiltersBuilder(0).getTypedConfigBuilder();
        try {
            HttpConnectionManager connectionManager = any.build().unpack(HttpConnectionManager.class);
            List<RouteConfiguration> routes = messages(snapshot, ResourceType.ROUTE, RouteConfiguration.class);
            assertThat(routes)
                    .extracting(RouteConfiguration::getName)
                    .containsExactly(connectionManager.getRds().getRouteConfigName());
            RouteConfiguration.Builder inline = routes.getFirst().toBuilder().clearVhds();
            messages(snapshot, ResourceType.VIRTUAL_HOST, VirtualHost.class)
                    .forEach(host -> inline.addVirtualHosts(edit.apply(host)));
            any.setValue(
                    connectionManager.toBuilder().setRouteConfig(inline).build().toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
        edited.setAddress(Clusters.address("127.0.0.1", 0));
        return edited.build();
    }

    /** Of a cluster whose endpoints are live, none. */
    private static ClusterLoadAssignment find(Snapshot snapshot, String cluster) {
        return messages(snapshot, ResourceType.ENDPOINT, ClusterLoadAssignment.class).stream()
                .filter(endpoints -> endpoints.getClusterName().equals(cluster))
                .findFirst()
                .orElseGet(() -> Clusters.loadAssignment(cluster, List.of()));
    }

    private static <M extends Message> List<M> messages(Snapshot snapshot, ResourceType type, Class<M> messages) {
        return snapshot.resources(type).stream()
                .map(SnapshotYaml::message)
                .map(messages::cast)
                .toList();
    }
}
