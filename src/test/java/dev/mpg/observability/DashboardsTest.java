package dev.mpg.observability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.observability.Dashboard.Panel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every dashboard of the chart, without running anything. */
class DashboardsTest {
    private static final Pattern RUNBOOK = Pattern.compile("\\$\\{runbooks}/([a-zA-Z-]+\\.md)");
    private static final String DATA_SOURCE = "${datasource}";
    private static final int COLUMNS = 24;

    static List<Dashboard> dashboards() {
        return Dashboard.all();
    }

    @Test
    void thereAreSome() {
        assertThat(Dashboard.all())
                .extracting(Dashboard::toString)
                .contains("fleet.json", "gateway.json", "operator.json", "scheduler.json");
    }

    /** Written anew with {@code -Dupdate=true}. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void isFormatted(Dashboard dashboard) throws IOException {
        if (Boolean.getBoolean("update")) {
            Files.writeString(dashboard.file(), dashboard.formatted());
        }
        assertThat(dashboard.file()).usingCharset(StandardCharsets.UTF_8).hasContent(dashboard.formatted());
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void hasAnAddressThatStays(Dashboard dashboard) {
        assertThat(dashboard.json().path("uid").asText() + ".json").isEqualTo("mpg-" + dashboard);
        assertThat(dashboard.json().path("id").isMissingNode())
                .as("it has no id: Grafana gives that")
                .isTrue();
        assertThat(dashboard.json().path("tags")).extracting(JsonNode::asText).contains("mpg");
        assertThat(dashboard.json().path("description").asText()).isNotBlank();
        assertThat(dashboard.json().path("schemaVersion").asInt()).isBetween(39, 42);
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void panelsLieBesideEachOther(Dashboard dashboard) {
        List<JsonNode> all = Dashboard.stream(dashboard.json().path("panels")).toList();
        assertThat(all)
                .extracting(panel -> panel.path("id").asInt())
                .doesNotHaveDuplicates()
                .allMatch(id -> id > 0);
        List<int[]> taken = new ArrayList<>();
        for (JsonNode panel : all) {
            JsonNode grid = panel.path("gridPos");
            int[] box = {
                grid.path("x").asInt(-1),
                grid.path("y").asInt(-1),
                grid.path("w").asInt(),
                grid.path("h").asInt()
            };
            assertThat(box[0] >= 0 && box[1] >= 0 && box[2] > 0 && box[3] > 0 && box[0] + box[2] <= COLUMNS)
                    .as("%s is within the grid", panel.path("title"))
                    .isTrue();
            assertThat(taken)
                    .as("what %s lies upon", panel.path("title"))
                    .noneMatch(other -> box[0] < other[0] + other[2]
                            && other[0] < box[0] + box[2]
                            && box[1] < other[1] + other[3]
                            && other[1] < box[1] + box[3]);
            taken.add(box);
        }
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void panelsSayWhatTheyAnswer(Dashboard dashboard) {
        assertThat(dashboard.panels()).isNotEmpty().allSatisfy(panel -> {
            assertThat(panel.title()).isNotBlank();
            assertThat(panel.json().path("description").asText())
                    .as("description of %s", panel.title())
                    .hasSizeGreaterThan(20);
            assertThat(panel.json().at("/fieldConfig/defaults/unit").asText())
                    .as("unit of %s", panel.title())
                    .isNotBlank();
        });
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void queriesGoToTheDataSourceThatIsChosen(Dashboard dashboard) {
        assertThat(variable(dashboard, "datasource").path("type").asText()).isEqualTo("datasource");
        assertThat(dashboard.json().findParents("datasource"))
                .allSatisfy(asked -> assertThat(asked.at("/datasource/uid").asText())
                        .as("data source of %s", asked.path("title"))
                        .isEqualTo(DATA_SOURCE));
        assertThat(dashboard.panels()).allSatisfy(panel -> {
            assertThat(panel.queries()).as(panel.title()).isNotEmpty().doesNotHaveDuplicates();
            assertThat(panel.json().path("targets"))
                    .allSatisfy(target -> assertThat(target.has("datasource")).isTrue())
                    .extracting(target -> target.path("refId").asText())
                    .doesNotHaveDuplicates();
        });
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void queriesSpeakOfMetricsThatThereAre(Dashboard dashboard) {
        KnownMetrics known = KnownMetrics.read();
        for (Panel panel : dashboard.panels()) {
            for (String query : panel.queries()) {
                String asked = Dashboard.expand(query, "5m");
                assertThat(asked).as("a variable that nothing replaces").doesNotContain("$");
                assertThat(KnownMetrics.in(asked)).as(asked).isNotEmpty();
                assertThat(known.unknownIn(asked))
                        .as("unknown in %s: %s", panel.title(), asked)
                        .isEmpty();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void runbooksAreThere(Dashboard dashboard) {
        assertThat(variable(dashboard, "runbooks").path("query").asText()).isEqualTo("docs/runbooks");
        assertThat(RUNBOOK.matcher(dashboard.json().toString()).results())
                .isNotEmpty()
                .allSatisfy(link ->
                        assertThat(Path.of("docs/runbooks", link.group(1))).exists());
    }

    @Test
    void findsWhatThereIsNot() {
        KnownMetrics known = KnownMetrics.read();
        assertThat(known.unknownIn("sum by (result) (rate(mpg_rollouts_total{result=\"x\"}[5m])) / 0.5"))
                .isEmpty();
        assertThat(known.unknownIn("sum by (resutl) (rate(mpg_rollouts_total{reason!~\"result\"}[5m]) or mpg_rollout)"))
                .isEqualTo(Set.of("resutl", "reason", "mpg_rollout"));
    }

    private static JsonNode variable(Dashboard dashboard, String name) {
        return Dashboard.stream(dashboard.json().at("/templating/list"))
                .filter(each -> each.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
