package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.rollout.Command;
import dev.mpg.rollout.RolloutState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class RolloutCommandsTest {
    private static final RolloutState STATE = new RolloutState(
            Optional.of(OLD),
            Optional.of(NEW),
            Optional.empty(),
            1,
            false,
            Optional.empty(),
            List.of(),
            Set.of(),
            Optional.empty(),
            List.of(),
            Optional.empty());

    private static RolloutCommands.Reading read(@Nullable String annotation) {
        Proxy proxy = Fixtures.proxy(1, null);
        if (annotation != null) {
            proxy.getMetadata().setAnnotations(Map.of(RolloutCommands.ANNOTATION, annotation));
        }
        return RolloutCommands.read(proxy, STATE);
    }

    private static Command command(String annotation) {
        RolloutCommands.Reading reading = read(annotation);
        assertThat(reading.problem()).isEmpty();
        assertThat(reading.commands()).hasSize(1);
        return reading.commands().iterator().next();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void no_annotation_asks_for_nothing(@Nullable String annotation) {
        assertThat(read(annotation)).isEqualTo(RolloutCommands.Reading.NOTHING);
    }

    @ParameterizedTest
    @CsvSource({"pause, Pause", "Resume, Resume", "PROMOTE, Promote", "abort id=1 by=alice, Abort"})
    void the_first_word_is_the_action(String annotation, Command.Action action) {
        assertThat(command(annotation).action()).isEqualTo(action);
    }

    @Test
    void the_whole_value_is_its_id_so_that_another_id_asks_again() {
        assertThat(command("pause id=1").id())
                .isNotEqualTo(command("pause id=2").id());
        assertThat(command("pause id=1")).isEqualTo(command("  pause id=1 "));
    }

    @Test
    void who_asks_is_named() {
        assertThat(command("pause by=alice").by()).isEqualTo("alice");
        assertThat(command("pause").by()).isEqualTo("annotation " + RolloutCommands.ANNOTATION);
    }

    @Test
    void the_version_meant_is_the_one_that_begins_so() {
        assertThat(command("promote version=" + NEW.abbreviated()).version()).contains(NEW);
        assertThat(command("promote version=" + OLD.hex()).version()).contains(OLD);
        assertThat(command("promote").version()).isEmpty();
        assertThat(command("promote version=").version()).isEmpty();
    }

    @Test
    void a_version_that_is_nobodys_is_not_taken_for_any() {
        assertThat(command("promote version=0123456789ab").version())
                .isPresent()
                .get()
                .isNotIn(NEW, OLD);
    }

    @Test
    void words_that_are_not_understood_are_ignored() {
        assertThat(command("pause now please=yes").action()).isEqualTo(Command.Action.Pause);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stop", "pauses", "=pause", "id=1 pause"})
    void what_is_no_action_is_a_problem_and_nothing_else(String annotation) {
        RolloutCommands.Reading reading = read(annotation);
        assertThat(reading.commands()).isEmpty();
        assertThat(reading.problem()).get().asString().contains(annotation, "pause, resume, promote or abort");
    }

    @Test
    void what_is_too_long_is_a_problem_of_which_the_beginning_is_shown() {
        RolloutCommands.Reading reading = read("pause by=" + "x".repeat(300));
        assertThat(reading.commands()).isEmpty();
        assertThat(reading.problem().orElseThrow()).hasSizeLessThan(256);
    }

    @ParameterizedTest
    @EnumSource(Command.Action.class)
    void what_is_written_is_read(Command.Action action) {
        Command read = command(RolloutCommands.write(action, "4f1d", "Alice Smith", Optional.of(NEW.abbreviated())));
        assertThat(read.action()).isEqualTo(action);
        assertThat(read.by()).isEqualTo("Alice_Smith");
        assertThat(read.version()).contains(NEW);
        assertThat(command(RolloutCommands.write(action, "4f1d", "a", Optional.empty()))
                        .version())
                .isEmpty();
    }
}
