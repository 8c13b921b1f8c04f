package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.ProxyStatus;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Wave;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RolloutRecordTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Instant AT = Instant.parse("2026-01-01T00:00:00.123Z");
    private static final Failure REJECTED = new Failure(NEW, Failure.Reason.Rejected, "shop-0 said: \"no\"\n", AT);

    private static RolloutState with(Optional<Wave> wave, Optional<Failure> failure, List<Failure> failed) {
        return new RolloutState(
                Optional.of(OLD),
                Optional.of(NEW),
                wave,
                7,
                true,
                failure,
                failed,
                Set.of("shop-1", "shop-2"),
                Optional.of("alice"),
                List.of("pause id=1", "resume id=2"),
                Optional.of(AT));
    }

    static Stream<RolloutState> states() {
        Wave bare = new Wave(7, 0, new Share.Count(1), List.of(), AT, Map.of(), Set.of(), Optional.empty());
        Wave full = new Wave(
                7,
                2,
                new Share.Percent(10),
                List.of("shop-2", "shop-0"),
                AT,
                Map.of("shop-0", AT.plusNanos(1), "shop-2", AT.minusSeconds(3)),
                Set.of("shop-2"),
                Optional.of(AT.plusSeconds(5)));
        return Stream.of(
                RolloutState.NONE,
                RolloutState.complete(OLD),
                with(Optional.empty(), Optional.empty(), List.of()),
                with(Optional.of(bare), Optional.empty(), List.of(REJECTED)),
                with(
                        Optional.of(full),
                        Optional.of(REJECTED),
                        Stream.of(Failure.Reason.values())
                                .map(reason -> new Failure(OLD, reason, reason.name(), AT))
                                .toList()));
    }

    @ParameterizedTest
    @MethodSource("states")
    void what_was_written_is_read_as_it_was(RolloutState state) throws JsonProcessingException {
        ProxyStatus.Rollout written = RolloutRecord.write(state, 3, "waiting");
        String stored = JSON.writeValueAsString(written);
        ProxyStatus.Rollout read = JSON.readValue(stored, ProxyStatus.Rollout.class);
        assertThat(read).isEqualTo(written);
        assertThat(RolloutRecord.read(read)).isEqualTo(state);
    }

    @ParameterizedTest
    @MethodSource("states")
    void the_phase_is_the_states(RolloutState state) {
        assertThat(RolloutRecord.write(state, 3, "").phase().name())
                .isEqualTo(state.phase().name());
    }

    @Test
    void a_step_is_counted_from_one_and_never_beyond_the_policys() {
        Wave third = new Wave(1, 2, Share.WHOLE, List.of("a"), AT, Map.of(), Set.of(), Optional.empty());
        RolloutState state = with(Optional.of(third), Optional.empty(), List.of());
        assertThat(RolloutRecord.write(state, 3, ""))
                .extracting("step", "steps")
                .containsExactly(3, 3);
        assertThat(RolloutRecord.write(state, 2, ""))
                .extracting("step", "steps")
                .containsExactly(2, 2);
        assertThat(RolloutRecord.write(RolloutState.complete(OLD), 3, ""))
                .extracting("step", "steps")
                .containsExactly(null, null);
    }

    @Test
    void an_empty_list_is_absent_so_that_what_is_stored_equals_what_was_written() throws JsonProcessingException {
        assertThat(JSON.writeValueAsString(RolloutRecord.write(RolloutState.complete(OLD), 3, "")))
                .doesNotContain("[]", "null");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"phase\": \"Complete\", \"stable\": \"abc\"}",
                "{\"phase\": \"Complete\", \"stable\": \"abcd\"}",
                "{\"phase\": \"Complete\", \"stable\": \"no digits\"}",
                "{\"phase\": \"Progressing\", \"emptySince\": \"yesterday\"}",
                "{\"phase\": \"Progressing\", \"wave\": {\"number\": 1, \"step\": 0, \"gateways\": \"0%\","
                        + " \"openedAt\": \"2026-01-01T00:00:00Z\"}}",
                "{\"phase\": \"Progressing\", \"wave\": {\"number\": 1, \"step\": 0}}",
                "{\"phase\": \"Progressing\", \"failed\": [{\"reason\": \"Rejected\"}]}",
                "{\"phase\": \"Progressing\", \"failed\": [null]}",
            })
    void what_nobody_wrote_so_is_said_to_be_wrong(String stored) throws JsonProcessingException {
        ProxyStatus.Rollout record = JSON.readValue(stored, ProxyStatus.Rollout.class);
        assertThatThrownBy(() -> RolloutRecord.read(record))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("status.rollout");
    }
}
