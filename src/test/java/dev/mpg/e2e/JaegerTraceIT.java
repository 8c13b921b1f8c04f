package dev.mpg.e2e;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.observability.JaegerServer;
import dev.mpg.observability.JaegerServer.Span;
import dev.mpg.observability.JaegerServer.Trace;
import dev.mpg.testing.Programs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What a real Jaeger gets of a change: one trace of all tiers. */
class JaegerTraceIT extends OperatorTest {
    private JaegerServer jaeger;

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
                        "MPG_GATEWAY_COLLECTOR",
                        jaeger.otlpGrpcUrl().substring("http://".length()),
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        jaeger.otlpHttpUrl(),
                        // What waits is sent after this long: milliseconds.
                        "OTEL_BSP_SCHEDULE_DELAY",
                        "100"),
                options);
    }

    @Override
    @AfterAll
    void endEverything() {
        super.endEverything();
        jaeger.close();
    }

    @Test
    void a_change_is_one_trace_of_all_tiers() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        apply(shop(2, "two", 3));
        waitProgrammed();
        String id = proxy().getStatus().traceId();

        await("all of it has arrived")
                .atMost(SOON)
                .until(() -> spans(id)
                                .filter(span -> span.name().equals("gateway.apply"))
                                .count()
                        == 2);
        await("no span is an orphan").atMost(SOON).until(() -> {
            Set<String> ids = spans(id).map(Span::id).collect(toSet());
            return spans(id).allMatch(span -> span.parent().isEmpty() || ids.contains(span.parent()));
        });
        assertThat(spans(id).filter(span -> span.parent().isEmpty()))
                .as("it begins with the change")
                .singleElement()
                .satisfies(root -> {
                    assertThat(root.service()).isEqualTo("mpg-operator");
                    assertThat(root.tags()).containsEntry("mpg.change", "true");
                });
        assertThat(spans(id).map(Span::service)).contains("mpg-operator", "mpg-proxy");
        assertThat(spans(id)
                        .filter(span -> span.name().equals("gateway.apply"))
                        .map(span -> span.tags().get("mpg.gateway")))
                .containsExactlyInAnyOrder("shop-0", "shop-1");
        assertThat(trace("--jaeger", jaeger.url()))
                .contains("reconcile proxy " + namespace + "/shop", "gateway.apply shop-0", "gateway.apply shop-1");
        assertThat(trace("--operator", "http://" + operator.httpAddress()))
                .contains("reconcile proxy " + namespace + "/shop", "gateway.apply shop-0", "gateway.apply shop-1");
    }

    @Test
    void requests_are_spans_of_the_gateway() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        String id = "4bf92f3577b34da6a3ce929d0e0e4736";
        await("a sampled request's spans").atMost(SOON).until(() -> {
            Http.statusThrough(
                    proxy().getStatus().addresses().getFirst().address(),
                    HOST,
                    "/checkout",
                    "traceparent",
                    "00-" + id + "-00f067aa0ba902b7-01");
            return spans(id).anyMatch(span -> span.service().equals("mpg-gateway"));
        });
        assertThat(spans(id).map(span -> span.tags().get("node_id"))).contains("shop-0");
    }

    private Stream<Span> spans(String id) {
        return jaeger.trace(id).map(Trace::spans).orElse(List.of()).stream();
    }

    /** What {@code kubectl mpg trace} prints. */
    private String trace(String... from) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mpg.cli.Mpg",
                "kubectl",
                "trace",
                "shop",
                "-n",
                namespace));
        command.addAll(List.of(from));
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("KUBECONFIG", api.kubeconfig().toString());
            Process process = builder.start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
