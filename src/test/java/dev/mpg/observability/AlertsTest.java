package dev.mpg.observability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every alert of the chart, without running anything. */
class AlertsTest {
    private static final Path RUNBOOKS = Path.of("docs/runbooks");
    private static final String INDEX = "README.md";

    static List<AlertRule> alerts() {
        return AlertRule.all();
    }

    @Test
    void theirNamesAreTheirOwn() {
        assertThat(AlertRule.all()).extracting(AlertRule::name).isNotEmpty().doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("alerts")
    void saysHowBadItIsAndWhatToDo(AlertRule alert) throws IOException {
        assertThat(alert.name()).matches("MPG[A-Za-z]+");
        assertThat(alert.json().at("/labels/severity").asText()).isIn("critical", "warning", "info");
        assertThat(alert.annotation("summary")).isNotBlank();
        assertThat(alert.annotation("description")).isNotBlank();
        Path runbook = Path.of(alert.annotation("runbook_url"));
        assertThat(runbook.getParent()).isEqualTo(RUNBOOKS);
        assertThat(Files.readString(runbook))
                .startsWith("# " + alert.name() + "\n")
                .contains("severity: " + alert.json().at("/labels/severity").asText() + "\n")
                .contains("\n## What it means\n", "\n## What to look at\n", "\n## How to mend it\n");
        assertThat(Files.readString(RUNBOOKS.resolve(INDEX)))
                .contains("[`" + alert.name() + "`](" + runbook.getFileName() + ")");
    }

    @ParameterizedTest
    @MethodSource("alerts")
    void speaksOfMetricsThatThereAre(AlertRule alert) {
        assertThat(KnownMetrics.in(alert.expression())).isNotEmpty();
        assertThat(KnownMetrics.read().unknownIn(alert.expression())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("alerts")
    void isTestedFiringAndSilent(AlertRule alert) {
        List<JsonNode> tests = Dashboard.stream(
                        AlertRule.yaml(AlertRulesIT.TESTS).path("tests"))
                .flatMap(test -> Dashboard.stream(test.path("alert_rule_test")))
                .filter(test -> test.path("alertname").asText().equals(alert.name()))
                .toList();
        assertThat(tests).anyMatch(test -> !test.path("exp_alerts").isEmpty());
        assertThat(tests).anyMatch(test -> test.path("exp_alerts").isEmpty());
    }

    @Test
    void everyRunbookIsOfAnAlert() throws IOException {
        try (Stream<Path> pages = Files.list(RUNBOOKS)) {
            assertThat(pages.map(Path::getFileName).map(Path::toString).filter(page -> !page.equals(INDEX)))
                    .containsExactlyInAnyOrderElementsOf(AlertRule.all().stream()
                            .map(alert -> Path.of(alert.annotation("runbook_url"))
                                    .getFileName()
                                    .toString())
                            .toList());
        }
    }
}
