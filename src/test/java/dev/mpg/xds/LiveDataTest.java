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
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.Dialog.Delta;
import dev.mpg.xds.Dialog.Sotw;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Live data goes at once, whatever becomes of configs, and is no part of what a gateway is said to run. */
class LiveDataTest {
    private static final String SERVICE = "edge/cart:80";
    private static final Snapshot SHOP = snapshot(
            cluster("cart", SERVICE, 100),
            cluster("fixed", 100),
            endpoints("fixed", 1),
            listener("http", 80, "main"),
            route("main"),
            host("main", "one", "cart"));
    private static final Snapshot LIVE = snapshot(endpoints(SERVICE, 2), endpoints("edge/other:80", 1));
    private static final Snapshot MOVED = with(LIVE, endpoints(SERVICE, 3));
    private static final Snapshot MOVED_AGAIN = with(LIVE, endpoints(SERVICE, 4));
    private static final Snapshot NEXT = with(SHOP, listener("http", 81, "main"));

    private static Delta shopper() {
        Delta client = new Delta();
        client.retarget(SHOP, LIVE);
        client.subscribe(CLUSTER);
        client.ackAll();
        client.subscribe(ENDPOINT, "fixed", SERVICE);
        assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +" + SERVICE + " +fixed");
        client.subscribe(LISTENER);
        client.ackAll();
        client.subscribe(ROUTE, "main");
        client.ackAll();
        client.subscribe(VIRTUAL_HOST);
        client.ackAll();
        assertThat(client.report()).isEqualTo(runs(SHOP));
        return client;
    }

    private static GatewayReport runs(Snapshot config, Refusal... refusals) {
        return new GatewayReport("gateway-0", State.CURRENT, config.version(), List.of(refusals));
    }

    private static Refusal refusal(String message) {
        return new Refusal(ENDPOINT.typeUrl(), message, List.of(SERVICE));
    }

    @Test
    void onlyTheEndpointsThatChangedGoAndTheVersionRunsOn() {
        Delta client = shopper();
        client.retarget(SHOP, MOVED);
        assertThat(client.sent()).containsExactly("ClusterLoadAssignment +" + SERVICE);
        assertThat(client.report()).as("unanswered").isEqualTo(runs(SHOP));
        client.ack(ENDPOINT);
        assertThat(client.sent()).isEmpty();
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @Test
    void whatNoClusterRefersToIsNotSent() {
        Delta client = shopper();
        client.retarget(SHOP, with(LIVE, endpoints("edge/other:80", 9)));
        assertThat(client.sent()).isEmpty();
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @Test
    void aConfigWithTheSameLiveDataSendsNoEndpoints() {
        Delta client = shopper();
        client.retarget(NEXT, LIVE);
        assertThat(client.ackAll()).containsExactly("Listener +http");
        assertThat(client.report()).isEqualTo(runs(NEXT));
    }

    @Test
    void aConfigDoesNotWaitForNewerLiveDataToBeAnswered() {
        Delta client = shopper();
        client.retarget(NEXT, LIVE);
        client.sent();
        client.retarget(NEXT, MOVED);
        assertThat(client.sent()).containsExactly("ClusterLoadAssignment +" + SERVICE);
        client.ack(LISTENER);
        assertThat(client.report()).isEqualTo(runs(NEXT));

        client.retarget(with(NEXT, route("main", "x-internal")), MOVED);
        assertThat(client.sent()).as("it may belong to the new config").isEmpty();
        client.ack(ENDPOINT);
        assertThat(client.ackAll()).contains("RouteConfiguration +main");
    }

    @Test
    void aNewClustersEndpointsAreWaitedFor() {
        Delta client = shopper();
        Snapshot more = with(NEXT, cluster("other", "edge/other:80", 100));
        client.retarget(more, LIVE);
        assertThat(client.sent()).containsExactly("Cluster +other");
        client.subscribe(ENDPOINT, "edge/other:80");
        client.ack(CLUSTER);
        assertThat(client.sent()).containsExactly("ClusterLoadAssignment +edge/other:80");
        assertThat(client.report().state()).isEqualTo(State.PENDING);
        client.ack(ENDPOINT);
        assertThat(client.ackAll()).containsExactly("Listener +http");
        assertThat(client.report()).isEqualTo(runs(more));
    }

    @Test
    void aConfigsRefusalCountsThoughLiveDataHasChangedSince() {
        Delta client = shopper();
        client.retarget(NEXT, LIVE);
        client.sent();
        client.retarget(NEXT, MOVED);
        client.sent();
        client.nack(LISTENER, "port in use");
        assertThat(client.report().state()).isEqualTo(State.REJECTED);
        assertThat(client.report().version()).isEqualTo(NEXT.version());
        client.ack(ENDPOINT);
        client.retarget(NEXT, MOVED_AGAIN);
        assertThat(client.ackAll())
                .as("the listener isn't tried again")
                .containsExactly("ClusterLoadAssignment +" + SERVICE);
        assertThat(client.report().state()).isEqualTo(State.REJECTED);
    }

    @Test
    void aReconnectWithTheSameIsSentNothing() {
        Snapshot all = new Content(SHOP).with(MOVED).snapshot();
        Delta client = new Delta();
        client.retarget(SHOP, MOVED);
        client.resubscribe(CLUSTER, all);
        client.ackAll();
        client.resubscribe(ENDPOINT, all, "fixed", SERVICE);
        client.resubscribe(LISTENER, all);
        client.resubscribe(ROUTE, all, "main");
        client.resubscribe(VIRTUAL_HOST, all);
        assertThat(client.sent()).isEmpty();
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @Test
    void aReconnectWithOlderLiveDataIsSentJustThat() {
        Snapshot older = new Content(SHOP).with(LIVE).snapshot();
        Delta client = new Delta();
        client.retarget(SHOP, MOVED);
        client.resubscribe(CLUSTER, older);
        client.ackAll();
        client.resubscribe(ENDPOINT, older, "fixed", SERVICE);
        client.resubscribe(LISTENER, older);
        client.resubscribe(ROUTE, older, "main");
        client.resubscribe(VIRTUAL_HOST, older);
        assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +" + SERVICE);
    }

    @Nested
    class WhenItIsRefused {
        private final Delta client = shopper();

        WhenItIsRefused() {
            client.retarget(SHOP, MOVED);
            client.sent();
            client.nack(ENDPOINT, "no such address");
        }

        @Test
        void theVersionRunsOnAndTheRefusalIsTold() {
            assertThat(client.report()).isEqualTo(runs(SHOP, refusal("no such address")));
            assertThat(client.sent()).as("not again").isEmpty();
        }

        @Test
        void anotherConfigIsNotHeldUp() {
            client.retarget(NEXT, MOVED);
            assertThat(client.ackAll()).contains("Listener +http");
            assertThat(client.report().version()).isEqualTo(NEXT.version());
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void theNextLiveDataIsTriedAndEndsIt() {
            client.retarget(SHOP, MOVED_AGAIN);
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +" + SERVICE);
            assertThat(client.report()).isEqualTo(runs(SHOP, refusal("no such address")));
            client.ack(ENDPOINT);
            assertThat(client.report()).isEqualTo(runs(SHOP));
        }

        @Test
        void itIsTriedAgainInAResponseOfItsOwnSoThatNoVersionIsBlamed() {
            Snapshot next = with(SHOP, endpoints("fixed", 9));
            client.retarget(next, MOVED);
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +fixed");
            client.ack(ENDPOINT);
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +" + SERVICE);
            assertThat(client.report()).isEqualTo(runs(next, refusal("no such address")));
            client.nack(ENDPOINT, "no such address");
            assertThat(client.report()).isEqualTo(runs(next, refusal("no such address")));
            assertThat(client.sent()).isEmpty();
        }

        @Test
        void aChangedClusterDoesNotBringItAlong() {
            Snapshot next = with(SHOP, cluster("cart", SERVICE, 200));
            client.retarget(next, MOVED);
            assertThat(client.sent()).containsExactly("Cluster +cart", "ClusterLoadAssignment +" + SERVICE);
            client.ack(CLUSTER);
            client.nack(ENDPOINT, "no such address");
            assertThat(client.sent()).isEmpty();
            assertThat(client.report()).isEqualTo(runs(next, refusal("no such address")));
        }

        @Test
        void itIsNotForgottenBecauseOtherEndpointsAreAccepted() {
            client.unsubscribe(ENDPOINT, "fixed");
            client.subscribe(ENDPOINT, "fixed");
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +fixed");
            assertThat(client.report()).isEqualTo(runs(SHOP, refusal("no such address")));
        }

        @Test
        void theNextLiveDataDoesNotMakeTheVersionPendingWhileNothingCanBeSent() {
            client.retarget(SHOP, MOVED_AGAIN);
            client.session.settle();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +" + SERVICE);
            assertThat(client.report()).isEqualTo(runs(SHOP));
        }

        @Test
        void nobodySpeaksOfItWhenNothingRefersToItAnyMore() {
            Snapshot without = snapshot(
                    cluster("fixed", 100),
                    endpoints("fixed", 1),
                    listener("http", 80, "main"),
                    route("main"),
                    host("main", "one", "fixed"));
            client.retarget(without, MOVED);
            client.ackAll();
            assertThat(client.report()).isEqualTo(runs(without));
        }

        @Test
        void whatItHadIsSentOnceMoreSinceItMayHaveLostIt() {
            client.retarget(SHOP, LIVE);
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +" + SERVICE);
            assertThat(client.report()).isEqualTo(runs(SHOP));
        }
    }

    @Nested
    class InTheStateOfTheWorld {
        private static final Snapshot CART = snapshot(
                cluster("cart", SERVICE, 100),
                listener("http", 80, "main"),
                route("main"),
                host("main", "one", "cart"));

        private final Sotw client = new Sotw();

        InTheStateOfTheWorld() {
            client.retarget(CART, LIVE);
            client.subscribe(CLUSTER);
            client.ackAll();
            client.subscribe(ENDPOINT, SERVICE);
            client.ackAll();
            client.subscribe(LISTENER);
            client.ackAll();
            client.subscribe(ROUTE, "main");
            client.ackAll();
            assertThat(client.report()).isEqualTo(runs(CART));
        }

        @Test
        void onlyEndpointsGoAndTheVersionRunsOn() {
            client.retarget(CART, MOVED);
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +" + SERVICE);
            assertThat(client.report()).isEqualTo(runs(CART));
            client.ack(ENDPOINT);
            assertThat(client.sent()).isEmpty();
            assertThat(client.report()).isEqualTo(runs(CART));
        }

        @Test
        void aRefusalIsToldAndHoldsUpNothing() {
            client.retarget(CART, MOVED);
            client.sent();
            client.nack(ENDPOINT, "no such address");
            assertThat(client.sent()).isEmpty();
            assertThat(client.report()).isEqualTo(runs(CART, refusal("no such address")));
            Snapshot next = with(CART, listener("http", 81, "main"));
            client.retarget(next, MOVED);
            assertThat(client.ackAll()).containsExactly("Listener +http");
            client.retarget(next, MOVED_AGAIN);
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +" + SERVICE);
            assertThat(client.report()).isEqualTo(runs(next));
        }

        @Test
        void aRefusalIsNoFaultOfTheVersionBesideEndpointsThatAreWritten() {
            Sotw both = new Sotw();
            both.retarget(SHOP, LIVE);
            both.subscribe(CLUSTER);
            both.ackAll();
            both.subscribe(ENDPOINT, "fixed", SERVICE);
            both.ackAll();
            both.subscribe(LISTENER);
            both.ackAll();
            both.subscribe(ROUTE, "main");
            both.ackAll();
            both.retarget(SHOP, MOVED);
            both.sent();
            both.nack(ENDPOINT, "no such address");
            assertThat(both.report()).isEqualTo(runs(SHOP, refusal("no such address")));
            both.retarget(SHOP, MOVED_AGAIN);
            assertThat(both.ackAll()).containsExactly("ClusterLoadAssignment +" + SERVICE + " +fixed");
            assertThat(both.report()).isEqualTo(runs(SHOP));
        }
    }
}
