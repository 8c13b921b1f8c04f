package dev.mpg.observability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JaegerServerIT {
    private static final Duration SEEN = Duration.ofSeconds(60);
    private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String PARENT_ID = "00f067aa0ba902b7";
    private static final String SPAN_ID = "53995c3f42cd8ad8";

    @TempDir
    private Path folder;

    @Test
    void givesBackASpanThatItTook() throws IOException, InterruptedException {
        try (JaegerServer jaeger = JaegerServer.start(folder)) {
            assertThat(jaeger.trace(TRACE_ID)).isEmpty();
            assertThat(jaeger.traces("mpg-operator")).isEmpty();
            assertThat(jaeger.otlpGrpcUrl()).startsWith("http://127.0.0.1:").isNotEqualTo(jaeger.otlpHttpUrl());

            post(jaeger.otlpHttpUrl() + "/v1/traces", span());

            await("the span").atMost(SEEN).until(() -> jaeger.trace(TRACE_ID).isPresent());
            JaegerServer.Trace trace = jaeger.trace(TRACE_ID).orElseThrow();
            assertThat(trace.id()).isEqualTo(TRACE_ID);
            assertThat(trace.spans()).singleElement().satisfies(span -> {
                assertThat(span.id()).isEqualTo(SPAN_ID);
                assertThat(span.parent()).isEqualTo(PARENT_ID);
                assertThat(span.service()).isEqualTo("mpg-operator");
                assertThat(span.name()).isEqualTo("reconcile shop");
                assertThat(span.tags()).containsEntry("controller", "proxy").containsEntry("attempt", "2");
            });
            assertThat(jaeger.traces("mpg-operator")).isEqualTo(List.of(trace));
        }
    }

    /** In OTLP's JSON encoding. Jaeger looks for traces of the last days only, so it is of now. */
    private static String span() {
        long now = TimeUnit.MILLISECONDS.toNanos(Instant.now().toEpochMilli());
        return """
                {"resourceSpans": [{
                  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "mpg-operator"}}]},
                  "scopeSpans": [{"spans": [{
                    "traceId": "%s", "spanId": "%s", "parentSpanId": "%s", "name": "reconcile shop", "kind": 1,
                    "startTimeUnixNano": "%d", "endTimeUnixNano": "%d",
                    "attributes": [
                      {"key": "controller", "value": {"stringValue": "proxy"}},
                      {"key": "attempt", "value": {"intValue": "2"}}]
                  }]}]
                }]}
                """.formatted(TRACE_ID, SPAN_ID, PARENT_ID, now, now + 1_000_000);
    }

    private static void post(String url, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(url))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(json))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    }
}
