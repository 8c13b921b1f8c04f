package dev.mpg.xds;

import static dev.mpg.xds.Configs.assignment;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.listener;
import static dev.mpg.xds.Configs.route;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.InvalidProtocolBufferException;
import com.sun.net.httpserver.HttpServer;
import dev.mpg.gateway.Bootstrap;
import dev.mpg.gateway.HostPort;
import dev.mpg.gateway.XdsServers;
import dev.mpg.rollout.Canary;
import dev.mpg.rollout.Counts;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Programs;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real Envoy with our bootstrap reports of its load. */
class LoadReportsIT {
    private static final String CLUSTER_ID = "shop";
    private static final String GATEWAY = "shop-0";
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration SETTLING = Duration.ofMillis(100);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> toClose = new ArrayList<>();
    private final InstantSource clock = InstantSource.system();
    private volatile Duration interval = Duration.ofMinutes(1);
    private XdsServer xds;
    private LoadReports loads;
    private Snapshot shop;
    private HostPort admin;
    private int port;

    @BeforeEach
    void start() throws IOException {
        xds = new XdsServer(new SimpleMeterRegistry(), clusterId -> {});
        loads = new LoadReports(
                (clusterId, gateway) -> clusterId.equals(CLUSTER_ID) && gateway.equals(GATEWAY),
                clusterId -> interval,
                clock,
                (clusterId, gateway, counts) -> {});
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(xds.service())
                .addService(loads.service())
                .build()
                .start();
        toClose.add(server::shutdownNow);
        port = Fixture.freePort();
        shop = shop();
        xds.assign(assignment(CLUSTER_ID, shop));
        envoy(new HostPort("127.0.0.1", server.getPort()));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : toClose.reversed()) {
            closeable.close();
        }
    }

    private Snapshot shop() throws IOException {
        return Snapshot.of(List.of(
                cluster("works", 1_000),
                endpoints("works", upstream(200)),
                cluster("fails", 1_000),
                endpoints("fails", upstream(500)),
                cluster("refuses", 1_000),
                endpoints("refuses", Fixture.freePort()),
                full(cluster("full", 1_000)),
                endpoints("full", upstream(200)),
                listener("http", port, "main"),
                route("main"),
                host("main", "works", "works"),
                host("main", "fails", "fails"),
                host("main", "refuses", "refuses"),
                host("main", "full", "full"),
                host("main", "ready", "missing")));
    }

    /** Its circuit breaker lets nothing through. */
    private static Resource full(Resource cluster) throws InvalidProtocolBufferException {
        Cluster.Builder full = Cluster.parseFrom(cluster.bytes()).toBuilder();
        CircuitBreakers.Thresholds.Builder none = CircuitBreakers.Thresholds.newBuilder();
        none.getMaxPendingRequestsBuilder().setValue(0);
        full.getCircuitBreakersBuilder().addThresholds(none);
        return Configs.of(ResourceType.CLUSTER, cluster.name(), full.build());
    }

    private int upstream(int status) throws IOException {
        HttpServer upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        upstream.start();
        toClose.add(() -> upstream.stop(0));
        return upstream.getAddress().getPort();
    }

    private void envoy(HostPort instance) throws IOException {
        admin = new HostPort("127.0.0.1", Fixture.freePort());
        Bootstrap bootstrap =
                new Bootstrap(GATEWAY, CLUSTER_ID, Optional.empty(), admin, new XdsServers.Fixed(List.of(instance)));
        Process envoy = new ProcessBuilder(
                        Programs.envoy().toString(),
                        "-c",
                        Files.writeString(folder.resolve("bootstrap.json"), bootstrap.toJson())
                                .toString(),
                        "--disable-hot-restart",
                        "--concurrency",
                        "1",
                        "--log-level",
                        "warning")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        toClose.add(() -> {
            envoy.destroyForcibly();
            envoy.waitFor();
        });
    }

    private long stat(String name) throws IOException, InterruptedException {
        String text = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + "/stats?filter=%5E" + name + "$"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        return text.isBlank()
                ? 0
                : Long.parseLong(text.substring(text.indexOf(": ") + 2).strip());
    }

    /** Envoy counts for its reports from here on: it has all clusters, and was asked for them after that. */
    private void awaitCounting() {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(xds.gateways(CLUSTER_ID))
                        .extracting(GatewayReport::state)
                        .containsExactly(GatewayReport.State.CURRENT));
        await().atMost(SOON).until(() -> loads.streams(CLUSTER_ID) == 1);
        await().atMost(SOON).until(() -> stat("load_reporter.requests") == 1);
        interval = Duration.ofMillis(300);
        loads.intervalChanged(CLUSTER_ID);
        loads.intervalChanged(CLUSTER_ID);
        await().atMost(SOON).until(() -> stat("load_reporter.requests") == 2);
        // It has the routes, too: this one leads to no cluster.
        await().atMost(SOON).until(() -> Fixture.get(port, "ready").startsWith("503"));
    }

    private void request(String host, int times, int status) {
        for (int i = 0; i < times; i++) {
            assertThat(Fixture.get(port, host)).startsWith(Integer.toString(status));
        }
    }

    private Traffic traffic(Instant openedAt, Map<String, Instant> currentSince) {
        return loads.traffic(CLUSTER_ID, new Canary(shop.version(), openedAt, currentSince.keySet(), currentSince));
    }

    private Counts all() {
        return traffic(Instant.EPOCH, Map.of()).rest();
    }

    private void awaitAll(Counts counts) {
        await().atMost(SOON).untilAsserted(() -> assertThat(all()).isEqualTo(counts));
    }

    @Test
    void everyRequestToAnUpstreamServiceIsCountedForWhatBecameOfIt() throws Exception {
        awaitCounting();
        request("refuses", 3, 503);
        awaitAll(new Counts(3, 3, 0));
        request("full", 2, 503);
        awaitAll(new Counts(5, 5, 2));
        request("works", 12, 200);
        request("fails", 5, 500);
        request("elsewhere", 4, 404);
        awaitAll(new Counts(22, 10, 2));

        // Nothing is counted twice in the reports that follow.
        long reports = stat("load_reporter.responses");
        await().atMost(SOON).until(() -> stat("load_reporter.responses") > reports + 1);
        assertThat(all()).isEqualTo(new Counts(22, 10, 2));
        assertThat(stat("load_reporter.requests")).isEqualTo(2);
        assertThat(Files.readString(folder.resolve("log"))).doesNotContain("load report");
    }

    @Test
    void whatIsCountedWhileThereIsNoStreamIsInTheFirstReportOfTheNext() throws Exception {
        awaitCounting();
        request("works", 3, 200);
        awaitAll(new Counts(3, 0, 0));
        interval = Duration.ofMinutes(1);
        loads.drain();
        request("fails", 2, 500);
        awaitAll(new Counts(5, 2, 0));
        await().atMost(SOON).until(() -> stat("load_reporter.requests") == 3);
    }

    @Test
    void aCohortIsSeenBeforeAndAfterItGotTheTarget() throws Exception {
        awaitCounting();
        request("works", 10, 200);
        request("fails", 1, 500);
        awaitAll(new Counts(11, 1, 0));

        Instant openedAt = clock.instant();
        Map<String, Instant> currentSince = Map.of(GATEWAY, openedAt);
        assertThat(traffic(openedAt, currentSince)).isEqualTo(Traffic.NONE);
        await().atMost(SOON).until(() -> clock.instant().isAfter(openedAt.plus(SETTLING)));
        long reports = stat("load_reporter.responses");
        await().atMost(SOON).until(() -> stat("load_reporter.responses") > reports);
        request("works", 2, 200);
        request("fails", 6, 500);
        request("refuses", 1, 503);

        Counts after = new Counts(9, 7, 0);
        await().atMost(SOON)
                .untilAsserted(() ->
                        assertThat(traffic(openedAt, currentSince).cohort()).isEqualTo(after));
        Traffic seen = traffic(openedAt, currentSince);
        assertThat(seen.rest()).isEqualTo(Counts.NONE);
        assertThat(seen.before()).isEqualTo(new Counts(11, 1, 0));
        assertThat(seen.after()).isEqualTo(after);
        assertThat(seen.worstBackend()).contains("fails");
    }
}
