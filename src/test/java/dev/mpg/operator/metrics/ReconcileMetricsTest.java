package dev.mpg.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.api.Proxy;
import dev.mpg.telemetry.ProcessMetrics;
import dev.mpg.telemetry.Tracing;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Scope;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReconcileMetricsTest {
    private final ProcessMetrics process = new ProcessMetrics();
    private final ReconcileMetrics metrics = new ReconcileMetrics(process.registry(), "proxy");

    @AfterEach
    void close() {
        process.close();
    }

    /** Traced, if at all, as changes are. */
    private void reconcile(double sampling, boolean deleted, Supplier<UpdateControl<Proxy>> work) {
        try (Tracing tracing = Tracing.start("mpg-operator", "operator-0", sampling, process.registry())) {
            Span span = tracing.tracer().spanBuilder("reconcile").startSpan();
            try (Scope _ = span.makeCurrent()) {
                metrics.time(deleted, work);
            } finally {
                span.end();
            }
        }
    }

    private void reconcile(boolean deleted, Supplier<UpdateControl<Proxy>> work) {
        reconcile(1, deleted, work);
    }

    private long count(String result) {
        Timer timer = process.registry()
                .get("operator.reconcile.duration")
                .tags("controller", "proxy", "result", result)
                .timer();
        return timer.count();
    }

    private List<String> buckets() {
        return process.registry()
                .scrape("application/openmetrics-text; version=1.0.0; charset=utf-8")
                .lines()
                .filter(line -> line.startsWith("operator_reconcile_duration_seconds_bucket"))
                .toList();
    }

    @Test
    void each_result_is_counted_as_what_it_is() {
        reconcile(false, UpdateControl::noUpdate);
        reconcile(false, () -> UpdateControl.<Proxy>noUpdate().rescheduleAfter(5));
        reconcile(true, UpdateControl::noUpdate);
        assertThatThrownBy(() -> reconcile(false, () -> {
                    throw new IllegalStateException("the API server is away");
                }))
                .hasMessage("the API server is away");
        assertThat(List.of("success", "rescheduled", "deleted", "error"))
                .allSatisfy(result -> assertThat(count(result)).as(result).isEqualTo(1));
    }

    @Test
    void buckets_are_the_ones_that_dashboards_know() {
        assertThat(buckets())
                .filteredOn(line -> line.contains("result=\"success\""))
                .extracting(line -> line.replaceAll(".*le=\"([^\"]*)\".*", "$1"))
                .containsExactly(
                        "0.001", "0.0025", "0.005", "0.01", "0.02", "0.04", "0.08", "0.16", "0.32", "0.64", "1.28",
                        "2.56", "5.12", "+Inf");
    }

    @Test
    void the_bucket_that_counted_a_reconcile_leads_to_its_trace() {
        reconcile(false, UpdateControl::noUpdate);
        assertThat(buckets())
                .filteredOn(line -> line.contains("# {"))
                .singleElement()
                .asString()
                .contains("result=\"success\"")
                .containsPattern("# \\{span_id=\"[0-9a-f]{16}\",trace_id=\"[0-9a-f]{32}\"}");
    }

    @Test
    void a_trace_that_nobody_keeps_is_no_exemplar() {
        reconcile(0, false, UpdateControl::noUpdate);
        assertThat(count("success")).isEqualTo(1);
        assertThat(buckets()).noneMatch(line -> line.contains("# {"));
    }
}
