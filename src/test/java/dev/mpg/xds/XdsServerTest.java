package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;
import static dev.mpg.xds.Configs.assignment;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.listener;
import static dev.mpg.xds.Configs.route;
import static dev.mpg.xds.Configs.snapshot;
import static dev.mpg.xds.Configs.with;
import static dev.mpg.xds.Configs.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class XdsServerTest {
    private static final String TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final Snapshot SHOP = snapshot(cluster("a", 100), cluster("b", 100), listener("http", 80, "main"));

    private Fixture fixture;
    private ManagedChannel channel;

    @BeforeEach
    void serve() throws IOException {
        fixture = new Fixture();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", fixture.port())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        fixture.close();
    }

    private GatewayStream gateway(String id) {
        return GatewayStream.open(channel, id, "shop");
    }

    private void awaitGateways(String... ids) {
        await().untilAsserted(() -> assertThat(fixture.xds.gateways("shop"))
                .extracting(GatewayReport::gateway)
                .containsExactly(ids));
    }

    @Test
    void theAgeOfAnUnansweredResponseGrowsUntilItIsAnswered() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        assertThat(unackedSeconds()).isZero();
        GatewayStream gateway = gateway("g-1").subscribe(CLUSTER);
        DeltaDiscoveryResponse response = gateway.next();
        double first = unackedSeconds();
        assertThat(first).isPositive();
        await().until(() -> unackedSeconds() > first);
        gateway.ack(response);
        await().until(() -> unackedSeconds() == 0);
    }

    private double unackedSeconds() {
        return fixture.registry.get("mpg.xds.unacked.age").timeGauge().value(TimeUnit.SECONDS);
    }

    @Test
    void aResponseHoldsTheBytesAsTheyAre() throws InterruptedException {
        fixture.xds.assign(new Assignment("shop", Optional.empty(), SHOP, List.of(), TRACEPARENT));
        DeltaDiscoveryResponse response = gateway("g-1").subscribe(CLUSTER).next();
        assertThat(response.getTypeUrl()).isEqualTo(CLUSTER.typeUrl());
        assertThat(response.getSystemVersionInfo()).isEqualTo(SHOP.version().hex());
        assertThat(response.getNonce()).isNotEmpty();
        assertThat(response.getControlPlane().getIdentifier()).isEqualTo("{\"traceparent\":\"" + TRACEPARENT + "\"}");
        assertThat(response.getRemovedResourcesList()).isEmpty();
        assertThat(response.getUnknownFields().asMap()).isEmpty();
        List<Resource> clusters = SHOP.resources(CLUSTER);
        assertThat(response.getResourcesCount()).isEqualTo(clusters.size());
        for (int i = 0; i < clusters.size(); i++) {
            assertThat(response.getResources(i).getName())
                    .isEqualTo(clusters.get(i).name());
            assertThat(response.getResources(i).getVersion())
                    .isEqualTo(clusters.get(i).wireVersion());
            assertThat(response.getResources(i).getResource().getTypeUrl()).isEqualTo(CLUSTER.typeUrl());
            assertThat(response.getResources(i).getResource().getValue())
                    .isEqualTo(clusters.get(i).bytes());
        }
    }

    @Test
    void oneOfManyVirtualHostsCostsAFewHundredBytes() throws InterruptedException {
        Snapshot shop = with(
                Snapshot.of(IntStream.range(0, 5_000)
                        .mapToObj(i -> host("main", "host-" + i + ".example.com", "checkout"))
                        .toList()),
                route("main"));
        fixture.xds.assign(new Assignment("shop", Optional.empty(), shop, List.of(), TRACEPARENT));
        GatewayStream stream = gateway("g-1").subscribe(ROUTE, "main").subscribe(VIRTUAL_HOST);
        stream.ack(stream.next());
        stream.ack(stream.next());
        fixture.xds.assign(new Assignment(
                "shop",
                Optional.empty(),
                with(shop, host("main", "host-7.example.com", "checkout-next")),
                List.of(),
                TRACEPARENT));
        assertThat(stream.next().getSerializedSize()).isLessThanOrEqualTo(400);
    }

    @Test
    void anEqualVersionSendsNothing() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        GatewayStream stream = gateway("g-1").subscribe(CLUSTER).subscribe(LISTENER);
        stream.ack(stream.next());
        stream.ack(stream.next());
        fixture.awaitState("shop", State.CURRENT, SHOP);
        double sent = fixture.responses(CLUSTER, "sent") + fixture.responses(LISTENER, "sent");
        fixture.xds.assign(assignment("shop", Snapshot.of(SHOP.resources())));
        Snapshot next = with(SHOP, listener("http", 81, "main"));
        fixture.xds.assign(assignment("shop", next));
        assertThat(stream.next().getResources(0).getName()).isEqualTo("http");
        assertThat(fixture.responses(CLUSTER, "sent") + fixture.responses(LISTENER, "sent"))
                .isEqualTo(sent + 1);
    }

    @Test
    void whatNothingUsesAnyMoreIsRemovedAfterAWhileThoughNothingComesIn() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        GatewayStream stream = gateway("g-1").subscribe(CLUSTER).subscribe(LISTENER);
        stream.ack(stream.next());
        stream.ack(stream.next());
        Snapshot next = without(with(SHOP, listener("http", 81, "main")), CLUSTER, "b");
        fixture.xds.assign(assignment("shop", next));
        stream.ack(stream.next());
        fixture.awaitState("shop", State.CURRENT, next);
        DeltaDiscoveryResponse last = stream.next();
        assertThat(last.getTypeUrl()).isEqualTo(CLUSTER.typeUrl());
        assertThat(last.getRemovedResourcesList()).containsExactly("b");
        fixture.awaitState("shop", State.CURRENT, next);
    }

    @Test
    void aBodyIsMarshalledOnceForTheFleet() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        List<GatewayStream> streams = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            streams.add(gateway("g-" + i).subscribe(CLUSTER));
        }
        for (GatewayStream stream : streams) {
            stream.ack(stream.next());
        }
        assertThat(fixture.xds.bodiesMarshalled()).isEqualTo(1);
        fixture.xds.assign(assignment("shop", with(SHOP, cluster("a", 200))));
        for (GatewayStream stream : streams) {
            assertThat(stream.next().getResourcesCount()).isEqualTo(1);
        }
        assertThat(fixture.xds.bodiesMarshalled()).isEqualTo(2);
        assertThat(fixture.resources(CLUSTER)).isEqualTo(20 * 3);
    }

    @Test
    void withoutNodeIdOrClusterAStreamIsUnauthenticated() {
        fixture.xds.assign(assignment("shop", SHOP));
        Status noId = GatewayStream.open(channel, "", "shop").subscribe(CLUSTER).end();
        assertThat(noId.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(noId.getDescription()).isEqualTo("node.id is missing: set it in the bootstrap");
        Status noCluster =
                GatewayStream.open(channel, "g-1", "").subscribe(CLUSTER).end();
        assertThat(noCluster.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(noCluster.getDescription()).startsWith("node.cluster is missing");
    }

    @Test
    void anUnknownClusterIsNotFound() {
        Status status = gateway("g-1").subscribe(CLUSTER).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(status.getDescription())
                .contains("'shop'")
                .contains("Proxy with spec.clusterId 'shop' exists and is placed on this instance");
    }

    @Test
    void aGatewayThatIsNoMemberIsNotFound() {
        fixture.xds.assign(assignment("shop", SHOP, "shop-0", "shop-1"));
        Status status = gateway("stranger").subscribe(CLUSTER).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(status.getDescription()).contains("'stranger'").contains("gateway.replicas 0");
    }

    @Test
    void aGatewayThatIsNoMemberAnyMoreIsEnded() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP, "shop-0", "shop-1"));
        GatewayStream stays = gateway("shop-0").subscribe(CLUSTER);
        GatewayStream goes = gateway("shop-1").subscribe(CLUSTER);
        stays.next();
        goes.next();
        fixture.xds.assign(assignment("shop", SHOP, "shop-0"));
        assertThat(goes.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        awaitGateways("shop-0");
    }

    @Test
    void aReleasedClusterEndsItsStreams() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        GatewayStream stream = gateway("g-1").subscribe(CLUSTER);
        stream.next();
        assertThat(fixture.xds.clusters()).containsExactly("shop");
        fixture.xds.release("shop");
        assertThat(stream.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(fixture.xds.clusters()).isEmpty();
        assertThat(fixture.xds.gateways("shop")).isEmpty();
    }

    @Test
    void aSecondStreamOfAGatewayTakesTheFirstOnesPlace() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        GatewayStream first = gateway("g-1").subscribe(CLUSTER);
        first.next();
        GatewayStream second = gateway("g-1").subscribe(CLUSTER);
        second.next();
        Status end = first.end();
        assertThat(end.getCode()).isEqualTo(Status.Code.ABORTED);
        assertThat(end.getDescription()).contains("same node.id");
        assertThat(fixture.xds.streams("shop")).hasSize(1);
        fixture.xds.assign(assignment("shop", with(SHOP, cluster("a", 200))));
        second.send(
                DeltaDiscoveryRequest.newBuilder().setTypeUrl(CLUSTER.typeUrl()).setResponseNonce("1"));
        assertThat(second.next().getResourcesCount()).isEqualTo(1);
    }

    @Test
    void streamsThatEndInAnyWayAreForgotten() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        GatewayStream cancelled = gateway("g-1").subscribe(CLUSTER);
        cancelled.next();
        GatewayStream completed = gateway("g-2").subscribe(CLUSTER);
        completed.next();
        awaitGateways("g-1", "g-2");
        fixture.changes.clear();
        cancelled.cancel();
        completed.complete();
        assertThat(completed.end()).isEqualTo(Status.OK);
        awaitGateways();
        await().untilAsserted(() -> assertThat(fixture.changes).hasSize(2));
        assertThat(fixture.xds.streams("shop")).isEmpty();
        assertThat(fixture.registry
                        .get("mpg.xds.streams")
                        .tag("protocol", "delta")
                        .gauge()
                        .value())
                .isZero();
    }

    @Test
    void aConnectionThatBreaksIsForgotten() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        gateway("g-1").subscribe(CLUSTER).next();
        awaitGateways("g-1");
        channel.shutdownNow();
        awaitGateways();
    }

    @Test
    void aGatewayThatDoesNotReadHoldsUpNobodyAndGetsTheLastVersion() throws InterruptedException {
        fixture.xds.assign(assignment("shop", manyClusters(0)));
        GatewayStream stalled = GatewayStream.open(
                        channel,
                        Node.newBuilder().setId("stalled").setCluster("shop").build(),
                        false)
                .subscribe(CLUSTER)
                .subscribe(LISTENER);
        GatewayStream reads = gateway("reads").subscribe(CLUSTER);
        reads.ack(reads.next());
        Snapshot last = SHOP;
        for (int version = 1; version <= 30; version++) {
            last = manyClusters(version);
            fixture.xds.assign(assignment("shop", last));
            DeltaDiscoveryResponse response = reads.next();
            assertThat(response.getSystemVersionInfo()).isEqualTo(last.version().hex());
            reads.ack(response);
        }
        assertThat(stalled.hasResponse()).isFalse();
        stalled.read(100);
        DeltaDiscoveryResponse first = stalled.next();
        stalled.ack(first);
        DeltaDiscoveryResponse second = stalled.next();
        assertThat(second.getSystemVersionInfo()).isEqualTo(last.version().hex());
        assertThat(fixture.responses(CLUSTER, "sent")).isEqualTo(31 + 2);
    }

    private static Snapshot manyClusters(int version) {
        return Snapshot.of(IntStream.range(0, 1_000)
                .mapToObj(i -> cluster("cluster-" + i, 1_000 + version))
                .toList());
    }

    @Test
    void tooLongNamesExhaustTheResources() {
        fixture.xds.assign(assignment("shop", SHOP));
        Status status =
                gateway("g-1").subscribe(ResourceType.ROUTE, "x".repeat(3_000)).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(status.getDescription()).contains("3000 characters; at most 2048");
        awaitGateways();
    }

    @Test
    void theListenersBindAddressIsTheGatewaysOwn() throws Exception {
        fixture.xds.assign(assignment("shop", SHOP));
        DeltaDiscoveryResponse response = GatewayStream.open(channel, node("g-1", "127.0.0.7"), true)
                .subscribe(LISTENER)
                .next();
        Resource original = SHOP.resources(LISTENER).getFirst();
        assertThat(response.getResources(0).getVersion()).isEqualTo(original.wireVersion());
        Listener.Builder expected = Listener.parseFrom(original.bytes()).toBuilder();
        expected.getAddressBuilder().getSocketAddressBuilder().setAddress("127.0.0.7");
        assertThat(Listener.parseFrom(response.getResources(0).getResource().getValue()))
                .isEqualTo(expected.build());
        assertThat(fixture.xds.streams("shop"))
                .extracting(StreamInfo::bindAddress)
                .containsExactly("127.0.0.7");
    }

    @Test
    void aBindAddressThatIsNoIpAddressIsRefused() {
        fixture.xds.assign(assignment("shop", SHOP));
        Status status = GatewayStream.open(channel, node("g-1", "localhost"), true)
                .subscribe(LISTENER)
                .end();
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains("mpg.dev/bind-address").contains("'localhost'");
    }

    private static Node node(String id, String bindAddress) {
        return Node.newBuilder()
                .setId(id)
                .setCluster("shop")
                .setMetadata(Struct.newBuilder()
                        .putFields(
                                "mpg.dev/bind-address",
                                Value.newBuilder().setStringValue(bindAddress).build()))
                .build();
    }

    @Test
    void theListenerHearsOfEachGateway() throws InterruptedException {
        fixture.xds.assign(assignment("shop", SHOP));
        GatewayStream stream = gateway("g-1").subscribe(CLUSTER).subscribe(LISTENER);
        stream.ack(stream.next());
        await().untilAsserted(() -> assertThat(fixture.changes).contains("shop"));
        fixture.changes.clear();
        stream.ack(stream.next());
        await().untilAsserted(() -> assertThat(fixture.changes).containsExactly("shop"));
        assertThat(fixture.xds.gateways("shop"))
                .containsExactly(new GatewayReport("g-1", State.CURRENT, SHOP.version(), Collections.emptyList()));
        assertThat(fixture.xds.streams("shop")).singleElement().satisfies(info -> {
            assertThat(info.gateway()).isEqualTo("g-1");
            assertThat(info.protocol()).isEqualTo(StreamInfo.Protocol.DELTA);
            assertThat(info.types()).extracting(StreamInfo.OfType::type).containsExactly("Cluster", "Listener");
        });
    }
}
