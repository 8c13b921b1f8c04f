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
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.Dialog.Delta;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class DeltaSessionTest {
    private static final Snapshot SHOP = snapshot(
            cluster("a", 100),
            cluster("b", 100),
            endpoints("a", 1),
            endpoints("b", 2),
            listener("http", 80, "main"),
            route("main"),
            host("main", "one", "a"),
            host("main", "two", "b"));

    /** A client that has what {@link #SHOP} says, as Envoy asks for it. */
    private static Delta shopper() {
        Delta client = Dialog.delta(SHOP);
        client.subscribe(CLUSTER);
        client.ackAll();
        client.subscribe(ENDPOINT, "a", "b");
        client.ackAll();
        client.subscribe(LISTENER);
        client.ackAll();
        client.subscribe(ROUTE, "main");
        client.ackAll();
        client.subscribe(VIRTUAL_HOST);
        client.ackAll();
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
        return client;
    }

    @Nested
    class OnAFirstConnect {
        @Test
        void eachTypeIsAnsweredWhenItIsAskedFor() {
            Delta client = Dialog.delta(SHOP);
            client.subscribe(CLUSTER);
            assertThat(client.sent()).containsExactly("Cluster +a +b");
            client.subscribe(ENDPOINT, "a", "b");
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +a +b");
            client.ack(CLUSTER);
            client.ack(ENDPOINT);
            assertThat(client.report().state()).isEqualTo(State.PENDING);
            client.subscribe(LISTENER);
            assertThat(client.ackAll()).containsExactly("Listener +http");
            client.subscribe(ROUTE, "main");
            assertThat(client.sent()).containsExactly("RouteConfiguration +main");
            client.subscribe(VIRTUAL_HOST);
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/one +main/two");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            assertThat(client.report().version()).isEqualTo(SHOP.version());
        }

        @Test
        void listenersWaitForClustersAndEndpoints() {
            Delta client = Dialog.delta(SHOP);
            client.subscribe(CLUSTER);
            client.subscribe(ENDPOINT, "a", "b");
            client.subscribe(LISTENER);
            assertThat(client.sent()).containsExactly("Cluster +a +b", "ClusterLoadAssignment +a +b");
            client.ack(CLUSTER);
            assertThat(client.sent()).isEmpty();
            client.ack(ENDPOINT);
            assertThat(client.sent()).containsExactly("Listener +http");
        }

        @Test
        void typesWithoutResourcesAreAnsweredEmpty() {
            Delta client = Dialog.delta(Snapshot.EMPTY);
            client.subscribe(CLUSTER);
            assertThat(client.ackAll()).containsExactly("Cluster");
            client.subscribe(LISTENER);
            assertThat(client.ackAll()).containsExactly("Listener");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void aNameThatDoesNotExistIsAnsweredByItsRemoval() {
            Delta client = Dialog.delta(SHOP);
            client.subscribe(ENDPOINT, "a", "z");
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +a -z");
        }

        @Test
        void aTypeThatIsNotOursIsAnsweredOnce() {
            Delta client = Dialog.delta(SHOP);
            DeltaDiscoveryRequest request = DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl("type.googleapis.com/x.Secret")
                    .addResourceNamesSubscribe("cert")
                    .build();
            client.session.receive(request);
            client.session.receive(request);
            assertThat(client.ackAll()).containsExactly("Secret -cert");
        }

        @Test
        void aStarMeansAllOfAnyType() {
            Delta client = Dialog.delta(SHOP);
            client.subscribe(ENDPOINT, "*");
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +a +b");
            client.unsubscribe(ENDPOINT, "*");
            client.retarget(with(SHOP, endpoints("a", 9)));
            assertThat(client.ackAll()).isEmpty();
        }

        @Test
        void aStarAfterNamesBringsTheOthers() {
            Delta client = Dialog.delta(SHOP);
            client.subscribe(CLUSTER, "a");
            assertThat(client.ackAll()).containsExactly("Cluster +a");
            client.subscribe(CLUSTER, "*");
            assertThat(client.ackAll()).containsExactly("Cluster +b");
        }
    }

    @Nested
    class OnAChange {
        @Test
        void onlyTheVirtualHostThatChangedIsSent() {
            Delta client = shopper();
            client.retarget(with(SHOP, host("main", "two", "a")));
            assertThat(client.report().state()).isEqualTo(State.PENDING);
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/two");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void theSameVersionSendsNothing() {
            Delta client = shopper();
            client.retarget(Snapshot.of(SHOP.resources()));
            assertThat(client.sent()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void whatTheClientDoesNotSubscribeToMakesItCurrentAtOnce() {
            Delta client = shopper();
            Snapshot next = with(SHOP, endpoints("unused", 7), host("other", "x", "a"));
            client.retarget(next);
            client.session.settle();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            assertThat(client.report().version()).isEqualTo(next.version());
            assertThat(client.sent()).isEmpty();
        }

        @Test
        void endpointsAloneGoAlone() {
            Delta client = shopper();
            client.retarget(with(SHOP, endpoints("a", 9)));
            assertThat(client.ackAll()).containsExactly("ClusterLoadAssignment +a");
        }

        @Test
        void aChangedClusterBringsItsEndpoints() {
            Delta client = shopper();
            client.retarget(with(SHOP, cluster("a", 200)));
            assertThat(client.sent()).containsExactly("Cluster +a", "ClusterLoadAssignment +a");
        }

        @Test
        void aNewClusterIsAnsweredItsEndpointsWhenItAsks() {
            Delta client = shopper();
            client.retarget(with(SHOP, cluster("c", 100), endpoints("c", 3)));
            assertThat(client.sent()).containsExactly("Cluster +c");
            client.subscribe(ENDPOINT, "c");
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +c");
        }

        @Test
        void makesBeforeItBreaks() {
            Delta client = shopper();
            Snapshot moved = without(without(SHOP, CLUSTER, "b"), ENDPOINT, "b");
            moved = with(moved, cluster("c", 100), endpoints("c", 3), host("main", "two", "c"));
            client.retarget(moved);
            assertThat(client.sent()).containsExactly("Cluster +c");
            client.subscribe(ENDPOINT, "c");
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +c");
            client.ack(CLUSTER);
            assertThat(client.sent()).isEmpty();
            client.ack(ENDPOINT);
            assertThat(client.sent()).containsExactly("VirtualHost +main/two");
            assertThat(client.sent()).isEmpty();
            client.ack(VIRTUAL_HOST);
            assertThat(client.sent()).isEmpty();
            client.pass();
            assertThat(client.sent()).containsExactly("Cluster -b");
            client.unsubscribe(ENDPOINT, "b");
            client.ack(CLUSTER);
            assertThat(client.sent()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void itIsCurrentAlsoWhileWhatNothingUsesAnyMoreWaitsForItsRemoval() {
            Delta client = shopper();
            client.retarget(with(without(without(SHOP, CLUSTER, "b"), ENDPOINT, "b"), host("main", "two", "a")));
            assertThat(client.sent()).containsExactly("VirtualHost +main/two");
            assertThat(client.session.waitNanos()).isEmpty();
            client.ack(VIRTUAL_HOST);
            assertThat(client.sent()).isEmpty();
            assertThat(client.session.waitNanos()).hasValue(Session.EFFECT_DELAY.toNanos());
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            client.pass();
            assertThat(client.sent()).containsExactly("Cluster -b");
            assertThat(client.session.waitNanos()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void anotherTargetMeanwhileBeginsTheWaitAnewAndRemovesNevertheless() {
            Delta client = shopper();
            Snapshot moved = with(without(without(SHOP, CLUSTER, "b"), ENDPOINT, "b"), host("main", "two", "a"));
            client.retarget(moved);
            client.sent();
            client.ack(VIRTUAL_HOST);
            assertThat(client.sent()).isEmpty();
            client.retarget(with(moved, host("main", "three", "a")));
            assertThat(client.sent()).containsExactly("VirtualHost +main/three");
            client.pass();
            client.ack(VIRTUAL_HOST);
            assertThat(client.sent()).isEmpty();
            client.pass();
            assertThat(client.sent()).containsExactly("Cluster -b");
        }

        @Test
        void aTargetThatChangesNoRouteRemovesOnlyWhenTheLastOneIsInEffect() {
            Delta client = shopper();
            Snapshot moved = with(SHOP, host("main", "two", "a"));
            client.retarget(moved);
            client.sent();
            client.ack(VIRTUAL_HOST);
            assertThat(client.sent()).isEmpty();
            client.retarget(without(without(moved, CLUSTER, "b"), ENDPOINT, "b"));
            assertThat(client.sent()).isEmpty();
            client.pass();
            assertThat(client.sent()).containsExactly("Cluster -b");
        }

        @Test
        void endpointsThatTheClientKeepsAskingForAreRemovedAfterTheirCluster() {
            Delta client = shopper();
            client.retarget(without(without(SHOP, CLUSTER, "b"), ENDPOINT, "b"));
            assertThat(client.ackAll()).containsExactly("Cluster -b", "ClusterLoadAssignment -b");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void listenersAndRoutesAreRemovedWithWhatIsNew() {
            Delta client = shopper();
            Snapshot next = without(without(SHOP, VIRTUAL_HOST, "main/one"), LISTENER, "http");
            client.retarget(with(next, listener("http2", 81, "main"), host("main", "three", "a")));
            assertThat(client.sent()).containsExactly("Listener +http2 -http", "VirtualHost +main/three -main/one");
        }

        @Test
        void whileAResponseIsOpenTheLastTargetWins() {
            Delta client = shopper();
            client.retarget(with(SHOP, host("main", "one", "b")));
            assertThat(client.sent()).containsExactly("VirtualHost +main/one");
            client.retarget(with(SHOP, host("main", "one", "b"), host("main", "x", "a")));
            assertThat(client.sent()).isEmpty();
            client.retarget(with(SHOP, host("main", "two", "a")));
            assertThat(client.sent()).isEmpty();
            client.ack(VIRTUAL_HOST);
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/one +main/two");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void aClusterThatComesBackBeforeItsRemovalIsSentAnew() {
            Delta client = shopper();
            client.retarget(with(without(SHOP, CLUSTER, "b"), host("main", "two", "a")));
            assertThat(client.sent()).containsExactly("VirtualHost +main/two");
            client.retarget(with(SHOP, host("main", "two", "a"), host("main", "one", "b")));
            // It still has it, but of an older target.
            assertThat(client.sent()).containsExactly("Cluster +b", "ClusterLoadAssignment +b");
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/one");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void noncesThatAreStaleOrUnknownAnswerNothing() {
            Delta client = shopper();
            client.retarget(with(SHOP, host("main", "one", "b")));
            client.sent();
            for (String nonce : List.of("0", "zzz", "1")) {
                client.session.receive(DeltaDiscoveryRequest.newBuilder()
                        .setTypeUrl(VIRTUAL_HOST.typeUrl())
                        .setResponseNonce(nonce)
                        .build());
            }
            assertThat(client.report().state()).isEqualTo(State.PENDING);
            client.ack(VIRTUAL_HOST);
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }
    }

    @Nested
    class OnAReconnect {
        private Delta back(Snapshot has, Snapshot target) {
            Delta client = Dialog.delta(target);
            client.resubscribe(CLUSTER, has);
            client.resubscribe(ENDPOINT, has, "a", "b");
            client.resubscribe(LISTENER, has);
            client.resubscribe(ROUTE, has, "main");
            client.resubscribe(VIRTUAL_HOST, has);
            return client;
        }

        @Test
        void withTheSameContentOneEmptyResponseIsSent() {
            Delta client = back(SHOP, SHOP);
            assertThat(client.report().state()).isEqualTo(State.PENDING);
            assertThat(client.ackAll()).containsExactly("Cluster");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void onlyWhatDiffersIsSentInTheSameOrder() {
            Snapshot has = with(
                    without(SHOP, VIRTUAL_HOST, "main/one"),
                    cluster("old", 1),
                    host("main", "gone", "old"),
                    cluster("a", 7));
            Delta client = back(has, SHOP);
            assertThat(client.sent()).containsExactly("Cluster +a", "ClusterLoadAssignment +a");
            client.ack(CLUSTER);
            client.ack(ENDPOINT);
            assertThat(client.sent()).containsExactly("VirtualHost +main/one -main/gone");
            client.ack(VIRTUAL_HOST);
            assertThat(client.ackAll()).containsExactly("Cluster -old");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void removalsWaitAsIfTheGatewayHadJustAcceptedWhatItSaysItHas() {
            Delta client = back(with(SHOP, cluster("old", 1)), SHOP);
            assertThat(client.sent()).containsExactly("Cluster");
            client.ack(CLUSTER);
            assertThat(client.sent()).isEmpty();
            client.pass();
            assertThat(client.sent()).containsExactly("Cluster -old");
        }

        @Test
        void endpointsOfAClusterSentBeforeTheyAreAskedForGoNevertheless() {
            Snapshot has = with(SHOP, cluster("a", 7));
            Delta client = Dialog.delta(SHOP);
            client.resubscribe(CLUSTER, has);
            assertThat(client.sent()).containsExactly("Cluster +a");
            client.resubscribe(ENDPOINT, has, "a", "b");
            assertThat(client.sent()).containsExactly("ClusterLoadAssignment +a");
        }

        @Test
        void aChangedRouteDoesNotBringItsVirtualHosts() {
            Delta client = back(SHOP, with(SHOP, route("main", "x-changed")));
            assertThat(client.ackAll()).containsExactly("Cluster", "RouteConfiguration +main");
        }

        @Test
        void virtualHostsMayBeAskedForBeforeTheirRoute() {
            Delta client = Dialog.delta(SHOP);
            client.resubscribe(VIRTUAL_HOST, without(SHOP, VIRTUAL_HOST, "main/one"));
            assertThat(client.sent()).isEmpty();
            client.resubscribe(ROUTE, SHOP, "main");
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/one");
        }
    }

    @Nested
    class VirtualHosts {
        private static final Snapshot TWO_ROUTES =
                with(SHOP, listener("admin", 90, "second"), route("second"), host("second", "x", "a"));

        @Test
        void ofARouteThatIsGoneStayWhileItIsAskedForSinceAListenerThatIsDrainedServesThem() {
            Delta client = shopper();
            Snapshot other =
                    without(without(without(SHOP, ROUTE, "main"), VIRTUAL_HOST, "main/one"), VIRTUAL_HOST, "main/two");
            client.retarget(with(other, listener("http", 80, "second"), route("second"), host("second", "x", "a")));
            // Envoy keeps a RouteConfiguration whose removal it's sent, as long as a listener uses it.
            assertThat(client.sent()).containsExactly("Listener +http", "RouteConfiguration -main");
            client.subscribe(ROUTE, "second");
            client.ack(LISTENER);
            client.ack(ROUTE);
            assertThat(client.sent()).containsExactly("RouteConfiguration +second", "VirtualHost +second/x");
            client.ack(ROUTE);
            client.ack(VIRTUAL_HOST);
            assertThat(client.sent()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            client.pass();
            assertThat(client.sent()).isEmpty();
            client.unsubscribe(ROUTE, "main");
            assertThat(client.sent()).containsExactly("VirtualHost -main/one -main/two");
        }

        @Test
        void ofARouteThatIsGoneStayWhileItIsAskedForAlsoOnAnotherStream() {
            Delta client = Dialog.delta(SHOP);
            client.resubscribe(CLUSTER, SHOP);
            client.resubscribe(LISTENER, TWO_ROUTES);
            client.resubscribe(ROUTE, TWO_ROUTES, "main", "second");
            client.resubscribe(VIRTUAL_HOST, TWO_ROUTES);
            assertThat(client.sent()).containsExactly("Cluster");
            client.ack(CLUSTER);
            assertThat(client.sent()).containsExactly("Listener -admin", "RouteConfiguration -second");
            client.ack(LISTENER);
            client.ack(ROUTE);
            assertThat(client.sent()).isEmpty();
            client.pass();
            assertThat(client.sent()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            client.unsubscribe(ROUTE, "second");
            assertThat(client.sent()).containsExactly("VirtualHost -second/x");
        }

        @Test
        void ofASecondRouteArePushedAfterIt() {
            Delta client = shopper();
            client.retarget(TWO_ROUTES);
            assertThat(client.sent()).containsExactly("Listener +admin");
            client.subscribe(ROUTE, "second");
            assertThat(client.sent()).containsExactly("RouteConfiguration +second", "VirtualHost +second/x");
            client.ackAll();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void areRemovedWhenTheirRouteIsNotAskedForAnyMoreSinceTheClientWouldSayThatItHasThem() {
            Delta client = shopper();
            client.unsubscribe(ROUTE, "main");
            assertThat(client.ackAll()).containsExactly("VirtualHost -main/one -main/two");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void areSentAgainWhenTheRouteIsAskedForAgain() {
            Delta client = shopper();
            client.unsubscribe(ROUTE, "main");
            client.ackAll();
            client.retarget(with(SHOP, host("main", "two", "a")));
            assertThat(client.ackAll()).isEmpty();
            client.subscribe(ROUTE, "main");
            assertThat(client.sent()).containsExactly("RouteConfiguration +main", "VirtualHost +main/one +main/two");
        }

        @Test
        void whenThereAreNoneThatIsSaid() {
            Delta client = shopper();
            client.retarget(without(TWO_ROUTES, VIRTUAL_HOST, "second/x"));
            client.sent();
            client.subscribe(ROUTE, "second");
            assertThat(client.sent()).containsExactly("RouteConfiguration +second", "VirtualHost -second/none");
            client.ackAll();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void whenTheFirstRouteHasNoneThatIsSaidOnceTheyAreAskedFor() {
            Delta client = Dialog.delta(snapshot(route("main")));
            client.subscribe(ROUTE, "main");
            assertThat(client.sent()).containsExactly("RouteConfiguration +main");
            client.subscribe(VIRTUAL_HOST);
            assertThat(client.ackAll()).containsExactly("VirtualHost -main/none");
        }

        @Test
        void waitForTheRouteThatIsStillOpen() {
            Delta client = shopper();
            client.retarget(with(TWO_ROUTES, route("main", "x-changed")));
            assertThat(client.sent()).containsExactly("Listener +admin", "RouteConfiguration +main");
            client.subscribe(ROUTE, "second");
            assertThat(client.sent()).isEmpty();
            client.ack(ROUTE);
            assertThat(client.sent()).containsExactly("RouteConfiguration +second", "VirtualHost +second/x");
        }
    }

    @Nested
    class AfterARefusal {
        @Test
        void itIsReportedAndNotSentAgain() {
            Delta client = shopper();
            Snapshot bad = with(SHOP, host("main", "two", "bad"));
            client.retarget(bad);
            client.sent();
            client.nack(VIRTUAL_HOST, "no such thing");
            assertThat(client.sent()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.REJECTED);
            assertThat(client.report().version()).isEqualTo(bad.version());
            assertThat(client.report().refusals())
                    .containsExactly(new Refusal(VIRTUAL_HOST.typeUrl(), "no such thing", List.of("main/two")));
            client.retarget(bad);
            assertThat(client.sent()).isEmpty();
        }

        @Test
        void theNextTargetSendsAndRemovesAllOfItExplicitly() {
            Delta client = shopper();
            client.retarget(with(
                    without(SHOP, VIRTUAL_HOST, "main/one"), host("main", "two", "bad"), host("main", "new", "a")));
            assertThat(client.sent()).containsExactly("VirtualHost +main/new +main/two -main/one");
            client.nack(VIRTUAL_HOST, "no");
            client.retarget(SHOP);
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/one +main/two -main/new");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void laterStagesAreNotSent() {
            Delta client = shopper();
            Snapshot next = with(without(SHOP, CLUSTER, "b"), cluster("a", 200), host("main", "two", "a"));
            client.retarget(next);
            client.sent();
            client.ack(ENDPOINT);
            client.nack(CLUSTER, "no");
            assertThat(client.sent()).isEmpty();
            assertThat(client.report().state()).isEqualTo(State.REJECTED);
            client.retarget(SHOP);
            assertThat(client.ackAll()).containsExactly("Cluster +a", "ClusterLoadAssignment +a");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void clustersAreNotRemovedWhileRoutesAreRefused() {
            Delta client = shopper();
            client.retarget(with(without(SHOP, CLUSTER, "b"), host("main", "two", "bad")));
            client.sent();
            client.nack(VIRTUAL_HOST, "no");
            assertThat(client.sent()).isEmpty();
        }

        @Test
        void aClientThatWaitsIsAnsweredNevertheless() {
            Delta client = Dialog.delta(SHOP);
            client.subscribe(CLUSTER);
            client.sent();
            client.nack(CLUSTER, "no");
            client.subscribe(ENDPOINT, "a");
            client.subscribe(LISTENER);
            client.subscribe(ROUTE, "main");
            assertThat(client.ackAll())
                    .containsExactly("ClusterLoadAssignment +a", "Listener", "RouteConfiguration +main");
            client.retarget(with(SHOP, cluster("a", 200)));
            assertThat(client.ackAll()).containsExactly("Cluster +a +b", "ClusterLoadAssignment +a", "Listener +http");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void ofAnOlderTargetTheNewerIsSentAtOnce() {
            Delta client = shopper();
            client.retarget(with(SHOP, host("main", "two", "bad")));
            client.sent();
            client.retarget(SHOP);
            client.nack(VIRTUAL_HOST, "no");
            assertThat(client.report().state()).isEqualTo(State.PENDING);
            assertThat(client.ackAll()).containsExactly("VirtualHost +main/two");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void aRefusedRouteBringsItsVirtualHostsWhenItIsSentAgain() {
            Delta client = shopper();
            client.retarget(with(SHOP, route("main", "x-bad")));
            client.sent();
            client.nack(ROUTE, "no");
            client.retarget(SHOP);
            assertThat(client.ackAll()).containsExactly("RouteConfiguration +main", "VirtualHost +main/one +main/two");
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
        }

        @Test
        void aRouteThatWasRefusedWhenItWasNewIsNotWaitedForOnceItIsGone() {
            Delta client = shopper();
            // A listener that is being drained asks for it all the time.
            client.subscribe(ROUTE, "second");
            assertThat(client.ackAll()).containsExactly("RouteConfiguration -second");
            client.retarget(with(SHOP, route("second", "x-bad"), host("second", "x", "a")));
            assertThat(client.sent()).containsExactly("RouteConfiguration +second", "VirtualHost +second/x");
            client.nack(ROUTE, "no");
            client.ack(VIRTUAL_HOST);
            client.retarget(SHOP);
            client.ackAll();
            assertThat(client.report().state()).isEqualTo(State.CURRENT);
            client.retarget(with(SHOP, route("second"), host("second", "x", "a")));
            assertThat(client.ackAll()).containsExactly("RouteConfiguration +second", "VirtualHost +second/x");
        }

        @Test
        void itIsRememberedWhenTheGatewayComesBack() {
            Delta client = shopper();
            client.retarget(with(SHOP, host("main", "two", "bad"), host("main", "new", "a")));
            client.sent();
            client.nack(VIRTUAL_HOST, "no");
            Delta back = Dialog.delta(SHOP);
            back.session.doubt(client.session.doubts());
            back.resubscribe(ROUTE, SHOP, "main");
            back.resubscribe(VIRTUAL_HOST, SHOP);
            assertThat(back.ackAll()).containsExactly("VirtualHost +main/two -main/new");
            assertThat(back.session.doubts().isEmpty()).isTrue();
        }

        @Test
        void aResponseWhoseAnswerGotLostIsTrustedWhenTheGatewaySaysItHasIt() {
            Snapshot next = with(SHOP, host("main", "two", "a"));
            Delta client = shopper();
            client.retarget(next);
            client.sent();
            for (Snapshot has : List.of(next, SHOP)) {
                Delta back = Dialog.delta(next);
                back.session.doubt(client.session.doubts());
                back.resubscribe(ROUTE, has, "main");
                back.resubscribe(VIRTUAL_HOST, has);
                assertThat(back.ackAll()).isEqualTo(has.equals(next) ? List.of() : List.of("VirtualHost +main/two"));
            }
        }

        @Test
        void ofALongTextTheEndIsKeptThatSaysWhatIsWrong() {
            Delta client = Dialog.delta(Snapshot.of(List.of(cluster("a", 1))));
            client.subscribe(CLUSTER);
            client.sent();
            client.nack(CLUSTER, "a private key".repeat(1_000) + " Proto constraint validation failed: no name");
            assertThat(client.report().refusals())
                    .singleElement()
                    .satisfies(refusal ->
                            assertThat(refusal.message()).isEqualTo("Proto constraint validation failed: no name"));
        }

        @Test
        void longTextsAndManyNamesAreCut() {
            Delta client = Dialog.delta(Snapshot.of(
                    IntStream.range(0, 100).mapToObj(i -> cluster("c" + i, 100)).toList()));
            client.subscribe(CLUSTER);
            client.sent();
            client.nack(CLUSTER, "x".repeat(10_000));
            assertThat(client.report().refusals()).singleElement().satisfies(refusal -> {
                assertThat(refusal.message()).hasSize(4_096);
                assertThat(refusal.resources()).hasSize(16);
            });
        }
    }

    @Nested
    class Limits {
        @Test
        void tooLongNamesAreRefused() {
            Delta client = Dialog.delta(SHOP);
            assertThatThrownBy(() -> client.subscribe(ROUTE, "x".repeat(5_000)))
                    .isInstanceOf(LimitExceeded.class)
                    .hasMessageContaining("5000 characters");
        }

        @Test
        void tooManyNamesAreRefused() {
            Delta client = Dialog.delta(SHOP);
            String[] names = Collections.nCopies(60_000, "x").toArray(String[]::new);
            names = IntStream.range(0, names.length).mapToObj(i -> "n" + i).toArray(String[]::new);
            client.subscribe(ROUTE, names);
            String[] more = IntStream.range(0, 60_000).mapToObj(i -> "m" + i).toArray(String[]::new);
            assertThatThrownBy(() -> client.subscribe(ROUTE, more))
                    .isInstanceOf(LimitExceeded.class)
                    .hasMessageContaining("more than 100000");
        }

        @Test
        void typesThatAreNotOursAreForgottenBeyondAFew() {
            Delta client = Dialog.delta(SHOP);
            for (int i = 0; i < 1_000; i++) {
                client.session.receive(DeltaDiscoveryRequest.newBuilder()
                        .setTypeUrl("type.googleapis.com/x.T" + i)
                        .build());
            }
            assertThat(client.sent()).hasSize(16);
        }
    }

    @Test
    void theLastErrorAndTheAcceptedVersionAreKeptForPeople() {
        Delta client = shopper();
        client.retarget(with(SHOP, host("main", "two", "bad")));
        client.sent();
        client.nack(VIRTUAL_HOST, "no");
        Map<String, StreamInfo.OfType> types = new java.util.HashMap<>();
        client.session.info().forEach(info -> types.put(info.type(), info));
        assertThat(types.get("VirtualHost")).satisfies(info -> {
            assertThat(info.wildcard()).isTrue();
            assertThat(info.acked()).isEqualTo(SHOP.version().hex());
            assertThat(info.lastError()).isEqualTo("no");
        });
        assertThat(types).as("all but secrets, for which it does not ask").hasSize(ResourceType.values().length - 1);
    }
}
