package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.observability.JaegerServer;
import dev.mpg.testing.Programs;
import dev.mpg.testing.SelfSigned;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Secrets that users and clients hand to the product don't leave it. Each is another text, put where one can be put; then all
 * that people, scrapers and collectors get is searched for each of them, with everything logged and traced that can be.
 *
 * <p>What a spec holds can be read by whoever may read the spec, and so by {@code kubectl mpg diff} and in ControllerRevisions;
 * a gateway's own admin page on loopback shows its config. Neither is searched for what the spec holds. A gateway's own log
 * has what it refuses as Envoy prints it. A format string that Envoy can't read it quotes when it refuses it, which is passed on
 * since nothing else says what is wrong.
 */
class PlantedSecretIT extends OperatorTest {
    private static final String COLLECTOR_CREDENTIALS = "planted-collector-credentials";
    private static final String HEADER = "planted-header-of-the-spec";
    private static final String SHOWN_HEADER = "planted-header-that-is-shown";
    private static final String REFUSED_KEY = "planted-key-that-is-refused";
    private static final Set<String> REFUSED = Set.of(SHOWN_HEADER, REFUSED_KEY);
    private static final String GOOD_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String FAILED_TRACE = "5bf92f3577b34da6a3ce929d0e0e4736";

    private final Upstream failing = Upstream.failing(503);
    private JaegerServer jaeger;
    private List<String> plantedOnDisk = List.of();

    /** Where each secret was put, by its text. */
    private final Map<String, String> planted = new LinkedHashMap<>();

    @Override
    RunningOperator startOperator(String... options) {
        try {
            jaeger = JaegerServer.start(Files.createDirectories(state.resolve("jaeger")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return RunningOperator.start(
                api.kubeconfig(),
                state,
                Programs.envoy(),
                Map.of(
                        "MPG_LOG_FORMAT",
                        "json",
                        "MPG_GATEWAY_COLLECTOR",
                        jaeger.otlpGrpcUrl().substring("http://".length()),
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        jaeger.otlpHttpUrl(),
                        "OTEL_EXPORTER_OTLP_HEADERS",
                        "authorization=" + COLLECTOR_CREDENTIALS,
                        // Milliseconds.
                        "OTEL_BSP_SCHEDULE_DELAY",
                        "100"),
                Stream.concat(Stream.of("--debug-mode"), Stream.of(options)).toArray(String[]::new));
    }

    @Override
    @AfterAll
    void endEverything() {
        super.endEverything();
        failing.close();
        jaeger.close();
    }

    @Test
    void no_secret_leaves_the_product() throws Exception {
        plant("the collector's credentials in the environment", COLLECTOR_CREDENTIALS);
        plant(
                "the token in the kubeconfig",
                Config.fromKubeconfig(api.kubeconfig().toFile()).getAutoOAuthToken());
        SelfSigned identity = SelfSigned.create(Files.createDirectories(state.resolve("keys")));
        plant("the private key in the spec", partOf(identity.key()));
        plant("a header's value in the spec", HEADER);
        plant("a header's value beside what the gateway refuses", SHOWN_HEADER);
        plant("a private key beside what the gateway refuses", REFUSED_KEY);
        SelfSigned served = SelfSigned.create(Files.createDirectories(state.resolve("served")), HOST);
        plant("the key in a Secret", partOf(served.key()));
        plant("the key in a Secret, as Kubernetes writes it", encodedPartOf(served.secret(namespace, "shop-tls")));
        SelfSigned mistaken = SelfSigned.create(Files.createDirectories(state.resolve("mistaken")), HOST);
        plant("a key in a Secret that cannot be used", partOf(mistaken.key()));
        apply(served.secret(namespace, "shop-tls"));
        kubectl(
                "create",
                "secret",
                "generic",
                "mistaken",
                "--type=kubernetes.io/tls",
                "--from-literal=tls.crt=" + served.certificate(),
                "--from-literal=tls.key=" + mistaken.key());

        apply(shop(1, "one", 3));
        waitProgrammed();
        apply(good(identity));
        waitProgrammed();
        await("the Secret that cannot be used is told of")
                .atMost(SOON)
                .until(() -> "SecretInvalid".equals(condition("ResolvedRefs").getReason()));
        await("the other is served")
                .atMost(SOON)
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> {
                    String address = host(proxy().getStatus().addresses().getFirst());
                    try (var connection = SecureConnection.to(address, 8443, HOST, served, List.of("http/1.1"))) {
                        return connection.get(HOST, "/nowhere") == 404;
                    }
                });
        assertThat(Http.get("http://" + debugAddress() + "/debug/config/dump?cluster=" + namespace + ".shop"))
                .contains("[redacted]", "CN=" + HOST);
        plantedOnDisk = onDisk();
        apply(refused("shown", "Cluster", "two", """
                {op: add, path: /lb_policy, value: CLUSTER_PROVIDED}, {op: add, path: /transport_socket, value: %s}
                """.formatted(tls("no certificate", REFUSED_KEY))));
        apply(refused("beside", "VirtualHost", "routes/" + HOST, """
                {op: add, path: /request_headers_to_add, value: [
                {header: {key: Authorization, value: %s}}, {header: {key: ':path', value: x}}]}
                """.formatted(SHOWN_HEADER)));
        for (String name : List.of("shown", "beside")) {
            await(name + " is refused")
                    .atMost(SOON)
                    .until(() -> "Rejected".equals(condition(name, "Programmed").getReason()));
        }
        send("/checkout", 200, GOOD_TRACE);
        send("/failing", 503, FAILED_TRACE);
        send("/tls", 503, FAILED_TRACE);
        send("/nowhere", 404, FAILED_TRACE);
        await("the failed ones are shown")
                .atMost(SOON)
                .until(() -> json("/debug/requests").path("requests").size() >= 2);
        for (String id : List.of(GOOD_TRACE, FAILED_TRACE, proxy().getStatus().traceId())) {
            await("Jaeger has trace " + id)
                    .atMost(SOON)
                    .until(() -> jaeger.trace(id).isPresent());
        }
        Map<String, String> exposed = exposed();
        exposeFailedExport(exposed);

        assertThat(leaks(exposed)).as("secrets that can be read, and where").isEmpty();
        assertThat(plantedOnDisk).as("secrets on disk, and where").isEmpty();
        assertThat(onDisk()).as("secrets on disk, and where").isEmpty();
    }

    private void plant(String where, String secret) {
        assertThat(secret).hasSizeGreaterThan(16);
        planted.put(secret, where);
    }

    /** Which keys of Secrets are in files of processes, those of proxy instances included. */
    private List<String> onDisk() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(state.resolve("processes"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
                planted.forEach((secret, where) -> {
                    if (where.contains("in a Secret") && bytes.contains(secret)) {
                        found.add(where + ", in " + file);
                    }
                });
            }
        }
        return found;
    }

    /** Each with some of what is around it. */
    private List<String> leaks(Map<String, String> exposed) {
        List<String> leaks = new ArrayList<>();
        exposed.forEach((place, text) -> planted.forEach((secret, where) -> {
            int at = text.indexOf(secret);
            boolean byEnvoy = place.contains("/processes/gateways/") && REFUSED.contains(secret);
            if (at >= 0 && !byEnvoy) {
                leaks.add(where + ", in " + place + ": …"
                        + text.substring(Math.max(0, at - 200), Math.min(text.length(), at + secret.length() + 40))
                        + "…");
            }
        }));
        return leaks;
    }

    /** Routes to what answers, what fails, and what speaks no TLS; with a private key and a header. */
    private String good(SelfSigned identity) throws GeneralSecurityException {
        return shop(1, "one", 3)
                .replace("  listeners: [{name: http, port: 8080}]\n", """
                          listeners:
                          - {name: http, port: 8080}
                          - name: https
                            port: 8443
                            protocol: HTTPS
                            tls:
                              certificates:
                              - {secretName: shop-tls, hostnames: [%s]}
                              - {secretName: mistaken, hostnames: [mistaken.example.com]}
                        """.formatted(HOST))
                .replace("  routes:\n", """
                          envoyPatches:
                          - type: Cluster
                            name: two
                            operations: [{op: add, path: /transport_socket, value: %s}]
                          - type: VirtualHost
                            name: routes/%s
                            operations:
                            - op: add
                              path: /request_headers_to_add
                              value: [{header: {key: Authorization, value: %s}}]
                          routes:
                          - name: failing
                            hostnames: [%s]
                            matches: [{path: {type: PathPrefix, value: /failing}}]
                            backendRefs: [{name: failing, weight: 1}]
                          - name: tls
                            hostnames: [%s]
                            matches: [{path: {type: PathPrefix, value: /tls}}]
                            backendRefs: [{name: two, weight: 1}]
                        """.formatted(
                                tls(identity.certificate(), identity.key()), HOST, HEADER, HOST, HOST))
                .replace("  backends:\n", """
                          backends:
                          - name: failing
                            endpoints: [{host: 127.0.0.1, port: %d}]
                        """.formatted(failing.port()));
    }

    private String refused(String name, String type, String resource, String operations) {
        return shop(1, "one", 3).replace("{name: shop,", "{name: " + name + ",").replace("spec:\n", """
                spec:
                  envoyPatches:
                  - {type: %s, name: %s, operations: [%s]}
                """.formatted(
                        type, resource, operations.strip().replace("\n", " ")));
    }

    /** A transport socket, as JSON in one line. */
    private static String tls(String certificate, String key) {
        try {
            return """
                    {name: envoy.transport_sockets.tls, typed_config: {
                    '@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext,
                    common_tls_context: {tls_certificates: [
                    {certificate_chain: {inline_string: %s}, private_key: {inline_string: %s}}]}}}
                    """.strip()
                    .replace("\n", " ")
                    .formatted(JSON.writeValueAsString(certificate), JSON.writeValueAsString(key));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A sampled request with secrets of its own in the query, in Authorization and in Cookie. */
    private void send(String path, int status, String traceId) {
        String secret = "planted-by-client-" + path.substring(1) + "-in-";
        for (String where : List.of("query", "authorization", "cookie")) {
            plant("a client's " + where + " for " + path, secret + where);
        }
        await(path + " is answered")
                .atMost(SOON)
                .until(() -> Http.statusThrough(
                                proxy().getStatus().addresses().getFirst().address(),
                                HOST,
                                path + "?token=" + secret + "query",
                                "traceparent",
                                "00-" + traceId + "-00f067aa0ba902b7-01",
                                "Authorization",
                                "Bearer " + secret + "authorization",
                                "Cookie",
                                "session=" + secret + "cookie")
                        == status);
    }

    /** What can be read, by where. */
    private Map<String, String> exposed() throws Exception {
        Map<String, String> exposed = new TreeMap<>();
        String operatorUrl = "http://" + operator.httpAddress();
        String instanceUrl = "http://" + debugAddress();
        for (String url : List.of(operatorUrl, instanceUrl)) {
            exposed.put(url + "/metrics", Http.get(url + "/metrics"));
            exposed.put(url + "/metrics as OpenMetrics", openMetrics(url));
            exposed.put(url + "/debug/threads", Http.get(url + "/debug/threads"));
        }
        List<Proxy> proxies =
                client.resources(Proxy.class).inNamespace(namespace).list().getItems();
        for (Proxy proxy : proxies) {
            String name = proxy.getMetadata().getName();
            exposed.put("the status of " + name, Serialization.asJson(proxy.getStatus()));
            for (String url : List.of(operatorUrl, instanceUrl)) {
                String page = url + "/debug/trace?id=" + proxy.getStatus().traceId();
                exposed.put(page, Http.get(page));
            }
            String dump = instanceUrl + "/debug/config/dump?cluster=" + namespace + "." + name;
            exposed.put(dump, Http.get(dump));
            exposed.put("mpg status " + name, mpg("status", name));
        }
        for (String page : List.of("/debug/config/status", "/debug/requests")) {
            exposed.put(page, Http.get(instanceUrl + page));
            exposed.put(page + " as text", Http.get(instanceUrl + page + "?format=text"));
        }
        exposed.put("mpg history", mpg("history", "shop"));
        exposed.put("mpg trace", mpg("trace", "shop", "--jaeger", jaeger.url()));
        exposed.put(
                "the Scheduler's status",
                Serialization.asJson(client.resources(Scheduler.class)
                        .withName("default")
                        .require()
                        .getStatus()));
        exposed.put("Events", kubectl("get", "events", "-o", "json"));
        List<String> services = new ArrayList<>();
        JSON.readTree(Http.get(jaeger.url() + "/api/services"))
                .path("data")
                .forEach(service -> services.add(service.asText()));
        assertThat(services).contains("mpg-operator", "mpg-proxy", "mpg-gateway");
        for (String service : services) {
            exposed.put(
                    "Jaeger's " + service,
                    Http.get(jaeger.url() + "/api/traces?limit=1000&lookback=1h&service=" + service));
        }
        return exposed;
    }

    /** Ends the collector, changes something, and adds the logs. */
    private void exposeFailedExport(Map<String, String> exposed) throws IOException {
        jaeger.close();
        apply(shop(1, "two", 3));
        await("spans are dropped")
                .atMost(SOON)
                .until(() -> Metrics.of(operator.httpAddress()).sum("mpg_trace_spans_dropped_total") > 0);
        try (Stream<Path> files = Files.walk(state)) {
            for (Path log :
                    files.filter(file -> file.toString().endsWith("log")).toList()) {
                exposed.put(log.toString(), Files.readString(log));
            }
        }
    }

    private static String openMetrics(String url) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(URI.create(url + "/metrics"))
                                    .header("Accept", "application/openmetrics-text")
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    /** What {@code kubectl mpg} prints. */
    private String mpg(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mpg.cli.Mpg",
                "kubectl"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-n", namespace));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("KUBECONFIG", api.kubeconfig().toString());
        Process process = builder.start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String encodedPartOf(String secret) {
        String key = secret.substring(secret.indexOf("tls.key: ") + "tls.key: ".length());
        return key.substring(100, 160);
    }

    /** Of one line, so that it's found however lines are ended. */
    private static String partOf(String key) {
        return key.lines().skip(1).findFirst().orElseThrow().substring(24);
    }
}
