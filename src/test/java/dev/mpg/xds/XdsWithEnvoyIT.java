package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;
import static dev.mpg.xds.Configs.assignment;
import static dev.mpg.xds.Configs.badCluster;
import static dev.mpg.xds.Configs.badHost;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.listener;
import static dev.mpg.xds.Configs.route;
import static dev.mpg.xds.Configs.with;
import static dev.mpg.xds.Configs.without;
import static dev.mpg.xds.Fixture.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class XdsWithEnvoyIT {
    private static final String CLUSTER_ID = "shop";
    private static final int HOSTS = 100;

    @TempDir
    private Path folder;

    private Fixture fixture;
    private int port;
    private Snapshot shop;

    @BeforeEach
    void serve() throws IOException {
        fixture = new Fixture();
        port = Fixture.freePort();
        shop = shop();
        fixture.xds.assign(assignment(CLUSTER_ID, shop));
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private Snapshot shop() throws IOException {
        Collection<Resource> resources = new ArrayList<>(List.of(
                cluster("a", 1_000),
                endpoints("a", fixture.upstream("a")),
                cluster("b", 1_000),
                endpoints("b", fixture.upstream("b")),
                listener("http", port, "main"),
                route("main")));
        for (int i = 0; i < HOSTS; i++) {
            resources.add(host("main", "host-" + i, "a"));
        }
        return Snapshot.of(resources);
    }

    private Envoy envoy(Api api) throws IOException {
        return Envoy.start(folder, new Envoy.Node("gateway-0", CLUSTER_ID, api, fixture.port(), ""));
    }

    private void assign(Snapshot snapshot) {
        fixture.xds.assign(assignment(CLUSTER_ID, snapshot));
        fixture.awaitState(CLUSTER_ID, State.CURRENT, snapshot);
    }

    private void awaitAnswer(String host, String answer) {
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> get(port, host), answer::equals);
    }

    @ParameterizedTest
    @EnumSource
    void aGatewayIsServedFromTheFirstConnectOn(Api api) throws IOException {
        try (Envoy envoy = envoy(api)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            awaitAnswer("host-7", "200 a");
            assertThat(get(port, "elsewhere")).isEqualTo("404");
            assertThat(Duration.between(envoy.startedAt(), Instant.now())).isLessThan(Duration.ofSeconds(12));
        }
    }

    @Test
    void ofAHundredVirtualHostsOnlyTheChangedOneIsSent() throws IOException {
        try (Envoy envoy = envoy(Api.DELTA_GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            double bytes = fixture.resourceBytes();
            double hosts = fixture.resources(VIRTUAL_HOST);
            Resource changed = host("main", "host-7", "b");
            assign(with(shop, changed));
            awaitAnswer("host-7", "200 b");
            assertThat(fixture.resources(VIRTUAL_HOST) - hosts).isEqualTo(1);
            assertThat(fixture.resourceBytes() - bytes)
                    .isEqualTo(changed.bytes().size());
            assertThat(envoy.complaints()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void noRequestFailsWhileClustersRoutesAndEndpointsChange(Api api) throws IOException, InterruptedException {
        try (Envoy envoy = envoy(api)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            awaitAnswer("host-7", "200 a");
            Collection<String> failures = new ConcurrentLinkedQueue<>();
            AtomicBoolean done = new AtomicBoolean();
            CompletableFuture<Integer> traffic = CompletableFuture.supplyAsync(() -> {
                int requests = 0;
                for (; !done.get(); requests++) {
                    String answer = get(port, "host-7");
                    if (!answer.startsWith("200 ")) {
                        failures.add(answer);
                    }
                }
                return requests;
            });
            long begun = System.nanoTime();
            Snapshot now = shop;
            for (int i = 1; i <= 10; i++) {
                String gone = i % 2 == 0 ? "a" : "b";
                String used = i % 2 == 0 ? "b" : "a";
                // What the virtual host used goes in the very change that makes it use another, new one.
                now = without(without(now, CLUSTER, gone), ENDPOINT, gone);
                now = with(
                        now,
                        cluster(used + "-next", 1_000 + i),
                        endpoints(used + "-next", fixture.upstream("x")),
                        cluster(used, 1_000 + i),
                        endpoints(used, fixture.upstream("x")),
                        host("main", "host-7", i % 3 == 0 ? used + "-next" : used));
                assign(now);
                now = with(now, cluster(gone, 1_000), endpoints(gone, fixture.upstream("x")));
                assign(now);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
            done.set(true);
            assertThat(traffic.join()).isPositive();
            assertThat(failures).isEmpty();
            assertThat(envoy.stat("cluster_manager.warming_clusters")).isZero();
        }
    }

    @Test
    void aSecondListenerWithItsRouteIsServed() throws IOException, InterruptedException {
        try (Envoy envoy = envoy(Api.DELTA_GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            int second = Fixture.freePort();
            Snapshot more = with(shop, listener("second", second, "other"), route("other"), host("other", "x", "b"));
            assign(more);
            await().until(() -> get(second, "x"), "200 b"::equals);
            Snapshot less = without(more, VIRTUAL_HOST, "other/x");
            assign(less);
            await().until(() -> get(second, "x"), "404"::equals);
            assign(without(without(less, LISTENER, "second"), ROUTE, "other"));
            await().atMost(Duration.ofSeconds(5))
                    .until(() -> envoy.stat("listener_manager.total_listeners_active") == 1);
            assertThat(envoy.complaints()).isEmpty();
        }
    }

    @Test
    void aRouteWithoutVirtualHostsDoesNotKeepAListenerWaiting() throws IOException {
        try (Envoy envoy = envoy(Api.DELTA_GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            int second = Fixture.freePort();
            assign(with(shop, listener("second", second, "other"), route("other")));
            await().atMost(Duration.ofSeconds(3)).until(() -> get(second, "x"), "404"::equals);
            assertThat(envoy.complaints()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReconnectMovesNoResource(Api api) throws IOException, InterruptedException {
        try (Envoy envoy = envoy(api)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            awaitAnswer("host-7", "200 a");
            double bytes = fixture.resourceBytes();
            for (int i = 0; i < 3; i++) {
                fixture.restart(assignment(CLUSTER_ID, shop));
                fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            }
            assertThat(fixture.resourceBytes() - bytes).isZero();
            assertThat(get(port, "host-7")).isEqualTo("200 a");
            assertThat(envoy.stat("cluster_manager.cds.update_rejected")).isZero();
        }
    }

    @Test
    void aReconnectToAnotherContentMovesWhatDiffers() throws IOException, InterruptedException {
        try (Envoy envoy = envoy(Api.DELTA_GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            double bytes = fixture.resourceBytes();
            Resource changed = host("main", "host-7", "b");
            Snapshot next = without(with(shop, changed), VIRTUAL_HOST, "main/host-8");
            fixture.restart(assignment(CLUSTER_ID, next));
            fixture.awaitState(CLUSTER_ID, State.CURRENT, next);
            awaitAnswer("host-7", "200 b");
            awaitAnswer("host-8", "404");
            assertThat(fixture.resourceBytes() - bytes)
                    .isEqualTo(changed.bytes().size());
            assertThat(envoy.complaints()).noneMatch(line -> line.contains("rejected"));
        }
    }

    @Test
    void aRefusalIsReportedAndTheNextVersionHeals() throws IOException, InterruptedException {
        try (Envoy envoy = envoy(Api.DELTA_GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            String good = envoy.configDump();
            Snapshot bad = without(
                    with(shop, badHost("main", "host-7"), host("main", "host-8", "b"), host("main", "new", "b")),
                    VIRTUAL_HOST,
                    "main/host-9");
            fixture.xds.assign(assignment(CLUSTER_ID, bad));
            List<Refusal> refusals =
                    fixture.awaitState(CLUSTER_ID, State.REJECTED, bad).refusals();
            assertThat(refusals).singleElement().satisfies(refusal -> {
                assertThat(refusal.typeUrl()).isEqualTo(VIRTUAL_HOST.typeUrl());
                assertThat(refusal.message()).contains("missing ): (unclosed");
                assertThat(refusal.resources())
                        .containsExactly("main/host-7", "main/host-8", "main/new", "main/host-9");
            });
            assertThat(fixture.responses(VIRTUAL_HOST, "nacked")).isEqualTo(1);
            assign(shop);
            assertThat(envoy.configDump()).isEqualTo(good);
            assertThat(fixture.responses(VIRTUAL_HOST, "nacked")).isEqualTo(1);
        }
    }

    @Test
    void aHalfAppliedClusterUpdateIsHealed() throws IOException, InterruptedException {
        try (Envoy envoy = envoy(Api.DELTA_GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            String good = envoy.configDump();
            Snapshot bad = with(shop, cluster("a", 2_000), cluster("c", 1_000), endpoints("c", 1), badCluster("b"));
            fixture.xds.assign(assignment(CLUSTER_ID, bad));
            fixture.awaitState(CLUSTER_ID, State.REJECTED, bad);
            assertThat(envoy.configDump()).isNotEqualTo(good);
            assign(shop);
            await().until(envoy::configDump, good::equals); // The cluster that is left over is removed a little later.
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHalfAppliedUpdateIsHealedAlsoWhenTheStreamEndsInBetween(Api api) throws IOException, InterruptedException {
        try (Envoy envoy = envoy(api)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            String good = envoy.configDump();
            Snapshot bad = with(shop, cluster("a", 2_000), cluster("c", 1_000), endpoints("c", 1), badCluster("b"));
            fixture.xds.assign(assignment(CLUSTER_ID, bad));
            fixture.awaitState(CLUSTER_ID, State.REJECTED, bad);
            assertThat(envoy.configDump()).isNotEqualTo(good);
            fixture.xds.drain();
            assign(shop);
            await().until(envoy::configDump, good::equals); // The cluster that is left over is removed a little later.
        }
    }

    @Test
    void aRefusalIsReportedToStateOfTheWorldToo() throws IOException, InterruptedException {
        try (Envoy envoy = envoy(Api.GRPC)) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, shop);
            String good = envoy.configDump();
            Snapshot bad = with(shop, badHost("main", "host-7"));
            fixture.xds.assign(assignment(CLUSTER_ID, bad));
            assertThat(fixture.awaitState(CLUSTER_ID, State.REJECTED, bad).refusals())
                    .singleElement()
                    .satisfies(refusal -> assertThat(refusal.resources()).containsExactly("main"));
            assign(shop);
            assertThat(envoy.configDump()).isEqualTo(good);
        }
    }

    @Test
    void gatewaysOnOneHostBindTheirOwnAddresses() throws IOException {
        try (Envoy first = Envoy.start(
                        folder, new Envoy.Node("g-1", CLUSTER_ID, Api.DELTA_GRPC, fixture.port(), "127.0.0.11"));
                Envoy second = Envoy.start(
                        folder, new Envoy.Node("g-2", CLUSTER_ID, Api.GRPC, fixture.port(), "127.0.0.12"))) {
            await().until(() -> fixture.xds.gateways(CLUSTER_ID).stream()
                            .filter(report -> report.state() == State.CURRENT)
                            .count()
                    == 2);
            await().until(() -> get("127.0.0.11", port, "host-1"), "200 a"::equals);
            await().until(() -> get("127.0.0.12", port, "host-1"), "200 a"::equals);
            assertThat(get("127.0.0.1", port, "host-1")).contains("refused");
            assertThat(first.complaints()).isEmpty();
            assertThat(second.complaints()).isEmpty();
        }
    }
}
