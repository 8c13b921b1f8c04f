package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.telemetry.RecentSpan;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraceTreeTest {
    private static RecentSpan span(
            String id, @Nullable String parent, String name, long start, long took, Map<String, String> attributes) {
        return new RecentSpan(
                name.endsWith(".apply") ? "mpg-proxy" : "mpg-operator",
                "trace",
                id,
                parent,
                name,
                start,
                took,
                attributes.get("error"),
                attributes,
                List.of(),
                List.of());
    }

    private static final List<RecentSpan> SPANS = List.of(
            span(
                    "5",
                    "4",
                    "gateway.apply",
                    9_000,
                    6_381,
                    Map.of("mpg.gateway", "shop-0", "mpg.version", "e04e1b9cbf01")),
            span("2", "1", "compile", 1_300, 150, Map.of()),
            span("3", "1", "PATCH proxies/status", 2_000, 6_000, Map.of("http.response.status_code", "200")),
            span("4", "1", "proxy.apply", 8_000, 10_919, Map.of("mpg.version", "e04e1b9cbf01")),
            span(
                    "1",
                    null,
                    "reconcile",
                    1_000,
                    12_500_000,
                    Map.of("controller", "proxy", "k8s.namespace.name", "edge", "k8s.proxy.name", "shop")),
            span(
                    "6",
                    "4",
                    "gateway.apply",
                    9_500,
                    2_000_000,
                    Map.of("mpg.gateway", "shop-1", "mpg.version", "e04e1b9cbf01", "error", "no such filter")));

    @Test
    void causesStandAboveWhatTheyCausedInTheOrderOfTime() {
        assertThat(TraceTree.lines(SPANS, true))
                .extracting(Line::plain)
                .containsExactly(
                        "   BEGAN      TOOK  SPAN",
                        "     0µs     12.5s  reconcile proxy edge/shop  mpg-operator",
                        "   300µs     150µs  ├─ compile",
                        "   1.0ms     6.0ms  ├─ PATCH proxies/status 200",
                        "   7.0ms    10.9ms  └─ proxy.apply e04e1b9cbf01  mpg-proxy",
                        "   8.0ms     6.4ms     ├─ gateway.apply shop-0 e04e1b9cbf01",
                        "   8.5ms    2000ms     └─ gateway.apply shop-1 e04e1b9cbf01  no such filter");
    }

    @Test
    void aSpanWhoseCauseIsNotRememberedStandsOnItsOwn() {
        assertThat(TraceTree.lines(SPANS.subList(0, 1), false))
                .extracting(Line::plain)
                .containsExactly(
                        "   BEGAN      TOOK  SPAN", "     0µs     6.4ms  gateway.apply shop-0 e04e1b9cbf01  mpg-proxy");
    }
}
