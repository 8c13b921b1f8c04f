package dev.mpg.observability;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What Prometheus itself makes of the alerts: whether they can be read, and when they fire on recorded series. */
class AlertRulesIT {
    static final Path TESTS = Path.of("src/test/resources/observability/alerts.test.yaml");

    @Test
    void canBeRead() throws IOException, InterruptedException {
        promtool("check", "rules", "--lint=all", "--lint-fatal", AlertRule.FILE.toString());
    }

    @Test
    void fireInTheirFaultAndAreSilentElse() throws IOException, InterruptedException {
        promtool("test", "rules", TESTS.toString());
    }

    private static void promtool(String... arguments) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Stream.concat(
                                Stream.of(ServerProcess.program("promtool").toString()), Stream.of(arguments))
                        .toList())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }
}
