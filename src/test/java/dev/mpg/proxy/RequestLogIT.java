package dev.mpg.proxy;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.mpg.api.Proxy;
import dev.mpg.compile.Compiled;
import dev.mpg.compile.RequestTraces;
import dev.mpg.config.Manifests;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.SelfSigned;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Envoy's access log leads requests to the version that served them. */
class RequestLogIT {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private HttpServer upstream;
    private TestMaster master;
    private ProxyProcess proxy;
    private int port;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(ANY, 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(exchange.getRequestURI().getPath().endsWith("/fails") ? 500 : 200, -1);
            exchange.close();
        });
        upstream.start();
        master = TestMaster.start();
        proxy = ProxyProcess.start(new ProxyProcess.Options(
                TestMaster.INSTANCE, master.address(), ANY, ANY, folder.resolve("data"), Optional.empty(), 0));
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
    }

    @AfterEach
    void stop() {
        proxy.close();
        master.close();
        upstream.stop(0);
        http.close();
    }

    private Snapshot config(String route, String patches) {
        String yaml = """
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: %d}]
                  routes:
                  - name: %s
                    hostnames: [localhost]
                    matches: [{path: {value: /shop}}]
                    backendRefs: [{name: shop}]
                  backends:
                  - {name: shop, endpoints: [{host: 127.0.0.1, port: %d}]}
                """.formatted(port, route, upstream.getAddress().getPort());
        return Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read(yaml + patches, Proxy.class))));
    }

    private void serve(Snapshot config) {
        master.publish(Configs.done("shop", config));
        await().until(() -> master.held("shop").contains(config.version()));
    }

    private Envoy gateway(Snapshot config) throws IOException {
        Envoy envoy = Envoy.start(
                folder,
                new Envoy.Node(
                        "gw-0", "shop", Envoy.Api.DELTA_GRPC, proxy.xdsAddress().getPort(), "127.0.0.1"));
        awaitRun(config);
        return envoy;
    }

    private void awaitRun(Snapshot config) {
        await().until(() -> master.gateways("shop").stream()
                .anyMatch(gateway ->
                        gateway.version().equals(config.version()) && gateway.state() == GatewayReport.State.CURRENT));
    }

    private HttpResponse<String> send(String url) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> request(String path) throws IOException, InterruptedException {
        return send("http://localhost:" + port + path);
    }

    private String debug(String path) throws IOException, InterruptedException {
        return send("http://127.0.0.1:" + proxy.debugAddress().getPort() + path).body();
    }

    private double counted(String sample) throws IOException, InterruptedException {
        return debug("/metrics")
                .lines()
                .filter(line -> line.startsWith(sample + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    private JsonNode failed(String traceId) {
        return await().until(
                        () -> JSON.readTree(debug("/debug/requests?trace=" + traceId))
                                .path("requests"),
                        requests -> requests.size() == 1)
                .get(0);
    }

    private static String traceId(HttpResponse<?> response) {
        return response.headers().firstValue(RequestTraces.HEADER).orElseThrow();
    }

    @Test
    void aRequestThatFailedLeadsToTheVersionThatServedIt() throws Exception {
        Snapshot first = config("first", "");
        serve(first);
        try (Envoy envoy = gateway(first)) {
            await().until(() -> request("/shop").statusCode() == 200);
            String failedFirst = traceId(request("/shop/fails?token=planted"));

            Snapshot second = config("second", "");
            serve(second);
            awaitRun(second);
            await().until(() -> failed(traceId(request("/shop/fails")))
                    .path("route")
                    .asText()
                    .equals("second"));
            String failedSecond = traceId(request("/shop/fails"));

            JsonNode request = failed(failedFirst);
            assertThat(request.path("version").path("full").asText())
                    .isEqualTo(first.version().hex());
            assertThat(request.path("route").asText()).isEqualTo("first");
            assertThat(request.path("status").asInt()).isEqualTo(500);
            assertThat(request.path("gateway").asText()).isEqualTo("gw-0");
            assertThat(request.path("cluster").asText()).isEqualTo("shop");
            assertThat(request.path("details").asText()).isEqualTo("via_upstream");
            assertThat(request.path("path").asText()).isEqualTo("/shop/fails");
            assertThat(failed(failedSecond).path("version").path("full").asText())
                    .isEqualTo(second.version().hex());

            assertThat(debug("/debug/requests?format=text&trace=" + failedFirst))
                    .contains(
                            "500 GET localhost:" + port + "/shop/fails",
                            "version " + first.version().abbreviated());
            assertThat(debug("/debug/requests")).doesNotContain("planted");
            JsonNode longer = failed(traceId(request("/shop/" + "x".repeat(5_000) + "/fails")));
            assertThat(longer.path("path").asText()).hasSize(1_024);
            assertThat(JSON.readTree(debug("/debug/requests?gateway=other")).path("requests"))
                    .isEmpty();
            assertThat(envoy.complaints()).isEmpty();
        }
    }

    @Test
    void theMatcherIsTriedOnRequestsOfGateways() throws Exception {
        Snapshot config = config("shop", "");
        serve(config);
        try (Envoy envoy = gateway(config)) {
            envoy.post("/runtime_modify?mpg.request_samples=10000");
            await().until(() -> request("/shop").statusCode() == 200);
            double before = counted("mpg_proxy_rule_matches_total{result=\"same\"}");
            for (int i = 0; i < 50; i++) {
                request("/shop/" + i + "?a=b");
                request("/elsewhere");
            }
            await().until(() -> counted("mpg_proxy_rule_matches_total{result=\"same\"}") >= before + 100);
            assertThat(counted("mpg_proxy_rule_match_duration_seconds_count")).isGreaterThanOrEqualTo(100);
            assertThat(counted("mpg_proxy_rule_matches_total{result=\"different\"}"))
                    .isZero();
            assertThat(counted("mpg_proxy_rule_matches_total{result=\"unjudged\"}"))
                    .isZero();
        }
    }

    @Test
    void handshakesAreCountedByWhetherTheySucceeded() throws Exception {
        SelfSigned keys = SelfSigned.create(folder);
        Snapshot config = config("shop", keys.envoyPatches("http"));
        serve(config);
        try (Envoy envoy = gateway(config);
                HttpClient client =
                        HttpClient.newBuilder().sslContext(keys.trusting()).build()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/shop"))
                    .build();
            await().ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> client.send(request, HttpResponse.BodyHandlers.discarding())
                                    .statusCode()
                            == 200);
            for (int i = 0; i < 3; i++) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    socket.getOutputStream()
                            .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    assertThat(socket.getInputStream().readAllBytes()).isNotNull();
                }
            }
            await().until(() -> counted("mpg_gateway_tls_handshakes_total{result=\"failure\"}") == 3);
            client.shutdownNow();
            await().until(() -> counted("mpg_gateway_tls_handshakes_total{result=\"success\"}") >= 1);
            assertThat(envoy.complaints()).isEmpty();
        }
    }

    @Test
    void ofConnectionsWithoutTlsNothingIsTold() throws Exception {
        Snapshot config = config("shop", "");
        serve(config);
        try (Envoy envoy = gateway(config)) {
            await().until(() -> request("/shop").statusCode() == 200);
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream().write("no HTTP\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                        .startsWith("HTTP/1.1 400");
            }
            await().until(() -> envoy.stat("http.http.downstream_cx_destroy") > 0);
            assertThat(envoy.stat("access_logs.grpc_access_log.logs_written")).isZero();
            assertThat(counted("mpg_gateway_tls_handshakes_total{result=\"success\"}"))
                    .isZero();
        }
    }
}
