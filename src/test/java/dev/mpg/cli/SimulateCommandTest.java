package dev.mpg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;
import picocli.CommandLine;

class SimulateCommandTest {
    private static final Path CHART = Path.of("docs/placement.svg");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int simulate(String arguments) {
        CommandLine commands = Mpg.commandLine();
        commands.setOut(new PrintWriter(out, true));
        commands.setErr(new PrintWriter(err, true));
        return commands.execute(("simulate " + arguments).split(" "));
    }

    @Test
    void theTableShowsMeasuredWorkedOutAndPublished() {
        assertThat(simulate("--runs 5")).isZero();
        assertThat(out.toString().lines().toList())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80))
                .anySatisfy(line -> assertThat(line).matches("Random +\\d+\\.\\d% \\(\\d\\.\\d\\) +\\d+\\.\\d .*"))
                .anySatisfy(line -> assertThat(line).startsWith("AffinityLeastLoaded"))
                .anySatisfy(line -> assertThat(line).matches("  random +38\\.2% +142\\.0 +9\\.7"))
                .anySatisfy(line -> assertThat(line).isEqualTo("published, not measured here:"))
                .anySatisfy(line -> assertThat(line).matches("  affinity, least loaded +21\\.5% +23\\.0 +2\\.1"));
    }

    @Test
    void anotherWorkloadHasNothingPublished() {
        assertThat(simulate("--runs 1 --tasks 50 --churn 0.1 --policy random")).isZero();
        assertThat(out.toString())
                .contains("50 tasks", "churn 0.1", "Random")
                .doesNotContain("published", "formula", "RoundRobin");
    }

    @Test
    void jsonHasTheSameNumbersForEqualSeeds() throws IOException {
        assertThat(simulate("-o json --runs 3 --seed 9")).isZero();
        String first = out.toString();
        JsonNode document = new ObjectMapper().readTree(first);
        assertThat(document.get("policies")).hasSize(4);
        assertThat(document.get("policies").get(0).get("missRate").asDouble()).isBetween(0.2, 0.6);
        assertThat(document.get("published").get(0).get("missRate").asDouble()).isEqualTo(0.382);
        out.getBuffer().setLength(0);
        simulate("-o json --runs 3 --seed 9");
        assertThat(out.toString()).isEqualTo(first);
    }

    /** {@code -Dupdate=true} writes it anew. */
    @Test
    void theChartOfTheDocsIsWhatTheCommandDraws() throws Exception {
        assertThat(simulate("-o svg")).isZero();
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(out.toString())));
        if (Boolean.getBoolean("update")) {
            Files.writeString(CHART, out.toString());
        }
        assertThat(CHART).content().isEqualTo(out.toString());
    }

    @Test
    void theHelpTeaches() {
        assertThat(simulate("--help")).isZero();
        assertThat(out.toString()).contains("How to read it:", "mpg simulate --churn 0.2", "AffinityLeastLoaded");
        assertThat(out.toString().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @ParameterizedTest
    @CsvSource({
        "--cores 0, cores is 1 to 1000",
        "--runs 0, runs is at least 1",
        "--churn 2, churn is 0 to 1",
        "--max-load-factor 0.5, a maximum load factor is 1 to 1000",
        "--policy best, AffinityLeastLoaded",
    })
    void aWrongValueIsExplained(String arguments, String explanation) {
        assertThat(simulate(arguments)).isEqualTo(2);
        assertThat(err.toString()).contains(explanation).doesNotContain("Exception");
    }
}
