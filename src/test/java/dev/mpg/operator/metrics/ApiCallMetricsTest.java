package dev.mpg.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.mpg.telemetry.ProcessMetrics;
import dev.mpg.telemetry.Tracing;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.context.Scope;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls of a real client to something that answers like an API server. */
class ApiCallMetricsTest {
    private final ProcessMetrics process = new ProcessMetrics();
    private HttpServer server;
    private KubernetesClient client;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Thread::startVirtualThread);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().toString();
            byte[] body = "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}"
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(path.contains("absent") ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                        .build())
                .withHttpClientBuilderConsumer(
                        http -> http.addOrReplaceInterceptor("metrics", new ApiCallMetrics(process.registry())))
                .build();
    }

    @AfterEach
    void stop() {
        client.close();
        server.stop(0);
        process.close();
    }

    private Collection<Timer> calls(String verb, String resource, String code) {
        return process.registry()
                .find("mpg.api.calls")
                .tags("verb", verb, "resource", resource, "code", code)
                .timers();
    }

    @Test
    void a_call_is_counted_by_what_it_does_and_what_came_of_it() {
        assertThat(client.configMaps().inNamespace("edge").withName("a").get()).isNotNull();
        assertThat(client.configMaps().inNamespace("edge").withName("absent").get())
                .isNull();
        client.namespaces().withName("edge").get();
        client.raw("/readyz");
        assertThat(calls("get", "configmaps", "200"))
                .singleElement()
                .satisfies(timer -> assertThat(timer.count()).isEqualTo(1));
        assertThat(calls("get", "configmaps", "404")).hasSize(1);
        assertThat(calls("get", "namespaces", "200")).hasSize(1);
        assertThat(calls("other", "other", "200")).hasSize(1);
    }

    @Test
    void a_call_within_a_span_leads_to_its_trace() {
        try (Tracing tracing = Tracing.start("mpg-operator", "operator-0", 1, process.registry())) {
            var span = tracing.tracer().spanBuilder("reconcile").startSpan();
            try (Scope _ = span.makeCurrent()) {
                client.configMaps().inNamespace("edge").withName("a").get();
            }
            span.end();
            assertThat(process.registry().scrape("application/openmetrics-text; version=1.0.0; charset=utf-8"))
                    .containsPattern("mpg_api_calls_seconds_bucket\\{[^}]*} \\d # \\{[^}]*trace_id=\""
                            + span.getSpanContext().getTraceId());
        }
    }
}
