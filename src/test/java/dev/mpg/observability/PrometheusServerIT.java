package dev.mpg.observability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrometheusServerIT {
    private static final Duration SEEN = Duration.ofSeconds(60);
    private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String METRICS = """
            # TYPE reconcile_duration_seconds histogram
            reconcile_duration_seconds_bucket{controller="proxy",le="0.1"} 1 # {trace_id="%s"} 0.067
            reconcile_duration_seconds_bucket{controller="proxy",le="+Inf"} 2
            reconcile_duration_seconds_sum{controller="proxy"} 1.5
            reconcile_duration_seconds_count{controller="proxy"} 2
            # EOF
            """.formatted(TRACE_ID);

    @TempDir
    private Path folder;

    private HttpServer target;

    @BeforeEach
    void serveMetrics() throws IOException {
        target = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        target.createContext("/metrics", exchange -> {
            byte[] body = METRICS.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders()
                    .set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        target.start();
    }

    @AfterEach
    void endTarget() {
        target.stop(0);
    }

    @Test
    void scrapesTargetsAsTheyComeAndGo() {
        String address = "127.0.0.1:" + target.getAddress().getPort();
        try (PrometheusServer prometheus = PrometheusServer.start(folder)) {
            assertThat(prometheus.query("up")).isEmpty();

            prometheus.scrape("operator", address);
            await("a scrape")
                    .atMost(SEEN)
                    .until(() -> !prometheus.query("up == 1").isEmpty());
            assertThat(prometheus.query("reconcile_duration_seconds_sum"))
                    .containsExactly(new PrometheusServer.Sample(
                            Map.of(
                                    "__name__", "reconcile_duration_seconds_sum",
                                    "controller", "proxy",
                                    "instance", address,
                                    "job", "operator"),
                            1.5));
            assertThat(prometheus.query("-reconcile_duration_seconds_count / 0"))
                    .extracting(PrometheusServer.Sample::value)
                    .containsExactly(Double.NEGATIVE_INFINITY);
            assertThat(prometheus.exemplars("reconcile_duration_seconds_bucket"))
                    .containsExactly(new PrometheusServer.Exemplar(
                            Map.of(
                                    "__name__",
                                    "reconcile_duration_seconds_bucket",
                                    "controller",
                                    "proxy",
                                    "instance",
                                    address,
                                    "job",
                                    "operator",
                                    "le",
                                    "0.1"),
                            Map.of("trace_id", TRACE_ID),
                            0.067));

            prometheus.scrape("operator");
            await("the target is forgotten")
                    .atMost(SEEN)
                    .until(() -> prometheus.query("up").isEmpty());
        }
    }

    @Test
    void tellsWhyAQueryIsRefused() {
        try (PrometheusServer prometheus = PrometheusServer.start(folder)) {
            assertThatThrownBy(() -> prometheus.query("sum("))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("parse error");
            assertThatThrownBy(() -> prometheus.query("up[1m]"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("gives a matrix");
        }
    }
}
