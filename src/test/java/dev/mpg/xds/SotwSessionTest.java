package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.listener;
import static dev.mpg.xds.Configs.route;
import static dev.mpg.xds.Configs.snapshot;
import static dev.mpg.xds.Configs.with;
import static dev.mpg.xds.Configs.without;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.Dialog.Sotw;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SotwSessionTest {
    private static final Snapshot SHOP = snapshot(
            cluster("a", 100),
            cluster("b", 100),
            endpoints("a", 1),
            endpoints("b", 2),
            listener("http", 80, "main"),
            route("main"),
            host("main", "one", "a"),
            host("main", "two", "b"));

    private static Sotw shopper() {
        Sotw client = Dialog.sotw(SHOP);
        client.subscribe(CLUSTER);
        assertThat(client.sent()).containsExactly("Cluster +a +b");
        client.subscribe(ENDPOINT, "a", "b");
        assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +a +b");
        client.subscribe(LISTENER);
        assertThat(client.ackAll()).containsExactly("Listener +http");
        client.subscribe(ROUTE, "main");
        assertThat(client.ackAll()).containsExactly("RouteConfiguration +main");
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
        return client;
    }

    @Test
    void routesCarryTheirVirtualHosts() throws IOException {
        Sotw client = Dialog.sotw(SHOP);
        client.subscribe(ROUTE, "main");
        client.sent();
        Resource sent = client.open(ROUTE).change().upserted().getFirst();
        RouteConfiguration expected = RouteConfiguration.newBuilder()
                .setName("main")
                .addVirtualHosts(VirtualHost.parseFrom(
                        SHOP.resource(VIRTUAL_HOST, "main/one").orElseThrow().bytes()))
                .addVirtualHosts(VirtualHost.parseFrom(
                        SHOP.resource(VIRTUAL_HOST, "main/two").orElseThrow().bytes()))
                .build();
        assertThat(RouteConfiguration.parseFrom(sent.bytes())).isEqualTo(expected);
    }

    @Test
    void aChangedVirtualHostSendsItsRoute() {
        Sotw client = shopper();
        client.retarget(with(SHOP, host("main", "two", "a")));
        assertThat(client.ackAll()).containsExactly("RouteConfiguration +main");
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void theVersionIsThatOfWhatIsSent() {
        Sotw client = shopper();
        Map<String, String> before = versions(client);
        client.retarget(with(SHOP, endpoints("a", 9)));
        client.ackAll();
        Map<String, String> after = versions(client);
        assertThat(after.get("ClusterLoadAssignment")).isNotEqualTo(before.get("ClusterLoadAssignment"));
        after.remove("ClusterLoadAssignment");
        assertThat(before).containsAllEntriesOf(after);
    }

    private static Map<String, String> versions(Sotw client) {
        Map<String, String> versions = new HashMap<>();
        client.session.info().forEach(info -> versions.put(info.type(), info.acked()));
        return versions;
    }

    @Test
    void aReconnectWithTheSameVersionsIsSentNothing() {
        Map<String, String> versions = versions(shopper());
        Sotw client = Dialog.sotw(SHOP);
        client.resubscribe(CLUSTER, versions.getOrDefault("Cluster", ""));
        client.resubscribe(ENDPOINT, versions.getOrDefault("ClusterLoadAssignment", ""), "a", "b");
        client.resubscribe(LISTENER, versions.getOrDefault("Listener", ""));
        client.resubscribe(ROUTE, versions.getOrDefault("RouteConfiguration", ""), "main");
        assertThat(client.sent()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void aReconnectIsNotCurrentBeforeTheClustersAreAskedFor() {
        Map<String, String> versions = versions(shopper());
        Sotw client = Dialog.sotw(with(SHOP, host("main", "three", "a")));
        client.resubscribe(ENDPOINT, versions.getOrDefault("ClusterLoadAssignment", ""), "a", "b");
        client.resubscribe(LISTENER, versions.getOrDefault("Listener", ""));
        client.resubscribe(ROUTE, versions.getOrDefault("RouteConfiguration", ""), "main");
        assertThat(client.ackAll()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.PENDING);
        client.resubscribe(CLUSTER, versions.getOrDefault("Cluster", ""));
        assertThat(client.ackAll()).containsExactly("RouteConfiguration +main");
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void aReconnectWithAnotherVersionIsSentThatType() {
        Map<String, String> versions = versions(shopper());
        Sotw client = Dialog.sotw(with(SHOP, cluster("a", 200)));
        client.resubscribe(CLUSTER, versions.getOrDefault("Cluster", ""));
        client.resubscribe(ENDPOINT, versions.getOrDefault("ClusterLoadAssignment", ""), "a", "b");
        client.resubscribe(LISTENER, versions.getOrDefault("Listener", ""));
        assertThat(client.ackAll()).containsExactly("Cluster +a +b", "ClusterLoadAssignment +a +b");
    }

    @Test
    void clustersStayUntilNothingUsesThem() {
        Sotw client = shopper();
        Snapshot next = without(without(SHOP, CLUSTER, "b"), ENDPOINT, "b");
        client.retarget(with(next, cluster("c", 100), endpoints("c", 3), host("main", "two", "c")));
        assertThat(client.sent()).containsExactly("Cluster +a +b +c");
        client.ack(CLUSTER);
        assertThat(client.sent()).containsExactly("RouteConfiguration +main");
        client.subscribe(ENDPOINT, "a", "b", "c");
        assertThat(client.sent()).containsExactly("ClusterLoadAssignment +a +c");
        client.ack(ROUTE);
        assertThat(client.sent()).isEmpty();
        client.ack(ENDPOINT);
        assertThat(client.sent()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
        client.pass();
        assertThat(client.sent()).containsExactly("Cluster +a +c");
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void clustersThatLingerAreRemovedAlsoWhenAnotherTargetComesMeanwhile() {
        Sotw client = shopper();
        Snapshot moved = with(without(without(SHOP, CLUSTER, "b"), ENDPOINT, "b"), host("main", "two", "a"));
        client.retarget(moved);
        assertThat(client.sent()).containsExactly("RouteConfiguration +main");
        client.ack(ROUTE);
        assertThat(client.sent()).isEmpty();
        client.retarget(with(moved, host("main", "three", "a")));
        assertThat(client.sent()).containsExactly("RouteConfiguration +main");
        client.pass();
        client.ack(ROUTE);
        assertThat(client.sent()).isEmpty();
        client.pass();
        assertThat(client.sent()).containsExactly("Cluster +a");
    }

    @Test
    void aChangedClusterBringsEndpoints() {
        Sotw client = shopper();
        client.retarget(with(SHOP, cluster("a", 200)));
        assertThat(client.ackAll()).containsExactly("Cluster +a +b", "ClusterLoadAssignment +a +b");
    }

    @Test
    void aRequestThatCrossedAResponseIsIgnored() {
        Sotw client = shopper();
        client.retarget(with(SHOP, endpoints("a", 9)));
        assertThat(client.sent()).containsExactly("ClusterLoadAssignment +a +b");
        client.subscribe(ENDPOINT, "a");
        assertThat(client.report().state()).isEqualTo(State.PENDING);
        assertThat(client.sent()).isEmpty();
        client.ack(ENDPOINT);
        assertThat(client.sent()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void fewerNamesSendNothing() {
        Sotw client = shopper();
        client.subscribe(ENDPOINT, "a");
        assertThat(client.sent()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
        client.subscribe(ENDPOINT, "a", "b");
        assertThat(client.sent()).containsExactly("ClusterLoadAssignment +a +b");
    }

    @Test
    void aRefusalIsReportedAndNotSentAgainUntilTheNextTarget() {
        Sotw client = shopper();
        Snapshot bad = with(SHOP, cluster("a", 200), host("main", "two", "a"));
        client.retarget(bad);
        client.sent();
        client.ack(ENDPOINT);
        client.nack(CLUSTER, "no");
        assertThat(client.sent()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.REJECTED);
        client.retarget(SHOP);
        assertThat(client.ackAll()).containsExactly("Cluster +a +b", "ClusterLoadAssignment +a +b");
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void aRefusalIsRememberedWhenTheGatewayComesBack() {
        Sotw client = shopper();
        Map<String, String> versions = versions(client);
        client.retarget(with(SHOP, host("main", "two", "bad")));
        client.sent();
        client.nack(ROUTE, "no");
        Sotw back = Dialog.sotw(SHOP);
        back.session.doubt(client.session.doubts());
        back.resubscribe(LISTENER, versions.getOrDefault("Listener", ""));
        back.resubscribe(ROUTE, versions.getOrDefault("RouteConfiguration", ""), "main");
        assertThat(back.ackAll()).containsExactly("RouteConfiguration +main");
        assertThat(back.session.doubts().isEmpty()).isTrue();
    }

    @Test
    void aClientThatWaitsIsAnsweredNevertheless() {
        Sotw client = Dialog.sotw(SHOP);
        client.subscribe(CLUSTER);
        client.sent();
        client.nack(CLUSTER, "no");
        client.subscribe(LISTENER);
        client.subscribe(ROUTE, "main");
        assertThat(client.ackAll()).containsExactly("Listener", "RouteConfiguration +main");
        client.retarget(with(SHOP, cluster("a", 200)));
        assertThat(client.ackAll()).containsExactly("Cluster +a +b", "Listener +http");
    }

    @Test
    void typesThatAreNotServedAreAnsweredEmpty() {
        Sotw client = Dialog.sotw(Snapshot.EMPTY);
        client.subscribe(CLUSTER);
        client.subscribe(LISTENER);
        client.session.receive(DiscoveryRequest.newBuilder()
                .setTypeUrl("type.googleapis.com/x.Secret")
                .addResourceNames("cert")
                .build());
        assertThat(client.ackAll()).containsExactlyInAnyOrder("Cluster", "Listener", "Secret");
    }

    @Test
    void aListenerAskedForByNameIsAnApiListener() throws IOException {
        Sotw client = Dialog.sotw(SHOP);
        client.subscribe(LISTENER, "shop.example.com");
        assertThat(client.sent()).containsExactly("Listener +shop.example.com");
        Listener listener = Listener.parseFrom(
                client.open(LISTENER).change().upserted().getFirst().bytes());
        assertThat(listener.getName()).isEqualTo("shop.example.com");
        assertThat(listener.hasAddress()).isFalse();
        assertThat(listener.getApiListener()
                        .getApiListener()
                        .unpack(HttpConnectionManager.class)
                        .getRds()
                        .getRouteConfigName())
                .isEqualTo("main");
    }

    @Test
    void aListenersOwnNameMeansThatListener() throws IOException {
        Sotw client = Dialog.sotw(with(SHOP, listener("admin", 90, "second")));
        client.subscribe(LISTENER, "http");
        client.sent();
        Listener listener = Listener.parseFrom(
                client.open(LISTENER).change().upserted().getFirst().bytes());
        assertThat(listener.getApiListener()
                        .getApiListener()
                        .unpack(HttpConnectionManager.class)
                        .getStatPrefix())
                .isEqualTo("http");
    }

    @Test
    void withoutAnHttpListenerThereIsNoApiListener() {
        Sotw client = Dialog.sotw(without(SHOP, LISTENER, "http"));
        client.subscribe(LISTENER, "shop.example.com");
        assertThat(client.ackAll()).containsExactly("Listener");
    }
}
