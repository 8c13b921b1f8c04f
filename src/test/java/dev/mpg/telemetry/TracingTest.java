package dev.mpg.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TracingTest {
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    private Tracing start(double sampling) {
        return Tracing.start("mpg-operator", "operator-0", sampling, metrics, Map.of());
    }

    private static String traced(Tracing tracing, boolean change) {
        Span span = tracing.tracer()
                .spanBuilder("reconcile")
                .setAttribute(Tracing.CHANGE, change)
                .startSpan();
        span.end();
        return span.getSpanContext().getTraceId();
    }

    @Test
    void aChangeIsAlwaysRemembered() {
        try (Tracing tracing = start(0.000_001)) {
            assertThat(tracing.recent(traced(tracing, true)))
                    .extracting(SpanData::getName)
                    .containsExactly("reconcile");
            assertThat(tracing.recent(traced(tracing, false))).isEmpty();
        }
    }

    @Test
    void withoutSamplingNothingIs() {
        try (Tracing tracing = start(0)) {
            assertThat(tracing.recent(traced(tracing, true))).isEmpty();
        }
    }

    @Test
    void theSpanOfAnotherProcessIsAParentAsItsTextSays() {
        try (Tracing here = start(1);
                Tracing there = start(0.000_001)) {
            Span parent = here.tracer().spanBuilder("here").startSpan();
            Span child = there.tracer()
                    .spanBuilder("there")
                    .setParent(TraceContext.context(TraceContext.text(parent.getSpanContext())))
                    .startSpan();
            child.end();
            assertThat(there.recent(parent.getSpanContext().getTraceId()))
                    .singleElement()
                    .satisfies(span -> assertThat(span.getParentSpanId())
                            .isEqualTo(parent.getSpanContext().getSpanId()));
        }
    }

    @Test
    void whatIsNoTraceparentIsNobodysParent() {
        for (String text :
                new String[] {"", "nonsense", "00-0-0-01", "00-" + "0".repeat(32) + "-00f067aa0ba902b7-01"}) {
            assertThat(TraceContext.parse(text)).as(text).isEmpty();
        }
    }

    @Test
    void onlyTheLastTracesAreRemembered() {
        try (Tracing tracing = start(1)) {
            String first = traced(tracing, true);
            for (int i = 0; i < RecentSpans.MAX_TRACES; i++) {
                traced(tracing, true);
            }
            assertThat(tracing.recent(first)).isEmpty();
        }
    }

    @Test
    void ofALongTraceTheBeginningAndOfAllTheLastAreRemembered() {
        try (Tracing tracing = start(1)) {
            String first = traced(tracing, true);
            Span change = tracing.tracer().spanBuilder("change").startSpan();
            int traces = RecentSpans.MAX_ALL / RecentSpans.MAX_SPANS;
            for (int i = 0; i < traces; i++) {
                Span root = tracing.tracer().spanBuilder("root").startSpan();
                for (int j = 0; j <= RecentSpans.MAX_SPANS; j++) {
                    tracing.tracer()
                            .spanBuilder("span " + j)
                            .setParent(Context.root().with(root))
                            .startSpan()
                            .end();
                }
                assertThat(tracing.recent(root.getSpanContext().getTraceId()))
                        .hasSize(RecentSpans.MAX_SPANS)
                        .first()
                        .satisfies(span -> assertThat(span.getName()).isEqualTo("span 0"));
            }
            assertThat(tracing.recent(first)).isEmpty();
            change.end();
            assertThat(tracing.recent(change.getSpanContext().getTraceId())).hasSize(1);
        }
    }

    @Test
    void whatACollectorDoesNotTakeIsDroppedAndCounted() throws IOException {
        // A port that nobody listens on: the collector is away.
        InetSocketAddress nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), freePort());
        Tracing tracing = Tracing.start(
                "mpg-operator",
                "operator-0",
                1,
                metrics,
                Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + nobody.getPort()));
        try (tracing) {
            for (int i = 0; i < 10_000; i++) {
                traced(tracing, true);
            }
            await("dropped spans are counted")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> metrics.get("mpg.trace.spans.dropped")
                                    .functionCounter()
                                    .count()
                            > 0);
        }
    }

    private static int freePort() throws IOException {
        try (java.net.ServerSocket socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void gRpcToTheCollectorIsRefusedWithWhatToDo() {
        assertThatThrownBy(() -> Tracing.start(
                        "mpg-operator", "operator-0", 1, metrics, Map.of("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")))
                .hasMessageContaining("use")
                .hasMessageContaining("http/protobuf");
    }
}
