package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.sync.Patience.await;
import static dev.mpg.xds.Configs.assignment;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.placement.Handover;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.accesslog.v3.AccessLogServiceGrpc;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsResponse;
import io.envoyproxy.envoy.service.load_stats.v3.LoadReportingServiceGrpc;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DrainingTest {
    private static final Snapshot CONFIG = snapshot(cluster("a", 100));

    private Fixture fixture;
    private ManagedChannel channel;

    @BeforeEach
    void serve() throws IOException {
        fixture = new Fixture();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", fixture.port())
                .usePlaintext()
                .build();
        fixture.xds.assign(assignment("shop", CONFIG));
        fixture.xds.assign(assignment("blog", CONFIG));
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        fixture.close();
    }

    private GatewayStream connect(String id, String clusterId) throws InterruptedException {
        GatewayStream gateway = GatewayStream.open(channel, id, clusterId).subscribe(CLUSTER);
        gateway.ack(gateway.next());
        return gateway;
    }

    private int streams(String clusterId) {
        return fixture.xds.streams(clusterId).size();
    }

    private static void assertRelieved(Status status) {
        assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status.getDescription()).contains("relieved of cluster 'shop'");
    }

    @Test
    void streamsOfADrainingClusterEndOneAfterTheOtherAndOthersStay() throws InterruptedException {
        List<GatewayStream> gateways = IntStream.range(0, 400)
                .mapToObj(i -> GatewayStream.open(channel, "g-" + i, "shop").subscribe(CLUSTER))
                .toList();
        connect("b-1", "blog");
        await().until(() -> streams("shop") == 400);

        fixture.xds.drain(Set.of("shop"));

        assertThat(streams("shop")).as("not all at once").isPositive();
        gateways.forEach(gateway -> assertRelieved(gateway.end()));
        assertThat(streams("shop")).isZero();
        assertThat(streams("blog")).isEqualTo(1);
    }

    @Test
    void gatewaysHaveTheTimeThatDrainingTakes() {
        assertThat(Handover.SHORTEST_DRAIN).isGreaterThanOrEqualTo(Draining.WHOLE);
    }

    @Test
    void whoComesToADrainingClusterIsServedAndSentAwayAgain() throws InterruptedException {
        GatewayStream first = connect("g-1", "shop");
        fixture.xds.drain(Set.of("shop"));
        assertRelieved(first.end());

        GatewayStream again = connect("g-1", "shop");

        fixture.xds.drain(Set.of("shop"));
        assertThat(streams("shop")).as("saying it again ends nothing").isEqualTo(1);
        assertRelieved(again.end());
    }

    @Test
    void whoCameMeanwhileStaysWhenDrainingIsTakenBack() throws InterruptedException {
        fixture.xds.drain(Set.of("shop", "blog"));
        GatewayStream stays = connect("g-1", "shop");
        GatewayStream goes = connect("b-1", "blog");

        fixture.xds.drain(Set.of("blog"));

        assertThat(goes.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        // It came first, so its time has come too, but for a few milliseconds of jitter.
        GatewayStream later = connect("b-2", "blog");
        assertThat(later.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(streams("shop")).isEqualTo(1);

        fixture.xds.drain(Set.of("shop"));
        assertRelieved(stays.end());
    }

    @Test
    void aClusterThatIsAssignedLaterIsDrainingToo() throws InterruptedException {
        fixture.xds.release("shop");
        fixture.xds.drain(Set.of("shop"));
        fixture.xds.assign(assignment("shop", CONFIG));

        assertRelieved(connect("g-1", "shop").end());
    }

    @Test
    void releasingEndsTheWait() throws InterruptedException {
        fixture.xds.drain(Set.of("shop"));
        GatewayStream gateway = connect("g-1", "shop");

        fixture.xds.release("shop");

        assertThat(gateway.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void loadReportsLeaveWithTheirGateway() throws InterruptedException {
        GatewayStream gateway = connect("g-1", "shop");
        CompletableFuture<Status> shop = reportLoad("g-1", "shop");
        CompletableFuture<Status> blog = reportLoad("b-1", "blog");

        fixture.xds.drain(Set.of("shop"));

        assertRelieved(gateway.end());
        await().until(shop::isDone);
        assertRelieved(shop.join());
        assertThat(blog).isNotDone();
    }

    @Test
    void accessLogsLeaveWithTheirGateway() throws InterruptedException {
        GatewayStream gateway = connect("g-1", "shop");
        CompletableFuture<Status> shop = logRequests("g-1", "shop");
        CompletableFuture<Status> another = logRequests("g-1", "shop");
        CompletableFuture<Status> blog = logRequests("b-1", "blog");
        await().until(() -> fixture.accessLogStreams() == 3);

        fixture.xds.drain(Set.of("shop"));

        assertRelieved(gateway.end());
        await().until(() -> shop.isDone() && another.isDone());
        assertRelieved(shop.join());
        assertRelieved(another.join());
        assertThat(blog).isNotDone();
        assertThat(fixture.accessLogStreams()).isEqualTo(1);
    }

    /** How a gateway's access-log stream ends. */
    private CompletableFuture<Status> logRequests(String id, String clusterId) {
        CompletableFuture<Status> end = new CompletableFuture<>();
        AccessLogServiceGrpc.newStub(channel)
                .streamAccessLogs(new StreamObserver<>() {
                    @Override
                    public void onNext(StreamAccessLogsResponse response) {}

                    @Override
                    public void onError(Throwable error) {
                        end.complete(Status.fromThrowable(error));
                    }

                    @Override
                    public void onCompleted() {
                        end.complete(Status.OK);
                    }
                })
                .onNext(StreamAccessLogsMessage.newBuilder()
                        .setIdentifier(StreamAccessLogsMessage.Identifier.newBuilder()
                                .setNode(Node.newBuilder().setId(id).setCluster(clusterId)))
                        .build());
        return end;
    }

    /** How a gateway's load-report stream ends, which the server has taken. */
    private CompletableFuture<Status> reportLoad(String id, String clusterId) {
        CompletableFuture<LoadStatsResponse> taken = new CompletableFuture<>();
        CompletableFuture<Status> end = new CompletableFuture<>();
        LoadReportingServiceGrpc.newStub(channel)
                .streamLoadStats(new StreamObserver<>() {
                    @Override
                    public void onNext(LoadStatsResponse response) {
                        taken.complete(response);
                    }

                    @Override
                    public void onError(Throwable error) {
                        end.complete(Status.fromThrowable(error));
                    }

                    @Override
                    public void onCompleted() {
                        end.complete(Status.OK);
                    }
                })
                .onNext(LoadStatsRequest.newBuilder()
                        .setNode(Node.newBuilder().setId(id).setCluster(clusterId))
                        .build());
        await().until(taken::isDone);
        return end;
    }
}
