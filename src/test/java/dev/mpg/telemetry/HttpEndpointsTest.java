package dev.mpg.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpEndpointsTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpEndpoints endpoints;

    @BeforeEach
    void start() throws IOException {
        endpoints = HttpEndpoints.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void stop() {
        endpoints.close();
        client.close();
    }

    @Test
    void healthIsThereFromTheStart() throws Exception {
        HttpResponse<String> response = get("/healthz");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("ok\n");
    }

    @Test
    void readinessSaysWhatItWaitsFor() throws Exception {
        endpoints.readiness(() -> new HttpEndpoints.Readiness(false, "waiting for the Master"));
        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        assertThat(get("/readyz").body()).isEqualTo("waiting for the Master\n");
        endpoints.readiness(() -> new HttpEndpoints.Readiness(true, "serving 1 Proxy"));
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void metricsComeInTheFormatThatIsAskedFor() throws Exception {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        registry.counter("mpg.pushes").increment();
        endpoints.metrics(registry);
        assertThat(get("/metrics").headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
        assertThat(get("/metrics").body()).contains("mpg_pushes_total 1.0").doesNotContain("# EOF");

        HttpResponse<String> open = get("/metrics", "Accept", "application/openmetrics-text;version=1.0.0");
        assertThat(open.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/openmetrics-text"));
        assertThat(open.body()).contains("mpg_pushes_total 1.0").contains("# EOF");
    }

    @Test
    void anUnknownPathListsThePages() throws Exception {
        HttpResponse<String> response = get("/healthz/nothing");
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body()).contains("no page /healthz/nothing; there are: /healthz");
    }

    @Test
    void onlyReadingIsAllowed() throws Exception {
        HttpResponse<String> response = client.send(
                request("/healthz")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString("x"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow")).hasValue("GET, HEAD");
        assertThat(response.body()).contains("/healthz takes GET, not POST");
        HttpResponse<String> head =
                client.send(request("/healthz").HEAD().build(), HttpResponse.BodyHandlers.ofString());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValue("Content-Length")).hasValue("3");
    }

    @Test
    void theQueryIsDecodedAndCheckedAndAFailureIsNotTold() throws Exception {
        endpoints.page(
                "/echo",
                request ->
                        HttpAnswer.json(200, Map.of("a", request.parameter("a").orElse("none"))));
        endpoints.page("/text", request -> HttpAnswer.text(200, request.wantsText() ? "text" : "json"));
        endpoints.page("/broken", request -> {
            throw new IllegalStateException("secret");
        });
        assertThat(get("/echo?a=x%26y&b").body()).contains("\"a\" : \"x&y\"");
        assertThat(get("/echo").body()).contains("\"a\" : \"none\"");
        assertThat(get("/text?format=text").body()).isEqualTo("text");
        assertThat(get("/text", "Accept", "text/plain").body()).isEqualTo("text");
        assertThat(get("/text", "Accept", "*/*").body()).isEqualTo("json");
        assertThat(get("/text?format=xml").statusCode()).isEqualTo(400);
        assertThat(get("/text?format=xml").body()).contains("format is text or json, not xml");
        assertThat(get("/broken").statusCode()).isEqualTo(500);
        assertThat(get("/broken").body()).doesNotContain("secret");
    }

    @Test
    void requestsAreBounded() throws Exception {
        CountDownLatch full = new CountDownLatch(HttpEndpoints.MAX_REQUESTS);
        CountDownLatch release = new CountDownLatch(1);
        endpoints.page("/slow", request -> {
            full.countDown();
            await(release);
            return HttpAnswer.text(200, "done");
        });
        List<CompletableFuture<HttpResponse<String>>> slow = IntStream.range(0, HttpEndpoints.MAX_REQUESTS)
                .mapToObj(i -> client.sendAsync(request("/slow").build(), HttpResponse.BodyHandlers.ofString()))
                .toList();
        full.await();
        assertThat(get("/healthz").statusCode()).isEqualTo(503);
        release.countDown();
        assertThat(slow).allSatisfy(answer -> assertThat(answer.join().body()).isEqualTo("done"));
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void anAddressInUseIsAnError() {
        assertThatThrownBy(() -> HttpEndpoints.start(endpoints.address())).isInstanceOf(BindException.class);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private java.net.http.HttpRequest.Builder request(String path) {
        return java.net.http.HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + endpoints.address().getPort() + path));
    }

    private HttpResponse<String> get(String path, String... headers) throws Exception {
        java.net.http.HttpRequest.Builder request = request(path);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
