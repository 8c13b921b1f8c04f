package dev.mpg.e2e;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.telemetry.RecentSpan;
import dev.mpg.telemetry.RecentTrace;
import io.fabric8.kubernetes.api.model.Event;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** A change is one trace, from the reconcile that sees it to the ACK of each gateway. */
class TraceIT extends OperatorTest {
    private static final String PIPELINE = "4bf92f3577b34da6a3ce929d0e0e4736";

    @Test
    void a_change_is_one_trace_through_all_tiers_and_waves() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        String first = proxy().getStatus().traceId();
        apply(shop(2, "one", 4)
                .replace(
                        "name: shop,",
                        "name: shop, annotations: {mpg.dev/traceparent: 00-" + PIPELINE + "-00f067aa0ba902b7-01},"));
        waitProgrammed();
        String second = proxy().getStatus().traceId();
        assertThat(second).isNotNull().isNotEqualTo(first);

        await("both gateways have told")
                .atMost(SOON)
                .until(() -> named(second, "gateway.apply").size() == 2);
        List<RecentSpan> trace = spans(second);
        Map<String, RecentSpan> byId = trace.stream().collect(toMap(RecentSpan::spanId, Function.identity()));
        assertThat(trace)
                .as("none is an orphan")
                .allMatch(span -> span.parentSpanId() == null || byId.containsKey(span.parentSpanId()));
        assertThat(trace)
                .filteredOn(span -> span.parentSpanId() == null)
                .as("the change")
                .singleElement()
                .satisfies(root -> {
                    assertThat(root.service()).isEqualTo("mpg-operator");
                    assertThat(root.name()).isEqualTo("reconcile");
                    assertThat(root.attributes())
                            .containsEntry("mpg.change", "true")
                            .containsEntry("k8s.proxy.name", "shop");
                    assertThat(root.links()).containsExactly(PIPELINE);
                });
        Map<String, List<RecentSpan>> byName = trace.stream().collect(groupingBy(RecentSpan::name));
        assertThat(byName)
                .containsKeys(
                        "reconcile",
                        "compile",
                        "gather",
                        "decide",
                        "PATCH proxies/status",
                        "proxy.apply",
                        "gateway.apply");
        assertThat(byName.get("reconcile")).as("one wave after the other").hasSizeGreaterThan(1);
        assertThat(named(second, "gateway.apply"))
                .extracting(span -> span.attributes().get("mpg.gateway"))
                .containsExactlyInAnyOrder("shop-0", "shop-1");
        assertThat(named(second, "gateway.apply"))
                .allSatisfy(span -> assertThat(parent(span, byId))
                        .hasValueSatisfying(apply -> assertThat(apply.name()).isEqualTo("proxy.apply")))
                .allMatch(span -> span.error() == null);
        assertThat(byName.get("PATCH proxies/status"))
                .allSatisfy(span -> assertThat(span.attributes()).containsEntry("http.response.status_code", "200"));
        await("Events tell the trace")
                .atMost(SOON)
                .until(() -> client.v1().events().inNamespace(namespace).list().getItems().stream()
                        .filter(event -> second.equals(traceId(event)))
                        .map(Event::getReason)
                        .toList()
                        .containsAll(List.of("WaveOpened", "RolloutComplete")));
    }

    @Test
    void a_refusal_is_an_error_in_the_trace_of_the_change() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        apply(shop(1, "one", 3).replace("spec:\n", """
                spec:
                  envoyPatches:
                  - type: Cluster
                    name: two
                    operations: [{op: add, path: /lb_policy, value: CLUSTER_PROVIDED}]
                """));
        await("it is refused")
                .atMost(SOON)
                .until(() -> "Rejected".equals(condition("Programmed").getReason()));
        assertThat(named(proxy().getStatus().traceId(), "gateway.apply"))
                .singleElement()
                .satisfies(span -> assertThat(span.error()).contains("cluster provided LB specified"));
    }

    private static Optional<RecentSpan> parent(RecentSpan span, Map<String, RecentSpan> byId) {
        return Optional.ofNullable(span.parentSpanId()).map(byId::get);
    }

    private static String traceId(Event event) {
        Map<String, String> annotations = event.getMetadata().getAnnotations();
        return annotations == null ? "" : annotations.getOrDefault(EventRecorder.TRACE_ID, "");
    }

    private List<RecentSpan> named(String traceId, String name) {
        return spans(traceId).stream().filter(span -> span.name().equals(name)).toList();
    }

    /** Of the operator and its proxy instance, which it asks. */
    private List<RecentSpan> spans(String traceId) {
        try {
            RecentTrace trace = new ObjectMapper()
                    .readValue(
                            Http.get("http://" + operator.httpAddress() + "/debug/trace?id=" + traceId),
                            RecentTrace.class);
            assertThat(trace.unreachable()).isEmpty();
            return trace.spans();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
