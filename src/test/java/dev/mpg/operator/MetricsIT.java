package dev.mpg.operator;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.config.Manifests;
import dev.mpg.operator.MetricsReference.Metric;
import dev.mpg.operator.metrics.ApiCallMetrics;
import dev.mpg.proxy.ProxyProcess;
import dev.mpg.sync.Loopback;
import dev.mpg.telemetry.ProcessMetrics;
import dev.mpg.telemetry.Tracing;
import dev.mpg.testing.KubernetesApi;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** What an operator and a proxy instance that run serve at {@code /metrics}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MetricsIT {
    private static final Path REFERENCE = Path.of("docs/metrics.md");
    private static final int MANY = 500;

    @TempDir
    static Path folder;

    private final KubernetesApi api = KubernetesApi.shared();
    private final HttpClient http = HttpClient.newHttpClient();
    private final ProcessMetrics metrics = new ProcessMetrics();
    private final Tracing tracing = Tracing.start("mpg-operator", "operator-0", 1, metrics.registry());
    private KubernetesClient client;
    private InetSocketAddress httpAddress;
    private OperatorProcess operator;
    private ProxyProcess proxy;
    private String namespace;

    @BeforeAll
    void start() throws IOException {
        api.applyCrds();
        deleteEverything();
        namespace = api.newNamespace();
        InetAddress address = Loopback.next();
        InetSocketAddress syncAddress = new InetSocketAddress(address, freePort(address));
        httpAddress = new InetSocketAddress(address, freePort(address));
        client = new KubernetesClientBuilder()
                .withConfig(api.client().getConfiguration())
                .withHttpClientBuilderConsumer(
                        builder -> builder.addOrReplaceInterceptor("metrics", new ApiCallMetrics(metrics.registry())))
                .build();
        operator = new OperatorProcess(
                client,
                NoInfrastructure::new,
                Optional.empty(),
                why -> {
                    throw new AssertionError(why);
                },
                syncAddress,
                httpAddress,
                metrics.registry(),
                tracing,
                Clock.systemUTC());
        operator.start();
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        proxy = ProxyProcess.start(new ProxyProcess.Options(
                "default-0",
                address.getHostAddress() + ":" + syncAddress.getPort(),
                any,
                any,
                folder,
                Optional.empty(),
                1));
        api.client().resource(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Scheduler
                metadata: {name: default}
                spec: {instances: 1}
                """, Scheduler.class)).create();
        create("shop");
        awaitProgrammed(1);
    }

    @AfterAll
    void stop() {
        deleteEverything();
        proxy.close();
        operator.close();
        client.close();
        tracing.close();
        metrics.close();
        http.close();
    }

    private void deleteEverything() {
        api.client().resources(Proxy.class).inAnyNamespace().delete();
        api.client().resources(Scheduler.class).delete();
    }

    private static int freePort(InetAddress address) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, address)) {
            return socket.getLocalPort();
        }
    }

    private void create(String name) {
        api.client()
                .resource(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: %s, namespace: %s}
                spec:
                  gateway: {replicas: 0}
                  listeners: [{name: http, port: 8080}]
                  routes: [{name: shop, backendRefs: [{name: shop}]}]
                  backends: [{name: shop, endpoints: [{host: 127.0.0.1, port: 7001}]}]
                """.formatted(name, namespace), Proxy.class))
                .create();
    }

    private void awaitProgrammed(int count) {
        await().until(() -> api.client().resources(Proxy.class).inNamespace(namespace).list().getItems().stream()
                        .filter(shop -> shop.getStatus() != null
                                && shop.getStatus().versions() != null
                                && shop.getStatus().versions().stable() != null)
                        .count()
                == count);
    }

    private String page(InetSocketAddress address, String accept) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://"
                                        + address.getAddress().getHostAddress() + ":" + address.getPort() + "/metrics"))
                                .header("Accept", accept)
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private SortedMap<String, Metric> metricsAt(InetSocketAddress address) throws IOException, InterruptedException {
        return MetricsReference.metrics(page(address, "text/plain"));
    }

    @Test
    @Order(1)
    void reconciles_of_both_controllers_lead_to_traces_that_can_be_read() throws Exception {
        List<String> buckets = page(httpAddress, "application/openmetrics-text")
                .lines()
                .filter(line -> line.startsWith("operator_reconcile_duration_seconds_bucket"))
                .toList();
        for (String controller : List.of("proxy", "scheduler")) {
            List<String> traces = buckets.stream()
                    .filter(line -> line.contains("controller=\"" + controller + "\"") && line.contains("# {"))
                    .map(line -> line.replaceAll(".*trace_id=\"([0-9a-f]{32})\".*", "$1"))
                    .toList();
            assertThat(traces).as(controller).isNotEmpty();
            assertThat(traces)
                    .allSatisfy(trace -> assertThat(tracing.recent(trace))
                            .anyMatch(span -> span.getName().equals("reconcile")));
        }
    }

    @Test
    @Order(2)
    void the_sdk_and_the_client_are_measured_without_naming_a_resource() throws Exception {
        String page = page(httpAddress, "text/plain");
        assertThat(page)
                .containsPattern("operator_sdk_controllers_execution_reconcile_seconds_count\\{controller=\"proxy\"")
                .containsPattern("mpg_api_calls_seconds_count\\{[^}]*resource=\"proxies/status\"[^}]*verb=\"patch\"")
                .doesNotContain("operator_sdk_controllers_execution_reconcile_seconds_bucket")
                .doesNotContain("retries_number", "retries_last")
                .doesNotContain("\"shop\"", namespace);
    }

    @Test
    @Order(3)
    void every_metric_is_in_the_reference() throws Exception {
        System.gc();
        SortedMap<String, Metric> ofOperator = metricsAt(httpAddress);
        SortedMap<String, Metric> ofProxy = metricsAt(proxy.debugAddress());
        SortedMap<String, Metric> known = MetricsReference.read(
                Files.exists(REFERENCE) ? Files.readString(REFERENCE, StandardCharsets.UTF_8) : "");
        SortedMap<String, Metric> libraries = new TreeMap<>(known);
        if (Boolean.getBoolean("update")) {
            // Some of theirs come only when something happens, which may be the first time in a check.
            libraries.putAll(ofOperator);
            libraries.putAll(ofProxy);
        }
        libraries.values().removeIf(Metric::isOurs);
        String reference = MetricsReference.of(ours(ofOperator), ours(ofProxy), libraries.values());
        if (Boolean.getBoolean("update")) {
            Files.writeString(REFERENCE, reference);
        }
        assertThat(REFERENCE)
                .as("docs/metrics.md is stale. Run this test with -Dupdate=true and commit its result.")
                .content()
                .isEqualTo(reference);
        assertThat(ofOperator.values()).filteredOn(Metric::isOurs).allSatisfy(MetricsIT::isExplained);
        assertThat(ofProxy.values()).filteredOn(Metric::isOurs).allSatisfy(MetricsIT::isExplained);
    }

    private static void isExplained(Metric metric) {
        assertThat(metric.meaning()).as("%s has no description", metric.name()).isNotBlank();
    }

    private static List<Metric> ours(SortedMap<String, Metric> metrics) {
        return metrics.values().stream().filter(Metric::isOurs).toList();
    }

    @Test
    @Order(4)
    void series_do_not_grow_with_proxies() throws Exception {
        Set<String> before = series();
        int sizeBefore = size();
        IntStream.range(1, MANY).forEach(i -> create("shop-" + i));
        awaitProgrammed(MANY);
        Set<String> after = series();
        System.out.printf(
                "/metrics of operator and proxy instance: %d series, %d bytes with 1 Proxy; %d series, %d bytes with %d%n",
                before.size(), sizeBefore, after.size(), size(), MANY);
        after.removeAll(before);
        assertThat(after).as("series that came with Proxies").noneMatch(name -> name.contains("shop"));
        assertThat(after.size()).as("%s", after).isLessThan(before.size() / 4);
    }

    @Test
    @Order(5)
    void one_more_proxy_costs_a_few_reconciles_beside_however_many() {
        awaitQuiet();
        double proxies = reconciles("proxy");
        double schedulers = reconciles("scheduler");
        create("one-more");
        awaitProgrammed(MANY + 1);
        awaitQuiet();
        proxies = reconciles("proxy") - proxies;
        schedulers = reconciles("scheduler") - schedulers;
        System.out.printf(
                "one more Proxy beside %d: %.0f reconciles of Proxies, %.0f of the Scheduler%n",
                MANY, proxies, schedulers);
        assertThat(proxies).isLessThan(MANY / 10);
        assertThat(schedulers).isLessThan(MANY / 10);
    }

    private double reconciles(String controller) {
        return metrics.registry().get("operator.reconcile.duration").tag("controller", controller).timers().stream()
                .mapToLong(Timer::count)
                .sum();
    }

    /** Nothing is reconciled for longer than a status waits. */
    private void awaitQuiet() {
        double[] before = {-1};
        await().during(Duration.ofSeconds(2)).until(() -> {
            double now = reconciles("proxy") + reconciles("scheduler");
            boolean same = now == before[0];
            before[0] = now;
            return same;
        });
    }

    /** All names with their labels. */
    private Set<String> series() throws IOException, InterruptedException {
        Set<String> series = new TreeSet<>();
        for (InetSocketAddress address : List.of(httpAddress, proxy.debugAddress())) {
            page(address, "text/plain")
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> address.getPort() + " " + line.substring(0, line.lastIndexOf(' ')))
                    .forEach(series::add);
        }
        return series;
    }

    private int size() throws IOException, InterruptedException {
        return page(httpAddress, "text/plain").length()
                + page(proxy.debugAddress(), "text/plain").length();
    }
}
