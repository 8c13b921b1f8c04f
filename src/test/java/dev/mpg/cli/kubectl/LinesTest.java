package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.cli.kubectl.Terminal.Size;
import dev.mpg.cli.text.Words;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How lines are made, coloured, cut and drawn. */
class LinesTest {
    private final StringWriter out = new StringWriter();

    private Terminal terminal(boolean colour, boolean unicode, Size size) {
        PrintWriter writer = new PrintWriter(out, true);
        return new Terminal(writer, writer, true, colour, unicode, () -> size, Clock.systemUTC());
    }

    @Test
    void coloursAreLeftOutWhereThereAreNone() {
        Line line = Line.of("● up", Tone.GOOD).plus(" and running");
        assertThat(terminal(true, true, Size.DEFAULT).text(line)).isEqualTo("\u001b[32m● up\u001b[0m and running");
        assertThat(terminal(false, true, Size.DEFAULT).text(line)).isEqualTo("● up and running");
        assertThat(terminal(false, false, Size.DEFAULT).text(line)).isEqualTo("* up and running");
    }

    @Test
    void aCutLineSaysSo() {
        Line line = Line.of("one ", Tone.GOOD).plus("two three");
        assertThat(line.clipped(13).plain()).isEqualTo("one two three");
        assertThat(line.clipped(8).plain()).isEqualTo("one two…");
        assertThat(line.clipped(3).plain()).isEqualTo("on…");
    }

    @Test
    void wordsDoNotSteerTheTerminal() {
        assertThat(Line.of("a\u001b[2J\r\nb\u202ec").plain()).isEqualTo("a [2J b c");
    }

    @Test
    void textIsBrokenBetweenWords() {
        assertThat(Words.wrap("one two three  incomprehensibilities", 9))
                .containsExactly("one two", "three", "incomprehensibilities");
        assertThat(Words.wrap("", 9)).containsExactly("");
    }

    @ParameterizedTest
    @CsvSource({
        "PT-3S, 0s",
        "PT119S, 119s",
        "PT2M, 2m",
        "PT9M59S, 9m59s",
        "PT10M9S, 10m",
        "PT7H5M, 7h5m",
        "PT47H, 47h",
        "PT48H, 2d"
    })
    void agesAreShort(Duration age, String text) {
        assertThat(Age.text(age)).isEqualTo(text);
    }

    @Test
    void whatIsNoTimeHasNoAge() {
        assertThat(Age.textSince("yesterday", Instant.EPOCH)).isEmpty();
        assertThat(Age.textSince(null, Instant.EPOCH)).isEmpty();
    }

    @Test
    void theBarShowsEveryGroupHoweverSmall() {
        List<Running> groups = List.of(
                new Running("stable", Standing.Current, 9_990, List.of()),
                new Running("target", Standing.Current, 8, List.of()),
                new Running("target", Standing.Rejected, 1, List.of()),
                new Running(null, Standing.Away, 1, List.of()));
        assertThat(FleetBar.of(groups, "target", 20).plain()).isEqualTo("█×" + "░".repeat(17) + "·");
        assertThat(FleetBar.of(List.of(groups.get(1)), "target", 20).plain()).isEqualTo("█".repeat(20));
    }

    @Test
    void aFrameReplacesTheOneBefore() {
        try (Screen screen = new Screen(terminal(false, true, new Size(10, 5)))) {
            screen.draw(List.of(Line.of("one"), Line.of("two")));
            screen.draw(List.of(Line.of("a line that is too long")));
        }
        assertThat(out.toString())
                .isEqualTo("\u001b[?25lone\u001b[K\ntwo\u001b[K\n\u001b[0J"
                        + "\u001b[2A\ra line th…\u001b[K\n\u001b[0J\u001b[?25h");
    }

    @Test
    void afterAResizeAllIsDrawnAnew() {
        Size[] size = {new Size(10, 5)};
        PrintWriter writer = new PrintWriter(out, true);
        try (Screen screen =
                new Screen(new Terminal(writer, writer, true, false, true, () -> size[0], Clock.systemUTC()))) {
            screen.draw(List.of(Line.of("one")));
            size[0] = new Size(20, 5);
            screen.draw(List.of(Line.of("two")));
        }
        assertThat(out.toString()).contains("\u001b[H\u001b[2Jtwo").doesNotContain("\u001b[1A");
    }

    @Test
    void aFrameIsNeverHigherThanTheTerminal() {
        try (Screen screen = new Screen(terminal(false, true, new Size(80, 5)))) {
            screen.draw(
                    IntStream.range(0, 9).mapToObj(i -> Line.of("line " + i)).toList());
        }
        assertThat(out.toString().lines()).hasSize(5).anyMatch(line -> line.startsWith("… 6 more lines"));
    }
}
