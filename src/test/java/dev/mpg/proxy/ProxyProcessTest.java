package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.first;
import static dev.mpg.proxy.Configs.many;
import static dev.mpg.proxy.Configs.rollout;
import static dev.mpg.proxy.Configs.snapshot;
import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.master.Fleet;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.Snapshot;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProxyProcessTest {
    private static final Snapshot V1 = snapshot("a=1", "b=1");
    private static final Snapshot V2 = snapshot("a=2", "b=1", "c=2");
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir
    Path folder;

    private TestMaster master;
    private ProxyProcess proxy;

    @BeforeEach
    void start() throws IOException {
        master = TestMaster.start();
        proxy = start(master.address());
    }

    @AfterEach
    void stop() {
        proxy.close();
        master.close();
        http.close();
    }

    private ProxyProcess start(String masterAddress) {
        return ProxyProcess.start(
                new ProxyProcess.Options(TestMaster.INSTANCE, masterAddress, ANY, ANY, folder, Optional.empty(), 0));
    }

    private TestGateway gateway(String clusterId, String id) {
        return TestGateway.connect(proxy.xdsAddress(), clusterId, id);
    }

    @Test
    void configGoesFromTheMasterToTheGatewayAndItsAckBack() {
        master.publish(first("shop", V1));
        await().until(() -> master.held("shop").equals(Set.of(V1.version())));
        try (TestGateway gateway = gateway("shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V1));
            await().until(() -> master.gateways("shop").equals(List.of(current("gw-0", V1))));

            master.publish(rollout("shop", V1, V2));
            await().until(() -> gateway.snapshot().equals(V2));
            await().until(() -> master.gateways("shop").equals(List.of(current("gw-0", V2))));
            assertThat(master.held("shop")).containsExactlyInAnyOrder(V1.version(), V2.version());
        }
        await().until(() -> master.gateways("shop").isEmpty());
    }

    private static GatewayReport current(String gateway, Snapshot version) {
        return new GatewayReport(gateway, State.CURRENT, version.version(), List.of());
    }

    @Test
    void metricsCountTheGatewaysCallsAndMessages() throws Exception {
        master.publish(first("shop", V1));
        await().until(() -> !master.held("shop").isEmpty());
        try (TestGateway gateway = gateway("shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V1));
            assertThat(get("/metrics").body())
                    .containsPattern("grpc_server_started_total\\{[^}]*DeltaAggregatedResources[^}]*} 1\\.0")
                    .containsPattern("grpc_server_msg_received_total\\{[^}]*DeltaAggregatedResources[^}]*} [1-9]")
                    .containsPattern("grpc_server_msg_sent_total\\{[^}]*DeltaAggregatedResources[^}]*} [1-9]")
                    .contains("executor_queued_tasks{name=\"housekeeper\"}")
                    .doesNotContain("grpc_server_handled");
        }
        await().untilAsserted(() -> assertThat(get("/metrics").body())
                .containsPattern("grpc_server_handled_total\\{[^}]*DeltaAggregatedResources[^}]*} 1\\.0"));
    }

    @Test
    void theMasterHearsOfAProxyWithoutGateways() {
        master.publish(first("shop", V1));
        await().until(() -> master.fleet("shop").targets().equals(Map.of(TestMaster.INSTANCE, V1.version())));
    }

    @Test
    void aRefusalReachesTheMasterAndTheStatusInTheGatewaysWords() throws Exception {
        master.publish(done("shop", V1));
        await().until(() -> !master.held("shop").isEmpty());
        Assignment open = new Assignment("shop", Optional.of(V1), V2, new Cohort(1, List.of("gw-7")), List.of(), "");
        master.publish(open);
        await().until(() -> master.held("shop").contains(V2.version()));
        try (TestGateway gateway =
                TestGateway.refusing(proxy.xdsAddress(), "shop", "gw-7", "cluster 'a' is \u001b[31mbad\nreally")) {
            await().until(() -> master.gateways("shop").stream()
                    .anyMatch(report -> report.state() == State.REJECTED
                            && report.refusals().getFirst().message().contains("cluster 'a' is")));
            assertThat(gateway.end()).isEmpty();
            JsonNode status = json(get("/debug/config/status?cluster=shop"));
            assertThat(status.at("/clusters/0/count/rejected").asInt()).isEqualTo(1);
            assertThat(status.at("/clusters/0/gateways/0/state").asText()).isEqualTo("REJECTED");
            assertThat(status.at("/clusters/0/gateways/0/refusals/0/message").asText())
                    .startsWith("cluster 'a' is");
            assertThat(get("/debug/config/status?format=text").body())
                    .contains("gw-7", "REJECTED", "Cluster [a, b, c]: cluster 'a' is  [31mbad really")
                    .doesNotContain("\u001b");
        }
    }

    @Test
    void whatTheMasterWasToldIsRefusedIsGivenToNobodyAfterARestart() throws Exception {
        Assignment open =
                new Assignment("shop", Optional.of(V1), V2, new Cohort(1, List.of("gw-0", "gw-1")), List.of(), "");
        master.publish(open);
        await().until(() -> master.held("shop").contains(V2.version()));
        try (TestGateway gateway = TestGateway.refusing(proxy.xdsAddress(), "shop", "gw-0", "no")) {
            await().until(() -> master.gateways("shop").stream().anyMatch(report -> report.state() == State.REJECTED));
            assertThat(gateway.end()).isEmpty();
        }
        proxy.close();
        proxy = start(master.address());
        try (TestGateway first = gateway("shop", "gw-0");
                TestGateway second = gateway("shop", "gw-1")) {
            await().until(() -> first.snapshot().equals(V1) && second.snapshot().equals(V1));
            await().until(() -> states().equals(Map.of("gw-0", State.REJECTED, "gw-1", State.CURRENT)));
            JsonNode shop = json(get("/debug/config/status")).at("/clusters/0");
            assertThat(shop.at("/cohort/wave").asInt()).isEqualTo(1);
            assertThat(shop.at("/cohort/gateways")).hasSize(2);
            assertThat(shop.at("/putBack")).hasSize(1);
            assertThat(shop.at("/putBack/0").asText()).isEqualTo("gw-0");
            assertThat(shop.at("/unsaved").isNull()).isTrue();

            master.publish(
                    new Assignment("shop", Optional.of(V1), V2, new Cohort(2, List.of("gw-0", "gw-1")), List.of(), ""));
            await().alias("another wave asks again")
                    .until(() ->
                            first.snapshot().equals(V2) && second.snapshot().equals(V2));
        }
    }

    private Map<String, State> states() {
        return master.gateways("shop").stream().collect(Collectors.toMap(GatewayReport::gateway, GatewayReport::state));
    }

    @Test
    void withoutADiskItServesFromMemoryAndSaysSo() throws Exception {
        proxy.close();
        // As on a read-only volume, but for root too: the lock cannot be opened to be written.
        folder = Files.createDirectory(folder.resolve("broken"));
        Files.createDirectory(folder.resolve("lock"));
        proxy = start(master.address());
        master.publish(done("shop", V1));
        await().until(() -> unsaved().isPresent());
        assertThat(unsaved().orElseThrow())
                .contains("is served from memory only: it is lost when this instance restarts", "cannot be used");
        assertThat(master.held("shop")).containsExactly(V1.version());
        try (TestGateway gateway = gateway("shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V1));
            await().until(() -> master.gateways("shop").equals(List.of(current("gw-0", V1))));
        }
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        JsonNode status = json(get("/debug/config/status"));
        assertThat(status.at("/clusters/0/unsaved").asText()).contains("from memory only");
        assertThat(status.at("/disk/lastError").asText()).contains("not on disk");
        assertThat(get("/debug/config/status?format=text").body()).contains("DISK FAILS", "NO");
        assertThat(get("/metrics").body()).contains("mpg_proxy_unsaved 1.0");
    }

    private Optional<String> unsaved() {
        return Optional.ofNullable(master.fleet("shop").instances().get(TestMaster.INSTANCE))
                .flatMap(Fleet.Serving::unsaved);
    }

    @Test
    void theStatusTellsWhatIsServed() throws Exception {
        master.publish(rollout("shop", V1, V2), first("blog", V1));
        await().until(() ->
                !master.held("blog").isEmpty() && !master.held("shop").isEmpty());
        try (TestGateway gateway = gateway("shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V2));
            await().until(() -> master.gateways("shop").equals(List.of(current("gw-0", V2))));
            JsonNode status = json(get("/debug/config/status"));
            assertThat(status.at("/instance").asText()).isEqualTo(TestMaster.INSTANCE);
            assertThat(status.at("/master/connected").asBoolean()).isTrue();
            assertThat(status.at("/master/address").asText()).isEqualTo(master.address());
            assertThat(status.at("/clusters")).hasSize(2);
            JsonNode shop = status.at("/clusters/1");
            assertThat(shop.at("/clusterId").asText()).isEqualTo("shop");
            assertThat(shop.at("/versions/target/version").asText())
                    .isEqualTo(V2.version().abbreviated());
            assertThat(shop.at("/versions/target/full").asText())
                    .isEqualTo(V2.version().hex());
            assertThat(shop.at("/versions/stable/full").asText())
                    .isEqualTo(V1.version().hex());
            assertThat(shop.at("/resources").asInt()).isEqualTo(3);
            assertThat(shop.at("/bytes").asInt()).isEqualTo(9);
            assertThat(shop.at("/members/0").asText()).isEqualTo("gw-0");
            assertThat(shop.at("/gateways/0/gateway").asText()).isEqualTo("gw-0");
            assertThat(shop.at("/gateways/0/streams/0/protocol").asText()).isEqualTo("DELTA");
            assertThat(status.at("/clusters/0/versions/stable").isNull()).isTrue();
            assertThat(status.at("/disk/packs").asInt())
                    .as("so little lies in the assignment")
                    .isZero();
            assertThat(status.at("/disk/bytes").asInt()).isPositive();
            assertThat(status.at("/disk/path").asText()).isEqualTo(folder.toString());

            assertThat(json(get("/debug/config/status?cluster=blog")).at("/clusters"))
                    .hasSize(1);
            HttpResponse<String> unknown = get("/debug/config/status?cluster=shap");
            assertThat(unknown.statusCode()).isEqualTo(404);
            assertThat(unknown.body()).contains("this instance serves no Proxy shap; it serves: blog, shop");
            assertThat(get("/debug/config/status?format=text").body().lines())
                    .anySatisfy(line -> assertThat(line)
                            .startsWith("shop")
                            .contains(V2.version().abbreviated()))
                    .anySatisfy(line -> assertThat(line).startsWith("gw-0").contains("CURRENT"));

            JsonNode dump = json(get("/debug/config/dump?cluster=shop&type=Cluster"));
            assertThat(dump.at("/resources")).hasSize(3);
            assertThat(dump.at("/resources/2/name").asText()).isEqualTo("c");
            assertThat(get("/debug/config/dump?cluster=shop&type=Clusters").statusCode())
                    .isEqualTo(400);
            assertThat(get("/metrics").body()).contains("mpg_proxy_assignments 2.0", "jvm_memory_used_bytes");
        }
    }

    @Test
    void readinessNeedsTheMasterOrConfig() throws Exception {
        await().until(() -> get("/readyz").statusCode() == 200);
        master.publish(first("shop", V1));
        await().until(() -> !master.held("shop").isEmpty());
        master.close();
        await().until(() -> get("/readyz").body().contains("not connected"));
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").body()).startsWith("serving 1 Proxies");
    }

    @Test
    void withoutMasterAndConfigItIsNotReady() throws Exception {
        master.close();
        await().until(() -> get("/readyz").statusCode() == 503);
        assertThat(get("/readyz").body()).startsWith("it has no config on disk and has not reached the Master");
    }

    @Test
    void aProxyThatIsPlacedElsewhereIsForgotten() {
        master.publish(first("shop", V1), first("blog", V2));
        await().until(() ->
                !master.held("shop").isEmpty() && !master.held("blog").isEmpty());
        try (TestGateway gateway = gateway("shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V1));
            master.withdraw("shop");
            await().until(() -> gateway.end().isPresent());
            assertThat(gateway.end().orElseThrow().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        }
        proxy.close();
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.holdings()).containsOnlyKeys("blog");
        }
    }

    @Test
    void closingEndsTheGatewaysStreamsAndFreesTheFolder() {
        master.publish(first("shop", V1));
        await().until(() -> !master.held("shop").isEmpty());
        try (TestGateway gateway = gateway("shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V1));
            assertThatThrownBy(() -> start(master.address()))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("in use by another process");
            proxy.close();
            await().until(() -> gateway.end().isPresent());
            assertThat(gateway.end().orElseThrow().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(gateway.end().orElseThrow().getDescription())
                    .as("it is ended, not cut")
                    .isEqualTo("this instance is shutting down");
        }
        AssignmentStore.open(folder).close();
    }

    @Test
    void manyGatewaysOfALargeConfigAreAllReported() {
        Snapshot large = many(5_000, "v1-");
        master.publish(first("shop", large));
        await().until(() -> !master.held("shop").isEmpty());
        List<TestGateway> gateways =
                IntStream.range(0, 20).mapToObj(i -> gateway("shop", "gw-" + i)).toList();
        try {
            await().until(() -> master.gateways("shop").size() == 20
                    && master.gateways("shop").stream().allMatch(report -> report.state() == State.CURRENT));
        } finally {
            gateways.forEach(TestGateway::close);
        }
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create(
                                "http://127.0.0.1:" + proxy.debugAddress().getPort() + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) throws IOException {
        assertThat(response.statusCode()).isEqualTo(200);
        return new ObjectMapper().readTree(response.body());
    }
}
