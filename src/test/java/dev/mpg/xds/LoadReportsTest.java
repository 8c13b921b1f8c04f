package dev.mpg.xds;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Durations;
import dev.mpg.rollout.Canary;
import dev.mpg.rollout.Counts;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.config.endpoint.v3.UpstreamLocalityStats;
import io.envoyproxy.envoy.service.load_stats.v3.LoadReportingServiceGrpc;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Load reports over real streams. */
class LoadReportsTest {
    private static final String SHOP = "shop";

    private final ManualClock clock = new ManualClock();
    private final Set<String> members = ConcurrentHashMap.newKeySet();
    private volatile Duration interval = LoadReports.USUAL_INTERVAL;
    private final Queue<Counts> counted = new ConcurrentLinkedQueue<>();
    private final LoadReports loads = new LoadReports(
            (clusterId, gateway) -> clusterId.equals(SHOP) && members.contains(gateway),
            clusterId -> interval,
            clock,
            (clusterId, gateway, counts) -> counted.add(counts));
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void serve() throws IOException {
        members.addAll(List.of("g-1", "g-2"));
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(loads.service())
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.shutdownNow();
    }

    /** A gateway's stream, message by message. */
    private final class Reporter implements StreamObserver<LoadStatsResponse> {
        final BlockingQueue<LoadStatsResponse> responses = new LinkedBlockingQueue<>();
        final CompletableFuture<Status> ended = new CompletableFuture<>();
        final StreamObserver<LoadStatsRequest> requests =
                LoadReportingServiceGrpc.newStub(channel).streamLoadStats(this);

        Reporter(String id, String cluster, ClusterStats... stats) {
            requests.onNext(LoadStatsRequest.newBuilder()
                    .setNode(Node.newBuilder().setId(id).setCluster(cluster))
                    .addAllClusterStats(List.of(stats))
                    .build());
        }

        Reporter(String id) {
            this(id, SHOP);
        }

        void report(ClusterStats... stats) {
            requests.onNext(LoadStatsRequest.newBuilder()
                    .addAllClusterStats(List.of(stats))
                    .build());
        }

        LoadStatsResponse next() throws InterruptedException {
            LoadStatsResponse response = responses.poll(20, TimeUnit.SECONDS);
            assertThat(response).as("a response; the stream: %s", ended).isNotNull();
            return response;
        }

        Status end() {
            return ended.orTimeout(20, TimeUnit.SECONDS).join();
        }

        @Override
        public void onNext(LoadStatsResponse response) {
            responses.add(response);
        }

        @Override
        public void onError(Throwable t) {
            ended.complete(Status.fromThrowable(t));
        }

        @Override
        public void onCompleted() {
            ended.complete(Status.OK);
        }
    }

    private static ClusterStats stats(String cluster, long successes, long errors, long dropped) {
        return ClusterStats.newBuilder()
                .setClusterName(cluster)
                .setTotalDroppedRequests(dropped)
                .setLoadReportInterval(Durations.fromSeconds(1))
                .addUpstreamLocalityStats(UpstreamLocalityStats.newBuilder()
                        .setTotalSuccessfulRequests(successes)
                        .setTotalErrorRequests(errors)
                        .setTotalIssuedRequests(successes))
                .build();
    }

    private Counts since(double openedAt) {
        return loads.traffic(
                        SHOP, new Canary(Configs.snapshot().version(), ManualClock.time(openedAt), Set.of(), Map.of()))
                .rest();
    }

    private void awaitCounts(double openedAt, Counts counts) {
        eventually(() -> assertThat(since(openedAt)).isEqualTo(counts));
    }

    private static void eventually(ThrowingRunnable assertion) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(assertion);
    }

    @Test
    void aGatewayIsAskedForAllClustersAndCounted() throws InterruptedException {
        Reporter gateway = new Reporter("g-1");
        assertThat(gateway.next())
                .isEqualTo(LoadStatsResponse.newBuilder()
                        .setSendAllClusters(true)
                        .setLoadReportingInterval(Durations.fromSeconds(10))
                        .build());
        clock.set(10);
        gateway.report(
                stats("cart", 7, 2, 1),
                stats("checkout", 10, 0, 0).toBuilder()
                        .addUpstreamLocalityStats(
                                UpstreamLocalityStats.newBuilder().setTotalErrorRequests(3))
                        .build(),
                stats("mpg.proxy", 1_000, 1_000, 1_000));
        awaitCounts(0, new Counts(23, 6, 1));
        eventually(() -> assertThat(counted).contains(new Counts(23, 6, 1)));
        assertThat(gateway.responses).isEmpty();
    }

    @Test
    void whatWasCountedWhileThereWasNoStreamCountsForThatTime() throws InterruptedException {
        clock.set(100);
        Reporter gateway = new Reporter(
                "g-1",
                SHOP,
                stats("cart", 7, 2, 0).toBuilder()
                        .setLoadReportInterval(Durations.fromMillis(15_500))
                        .build());
        gateway.next();
        awaitCounts(84.5, new Counts(9, 2, 0));
        assertThat(since(84.6)).isEqualTo(Counts.NONE);
    }

    @Test
    void aReportBeginsWhereTheOneBeforeItEndedOrBeforeThat() throws InterruptedException {
        clock.set(10);
        Reporter gateway = new Reporter("g-1");
        gateway.next();
        // The first message is handled on another thread than the response is read on.
        gateway.report();
        eventually(() -> assertThat(loads.streams(SHOP)).isEqualTo(1));
        gateway.report(stats("cart", 0, 1, 0));
        awaitCounts(9, new Counts(1, 1, 0));
        clock.set(13);
        gateway.report(stats("cart", 4, 0, 0));
        awaitCounts(9, new Counts(5, 1, 0));
        assertThat(since(10)).isEqualTo(new Counts(4, 0, 0));
        assertThat(since(10.1)).isEqualTo(Counts.NONE);
    }

    @Test
    void theIntervalIsToldAgainWhenItChangedAndOnlyThen() throws InterruptedException {
        Reporter gateway = new Reporter("g-1");
        gateway.next();
        loads.intervalChanged(SHOP);
        loads.intervalChanged("another");
        interval = LoadReports.WAVE_INTERVAL;
        loads.intervalChanged(SHOP);
        assertThat(gateway.next().getLoadReportingInterval()).isEqualTo(Durations.fromSeconds(1));
        interval = Duration.ZERO;
        loads.intervalChanged(SHOP);
        assertThat(gateway.next().getLoadReportingInterval()).isEqualTo(Durations.fromMillis(100));
        interval = Duration.ofDays(1);
        loads.intervalChanged(SHOP);
        assertThat(gateway.next().getLoadReportingInterval()).isEqualTo(Durations.fromHours(1));
        assertThat(gateway.responses).isEmpty();
    }

    @Test
    void whoIsNotServedHereIsRefused() {
        assertThat(new Reporter("g-1", "elsewhere").end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(new Reporter("g-9").end().getDescription()).contains("'g-9'").contains("'shop'");
        assertThat(new Reporter("").end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(new Reporter("g-1", "").end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(loads.streams(SHOP)).isZero();
    }

    @Test
    void whoIsNoMemberAnyMoreIsSentAwayWithTheNextReport() throws InterruptedException {
        Reporter gateway = new Reporter("g-1");
        gateway.next();
        members.remove("g-1");
        gateway.report(stats("cart", 1, 0, 0));
        assertThat(gateway.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(since(-100)).isEqualTo(Counts.NONE);
        assertThat(loads.streams(SHOP)).isZero();
    }

    @Test
    void aSecondStreamOfAGatewayTakesTheFirstOnesPlace() throws InterruptedException {
        Reporter first = new Reporter("g-1");
        first.next();
        Reporter second = new Reporter("g-1");
        second.next();
        assertThat(first.end().getCode()).isEqualTo(Status.Code.ABORTED);
        second.report(stats("cart", 1, 0, 0));
        awaitCounts(-100, new Counts(1, 0, 0));
        assertThat(loads.streams(SHOP)).isEqualTo(1);
    }

    @Test
    void streamsThatEndInAnyWayAreForgotten() throws InterruptedException {
        Reporter completes = new Reporter("g-1");
        completes.next();
        Reporter breaks = new Reporter("g-2");
        breaks.next();
        assertThat(loads.streams(SHOP)).isEqualTo(2);
        completes.requests.onCompleted();
        assertThat(completes.end()).isEqualTo(Status.OK);
        channel.shutdownNow();
        eventually(() -> assertThat(loads.streams(SHOP)).isZero());
    }

    @Test
    void aReleasedClusterEndsItsStreamsAndIsForgotten() throws InterruptedException {
        Reporter gateway = new Reporter("g-1", SHOP, stats("cart", 1, 0, 0));
        gateway.next();
        awaitCounts(-100, new Counts(1, 0, 0));
        loads.release(SHOP);
        loads.release("another");
        assertThat(gateway.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(since(-100)).isEqualTo(Counts.NONE);
    }

    @Test
    void drainingEndsAllStreams() throws InterruptedException {
        Reporter gateway = new Reporter("g-1");
        gateway.next();
        loads.drain();
        assertThat(gateway.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(loads.streams(SHOP)).isZero();
    }

    @Test
    void aReportThatIsTooLargeOrCannotBeTrueEndsTheStream() {
        assertThat(new Reporter("g-1", SHOP, stats("x".repeat(2_049), 1, 0, 0)).end())
                .satisfies(status -> assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
                .satisfies(status -> assertThat(status.getDescription()).contains("2049 characters"));
        assertThat(new Reporter("g-1", SHOP, stats("cart", -1, 0, 0)).end().getCode())
                .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(new Reporter("g-1", SHOP, stats("cart", 0, 0, Long.MAX_VALUE))
                        .end()
                        .getCode())
                .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        ClusterStats[] many = new ClusterStats[20_001];
        Arrays.fill(many, stats("cart", 0, 0, 0));
        assertThat(new Reporter("g-1", SHOP, many).end().getDescription()).contains("20001 upstream clusters");
        assertThat(since(-100)).isEqualTo(Counts.NONE);
    }
}
