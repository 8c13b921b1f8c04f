package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.cli.kubectl.Terminal.Size;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command line means, before any API server is asked. */
class KubectlMpgTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int mpg(String line) {
        Terminal terminal = new Terminal(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                false,
                false,
                true,
                () -> Size.DEFAULT,
                Clock.systemUTC());
        return KubectlMpg.commandLine(terminal).execute(line.isEmpty() ? new String[0] : line.split(" ", -1));
    }

    @Test
    void withoutACommandItTeaches() {
        assertThat(mpg("")).isZero();
        assertThat(out.toString()).contains("Usage: kubectl mpg", "Examples:", "Exit codes:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "history", "diff", "undo", "pause", "resume", "promote", "abort"})
    void theHelpOfACommandTeachesByExample(String command) {
        assertThat(mpg(command + " --help")).isZero();
        assertThat(out.toString())
                .contains("Usage: kubectl mpg " + command, "Examples:", "kubectl mpg " + command + " shop")
                .contains("--namespace", "--context", "--kubeconfig", "--output");
        assertThat(out.toString().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    }

    @ParameterizedTest
    @CsvSource({
        "statsu, Did you mean: kubectl mpg status",
        "history, Missing required parameter",
        "diff shop, Missing required parameter",
        "status shop -A, a NAME is of one namespace",
        "status shop --timeout 3s, --timeout is for --until-done",
        "status shop --until-done --timeout soon, not a duration such as 90s or 10m",
        "pause shop --timeout 2h, 'not a duration such as 10s, of at most 1h'",
        "status -o yaml, expected one of [json]",
    })
    void aWrongCommandLineIsExplained(String line, String explanation) {
        assertThat(mpg(line)).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: ").contains(explanation);
    }

    @Test
    void aKubeconfigThatCannotBeReadIsNamed() {
        assertThat(mpg("status --kubeconfig /nowhere/config")).isEqualTo(1);
        assertThat(err.toString()).isEqualToIgnoringNewLines("error: --kubeconfig: cannot read /nowhere/config");
    }
}
