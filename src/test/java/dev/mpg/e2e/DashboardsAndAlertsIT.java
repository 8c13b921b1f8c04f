package dev.mpg.e2e;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.mpg.api.ProxyStatus.Address;
import dev.mpg.gateway.HostPort;
import dev.mpg.observability.AlertRule;
import dev.mpg.observability.Dashboard;
import dev.mpg.observability.Dashboard.Panel;
import dev.mpg.observability.PrometheusServer;
import dev.mpg.observability.PrometheusServer.Sample;
import dev.mpg.testing.Programs;
import dev.mpg.testing.SelfSigned;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * The queries of all dashboards and alerts, as they are, in a real Prometheus that scrapes a stack to which everything
 * happens that they are about: a change in waves, traffic, and then one fault after the other. A new dashboard is taken up by
 * itself; what it shows and nobody does here yet is one more line of {@link #prosper} or {@link #suffer}.
 */
class DashboardsAndAlertsIT extends OperatorTest {
    /** As long as the test at least: everything that happened is in it. */
    private static final String WINDOW = "5m";

    /** Gateways report their load every 10 s; one counts as silent after 15 s. */
    private static final Duration SEEN = Duration.ofSeconds(60);

    /** Alerts whose faults take minutes or a fault of the program: {@code alerts.test.yaml} alone has them. */
    private static final Set<String> NOT_MADE_TO_FIRE =
            Set.of("MPGReconcileErrors", "MPGReconcilesSlow", "MPGReconcilesStuck");

    /** What is slow depends on the machine. */
    private static final Set<String> AT_ANY_TIME = Set.of("MPGReconcilesSlow");

    private final Map<String, AlertRule> alerts =
            AlertRule.all().stream().collect(toMap(AlertRule::name, Function.identity()));
    private final List<String> fired = new ArrayList<>();
    private HttpServer collector;
    private PrometheusServer prometheus;

    @Override
    RunningOperator startOperator(String... options) {
        if (prometheus == null) {
            prometheus = PrometheusServer.start(state);
            collector = collector();
        }
        return RunningOperator.start(
                api.kubeconfig(),
                state,
                Programs.envoy(),
                Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        "http://127.0.0.1:" + collector.getAddress().getPort(),
                        "OTEL_BSP_SCHEDULE_DELAY",
                        "100",
                        "OTEL_JAVA_EXPORTER_OTLP_RETRY_DISABLED",
                        "true"),
                options);
    }

    /** Takes spans, and forgets them. */
    private static HttpServer collector() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(200, -1);
                exchange.close();
            });
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    @AfterAll
    void endEverything() {
        super.endEverything();
        collector.stop(0);
        prometheus.close();
    }

    @Test
    void every_query_has_data_and_every_alert_fires_in_its_fault_alone() throws Exception {
        try (Upstream failing = Upstream.failing(500)) {
            observe();
            prosper(failing);
            assertThat(alerts.values())
                    .filteredOn(alert -> !AT_ANY_TIME.contains(alert.name()))
                    .allSatisfy(alert -> assertThat(holds(alert))
                            .as("%s, while all is well", alert)
                            .isEmpty());

            suffer(failing);
            assertThat(queriesWithoutData()).isEmpty();
            assertThat(prometheus.exemplars("mpg_config_convergence_seconds_bucket"))
                    .as("points that lead to a trace")
                    .isNotEmpty();
            breakDown();
        }
        Set<String> all = new TreeSet<>(NOT_MADE_TO_FIRE);
        all.addAll(fired);
        assertThat(alerts.keySet()).as("alerts that fired or can't here").isEqualTo(all);
    }

    private void observe() {
        await("an instance")
                .atMost(SOON)
                .until(() -> scheduler() != null
                        && !scheduler().instances().isEmpty()
                        && scheduler().instances().getFirst().debugAddress() != null);
        prometheus.scrape("mpg-operator", operator.httpAddress());
        prometheus.scrape("mpg-proxy", debugAddress());
    }

    /** A change goes out in waves, under traffic; somebody asks about a route. */
    private void prosper(Upstream failing) throws Exception {
        apply(traffic("one", failing));
        waitProgrammed();
        SelfSigned keys = SelfSigned.create(state);
        apply(secure(keys));
        kubectl("wait", "--for=condition=Programmed", "proxy/secure", "--timeout=30s");
        await("they are scraped")
                .atMost(SOON)
                .until(() -> prometheus.query("up == 1").size() == 2
                        && prometheus.query("mpg_proxy_master_connected == 1").size() == 1);
        try (ConstantTraffic _ = through(HOST)) {
            apply(traffic("two", failing));
            waitProgrammed();
            shakeHands(keys);
            sendPlain(1);
            json("/debug/config/match?cluster=" + namespace + ".shop&host=" + HOST + "&path=/checkout");
            await("load is reported")
                    .atMost(SOON)
                    .until(() -> !prometheus
                            .query("sum(rate(mpg_gateway_requests_total{outcome=\"success\"}[" + WINDOW + "])) > 0")
                            .isEmpty());
            await("handshakes are counted")
                    .atMost(SOON)
                    .until(() -> prometheus
                                    .query("mpg_gateway_tls_handshakes_total > 0")
                                    .size()
                            == 2);
        }
    }

    /** A client makes a TLS connection. */
    private void shakeHands(SelfSigned keys) throws Exception {
        HostPort gateway = secureGateway();
        try (Socket socket = keys.trusting().getSocketFactory().createSocket(gateway.host(), gateway.port())) {
            ((SSLSocket) socket).startHandshake();
        }
    }

    /** So many clients don't. */
    private void sendPlain(int clients) throws IOException {
        HostPort gateway = secureGateway();
        for (int i = 0; i < clients; i++) {
            try (Socket socket = new Socket(gateway.host(), gateway.port())) {
                socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(socket.getInputStream().readAllBytes()).isNotNull();
            }
        }
    }

    private HostPort secureGateway() {
        return HostPort.parse(kubectl("get", "proxy/secure", "-o", "jsonpath={.status.addresses[0].address}"));
    }

    /** Everything goes wrong at which operator and instance keep running. */
    private void suffer(Upstream failing) throws IOException {
        apply(elsewhere(""));
        kubectl("wait", "--for=condition=Programmed", "proxy/quiet", "--timeout=30s");
        String xds = scheduler().instances().getFirst().xdsAddress();
        try (RawGateway silent = RawGateway.connect(xds, namespace + ".quiet", "silent", RawGateway.Answer.NONE);
                ConstantTraffic _ = through("broken.example.com")) {
            await("it has config").atMost(SOON).until(() -> silent.names().contains("one"));
            apply(elsewhere("  - name: trouble\n    endpoints: [{host: 127.0.0.1, port: 7002}]\n"));
            apply(traffic("one", failing).replace("spec:\n", """
                    spec:
                      envoyPatches:
                      - type: Cluster
                        name: two
                        operations: [{op: add, path: /lb_policy, value: CLUSTER_PROVIDED}]
                    """));
            awaitFiring("MPGRolloutFailed", "MPGConfigRejected");
            collector.stop(0);
            Path assignments = assignments();
            Path aside = assignments.resolveSibling("aside");
            Files.move(assignments, aside);
            Files.createFile(assignments);
            apply(lost());
            awaitFiring("MPGServicesWithoutEndpoints", "MPGConfigUnsaved");
            Files.delete(assignments);
            Files.move(aside, assignments);
            sendPlain(100);
            awaitFiring("MPGTLSFailures", "MPGSpansDropped", "MPGUpstreamErrors", "MPGGatewayNotAnswering");
        }
    }

    /** What keeps them running fails, too. */
    private void breakDown() throws IOException {
        try (Stream<Path> files = Files.list(assignments())) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[bytes.length - 1] ^= 1;
                Files.write(file, bytes);
            }
        }
        Path assignments = assignments();
        Path aside = assignments.resolveSibling("aside");
        Files.move(assignments, aside);
        // A file in place of its folder: the instance can't start.
        Files.createFile(assignments);
        killInstance();
        awaitFiring("MPGInstancesMissing", "MPGPlacementStuck");
        Files.delete(assignments);
        Files.move(aside, assignments);
        awaitFiring("MPGDiskCorrupt");
        operator.kill();
        try {
            awaitFiring("MPGNoLeader", "MPGInstanceDisconnected");
            killInstance();
            awaitFiring("MPGInstanceDown");
        } finally {
            operator = startOperator("--keep-running");
        }
    }

    private static void killInstance() {
        ProcessHandle.of(proxyPid()).ifPresent(ProcessHandle::destroyForcibly);
    }

    private static Path assignments() throws IOException {
        try (Stream<Path> files = Files.walk(state.resolve("processes"))) {
            return files.filter(each -> each.endsWith("assignments"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private List<Sample> holds(AlertRule alert) {
        return prometheus.query(alert.expression());
    }

    /** Their expressions hold, which is what they fire for. */
    private void awaitFiring(String... names) {
        for (String name : names) {
            AlertRule alert = alerts.get(name);
            assertThat(alert).as(name).isNotNull();
            await(name).atMost(SEEN).until(() -> !holds(alert).isEmpty());
            fired.add(name);
        }
    }

    private List<String> queriesWithoutData() {
        List<String> without = new ArrayList<>();
        for (Dashboard dashboard : Dashboard.all()) {
            for (Panel panel : dashboard.panels()) {
                for (String query : panel.queries()) {
                    List<Sample> samples = prometheus.query(Dashboard.expand(query, WINDOW));
                    if (samples.stream().noneMatch(sample -> Double.isFinite(sample.value()))) {
                        without.add(dashboard + ", " + panel.title() + ": " + query);
                    }
                }
            }
        }
        return without;
    }

    private ConstantTraffic through(String host) {
        List<String> gateways =
                proxy().getStatus().addresses().stream().map(Address::address).toList();
        return ConstantTraffic.through(gateways, host, "/checkout", 20);
    }

    /** Rolled out in two waves, with a host that fails. */
    private String traffic(String backend, Upstream failing) {
        return shop(2, backend, 3).replace("spec:\n", """
                spec:
                  rollout: {steps: [{gateways: 1, bake: 2s}, {gateways: 100%}]}
                """).replace("  backends:\n", """
                  - name: broken
                    hostnames: [broken.example.com]
                    backendRefs: [{name: broken, weight: 1}]
                  backends:
                  - name: broken
                    endpoints: [{host: 127.0.0.1, port: %d}]
                """.formatted(failing.port()));
    }

    /** Whose gateway takes nothing but TLS. */
    private String secure(SelfSigned keys) throws Exception {
        return shop(1, "one", 3).replace("name: shop", "name: secure") + keys.envoyPatches("http");
    }

    /** Whose gateways are run elsewhere. */
    private String elsewhere(String moreBackends) {
        return shop(0, "one", 3)
                        .replace("name: shop", "name: quiet")
                        .replace("spec:\n", "spec:\n  rollout: {ackTimeout: 1h}\n")
                + moreBackends;
    }

    /** Which refers to a Service that there isn't. */
    private String lost() {
        return """
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: lost, namespace: %s}
                spec:
                  gateway: {replicas: 0}
                  listeners: [{name: http, port: 8081}]
                  routes: [{name: all, backendRefs: [{name: gone}]}]
                  backends: [{name: gone, service: {name: gone, port: 80}}]
                """.formatted(namespace);
    }
}
