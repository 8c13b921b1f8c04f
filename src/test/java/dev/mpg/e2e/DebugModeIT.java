package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.testing.Programs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** With {@code --debug-mode} the logs of all tiers tell each step of a change; as JSON they can be searched by its trace. */
class DebugModeIT extends OperatorTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    RunningOperator startOperator(String... options) {
        return RunningOperator.start(
                api.kubeconfig(),
                state,
                Programs.envoy(),
                Map.of("MPG_LOG_FORMAT", "json"),
                Stream.concat(Stream.of("--debug-mode"), Stream.of(options)).toArray(String[]::new));
    }

    @Test
    void the_logs_tell_each_step_of_a_change() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        String traceId = proxy().getStatus().traceId();
        String clusterId = namespace + ".shop";
        String version = proxy().getStatus().versions().stable();

        await("the Master's steps")
                .atMost(SOON)
                .untilAsserted(() -> assertThat(lines(state.resolve("operator.log"))
                                .filter(line -> traceId.equals(text(line, "traceId"))))
                        .anySatisfy(line -> {
                            assertThat(text(line, "message")).contains("target " + version);
                            assertThat(text(line, "level")).isEqualTo("DEBUG");
                            assertThat(text(line, "controller")).isEqualTo("proxy");
                            assertThat(text(line, "namespace")).isEqualTo(namespace);
                            assertThat(text(line, "name")).isEqualTo("shop");
                            assertThat(text(line, "clusterId")).isEqualTo(clusterId);
                        }));
        await("those of the proxy instance").atMost(SOON).untilAsserted(() -> {
            List<JsonNode> lines = instanceLogs().flatMap(DebugModeIT::lines).toList();
            assertThat(lines)
                    .anySatisfy(line -> {
                        assertThat(text(line, "traceId")).isEqualTo(traceId);
                        assertThat(text(line, "version")).isEqualTo(version);
                    })
                    .anySatisfy(line -> assertThat(text(line, "message"))
                            .contains("gateway shop-0 of cluster " + clusterId + " is sent", "Listener"))
                    .anySatisfy(line -> assertThat(text(line, "message"))
                            .contains("gateway shop-0 of cluster " + clusterId + " is CURRENT at version " + version));
        });
    }

    private static Stream<Path> instanceLogs() {
        try (Stream<Path> files = Files.walk(state)) {
            return files.filter(file -> file.endsWith("default-0/log")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Each line is an object. */
    private static Stream<JsonNode> lines(Path log) {
        try {
            return Files.readAllLines(log).stream().map(line -> {
                try {
                    return JSON.readTree(line);
                } catch (IOException e) {
                    throw new UncheckedIOException("not JSON: " + line, e);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(JsonNode line, String field) {
        return line.path(field).asText();
    }
}
