package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Failure;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.api.ProxyStatus.Versions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HistoryTest {
    private static final String OLD = version("aaaa1111");
    private static final String STABLE = version("aaaa2222");
    private static final String FAILED = version("12345678");

    private static String version(String start) {
        return start + "0".repeat(64 - start.length());
    }

    private static Content content(String version) {
        ObjectNode spec = JsonNodeFactory.instance.objectNode();
        spec.putArray("routes").addObject().put("name", version);
        return Content.of(spec);
    }

    private static Revision revision(long number, String version, String outcome) {
        return new Revision(
                number,
                version,
                Optional.of("alice"),
                Optional.of("2026-03-01T11:5" + number + ":00Z"),
                Optional.of(outcome),
                Optional.of("what came of it"),
                content(version));
    }

    private static final History HISTORY = History.of(
            List.of(
                    revision(4, FAILED, "Rejected"),
                    revision(1, OLD, "Complete"),
                    revision(3, STABLE, "Complete"),
                    revision(2, version("bbbb"), "Replaced")),
            new ProxyStatus(
                    1L,
                    "edge.shop",
                    new Versions(FAILED.substring(0, 12), STABLE.substring(0, 12), FAILED.substring(0, 12)),
                    null,
                    new Rollout(
                            Phase.RolledBack,
                            null,
                            3,
                            "",
                            STABLE,
                            FAILED,
                            null,
                            1,
                            null,
                            null,
                            List.of(new Failure(FAILED, "Rejected", "", "2026-03-01T11:58:00Z")),
                            null,
                            null,
                            null,
                            null),
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null));

    @Test
    void listsTheNewestLastWithWhatTheyAreNow() {
        assertThat(HISTORY.lines(Instant.parse("2026-03-01T12:00:00Z")).stream().map(Line::plain))
                .containsExactly(
                        "REVISION   VERSION        AGE   CHANGED BY   OUTCOME    NOW",
                        "1          aaaa11110000   9m    alice        Complete",
                        "2          bbbb00000000   8m    alice        Replaced",
                        "3          aaaa22220000   7m    alice        Complete   stable",
                        "4          123456780000   6m    alice        Rejected   desired target failed",
                        "",
                        "revision 4: what came of it");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "aaaa1, 1",
        "AAAA2, 3",
        "1234, 4",
        "stable, 3",
        "target, 4",
        "desired, 4",
    })
    void finds(String text, long number) {
        assertThat(HISTORY.find(text).number()).isEqualTo(number);
    }

    @ParameterizedTest
    @CsvSource({
        "aaaa, 'could be revision 1 (aaaa11110000) or revision 3 (aaaa22220000): give more digits'",
        "bbb, no revision or version 'bbb'; there are revision 1",
        "9, no revision or version '9'",
        "'', no revision or version ''",
        "cafe, no revision or version 'cafe'",
    })
    void explainsWhatItCannotFind(String text, String why) {
        assertThatExceptionOfType(CommandException.class)
                .isThrownBy(() -> HISTORY.find(text))
                .withMessageContaining(why);
    }

    @Test
    void aVersionThatCameBackIsItsNewestRevision() {
        History history = History.of(List.of(revision(1, OLD, "Complete"), revision(5, OLD, "Progressing")), null);
        assertThat(history.find("aaaa").number()).isEqualTo(5);
        assertThatExceptionOfType(CommandException.class)
                .isThrownBy(() -> history.find("stable"))
                .withMessageContaining("has no stable version");
    }

    @Test
    void anUndoGoesToTheNewestCompleteVersionThatTheSpecDoesNotAskFor() {
        assertThat(HISTORY.before(content(FAILED)).number()).isEqualTo(3);
        assertThat(HISTORY.before(content(STABLE)).number()).isEqualTo(1);
        assertThatExceptionOfType(CommandException.class)
                .isThrownBy(() ->
                        History.of(List.of(revision(1, OLD, "Complete")), null).before(content(OLD)))
                .withMessageContaining("nothing to go back to");
    }

    @Test
    void saysWhatTheOperatorWillNotTryAgain() {
        assertThat(HISTORY.isFailed(HISTORY.find("4"))).isTrue();
        assertThat(HISTORY.isFailed(HISTORY.find("3"))).isFalse();
    }
}
