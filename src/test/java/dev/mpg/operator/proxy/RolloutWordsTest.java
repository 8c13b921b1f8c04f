package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static dev.mpg.operator.proxy.Fixtures.current;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.OnFailure;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Step;
import dev.mpg.rollout.Wave;
import dev.mpg.snapshot.ContentHash;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RolloutWordsTest {
    private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");
    private static final RolloutPolicy POLICY = new RolloutPolicy(
            List.of(new Step(new Share.Percent(50), Duration.ofSeconds(30))),
            Duration.ofSeconds(15),
            OnFailure.Rollback);
    private static final Failure REJECTED = new Failure(NEW, Failure.Reason.Rejected, "shop-0 refused it", AT);

    private static RolloutState state(
            @Nullable ContentHash stable,
            @Nullable Wave wave,
            @Nullable Failure failure,
            List<Failure> failed,
            Set<String> returning,
            @Nullable String pausedBy) {
        return new RolloutState(
                Optional.ofNullable(stable),
                Optional.of(NEW),
                Optional.ofNullable(wave),
                1,
                false,
                Optional.ofNullable(failure),
                failed,
                returning,
                Optional.ofNullable(pausedBy),
                List.of(),
                Optional.empty());
    }

    private static Wave wave(int step, @Nullable Instant ackedAt) {
        return new Wave(
                1,
                step,
                new Share.Percent(50),
                List.of("shop-0"),
                AT,
                Map.of(),
                Set.of(),
                Optional.ofNullable(ackedAt));
    }

    private static String progress(RolloutState state, GatewayReport... reports) {
        return RolloutWords.progress(
                state,
                POLICY,
                FleetState.of(Optional.of(NEW), List.of("shop-0", "shop-1"), List.of(reports), List.of(NEW)));
    }

    @Test
    void say_what_a_rollout_waits_for() {
        assertThat(progress(RolloutState.NONE)).isEqualTo("there is no version to roll out yet");
        assertThat(progress(state(OLD, null, null, List.of(), Set.of(), null)))
                .isEqualTo("version " + NEW + " waits for gateways to connect");
        assertThat(progress(state(null, wave(0, null), null, List.of(), Set.of(), null), current("shop-0", NEW)))
                .isEqualTo("the first version, " + NEW + ", goes to every gateway; waiting for shop-1");
        assertThat(progress(state(OLD, wave(0, null), null, List.of(), Set.of(), null)))
                .isEqualTo("version " + NEW + ", step 1 of 2 (50%: 1 of 2 gateways): waiting for shop-0");
        assertThat(progress(state(OLD, wave(0, AT), null, List.of(), Set.of(), null), current("shop-0", NEW)))
                .endsWith("(50%: 1 of 2 gateways): baking until 2026-01-01T00:00:30Z");
        assertThat(progress(state(OLD, null, null, List.of(), Set.of(), "alice")))
                .isEqualTo("paused by alice; resume, promote or abort it");
        assertThat(progress(state(OLD, wave(0, null), REJECTED, List.of(), Set.of(), null)))
                .isEqualTo("stopped: shop-0 refused it; resume, promote or abort it, or change the spec");
        assertThat(progress(state(OLD, null, null, List.of(REJECTED), Set.of("shop-0"), null)))
                .isEqualTo("going back to version " + OLD + "; waiting for shop-0");
    }

    @Test
    void say_how_a_rollout_ended() {
        assertThat(progress(state(OLD, null, null, List.of(REJECTED), Set.of(), null)))
                .isEqualTo("version " + NEW + " failed; the fleet runs version " + OLD);
        assertThat(progress(state(null, wave(0, null), REJECTED, List.of(), Set.of(), null)))
                .isEqualTo("version " + NEW + " failed, and there is none to go back to");
        assertThat(progress(RolloutState.complete(OLD))).isEqualTo("version " + OLD + " has arrived");
    }

    @Test
    void name_the_last_step_when_the_policy_has_become_shorter() {
        assertThat(progress(state(OLD, wave(7, AT), null, List.of(), Set.of(), null), current("shop-0", NEW)))
                .contains("step 2 of 2");
    }

    @ParameterizedTest
    @CsvSource({
        "Rejected, not offered again",
        "AckTimeout, whether these gateways answer",
        "Regression, promote it",
        "Aborted, or resume"
    })
    void say_what_to_do_about_a_failure(Failure.Reason reason, String remedy) {
        Failure failure = new Failure(NEW, reason, "it is so", AT);
        RolloutState back = state(OLD, null, null, List.of(failure), Set.of(), null);
        assertThat(RolloutWords.failed(failure, back, List.of()))
                .startsWith("version " + NEW + " failed: it is so; the fleet goes on with version " + OLD)
                .contains(remedy);
        RolloutState frozen = state(OLD, wave(0, null), failure, List.of(), Set.of(), null);
        assertThat(RolloutWords.failed(failure, frozen, List.of())).contains("keep it, no other gets it");
    }

    @Test
    void blame_the_first_field_that_is_known() {
        Rejection unknown = new Rejection("shop-0", 2, NEW.abbreviated(), "Listener", null, null, "no");
        Rejection known = new Rejection(
                "shop-1", 1, NEW.abbreviated(), "Cluster two", "Proxy edge/shop", "spec.backends[1]", "no");
        RolloutState back = state(OLD, null, null, List.of(REJECTED), Set.of(), null);
        assertThat(RolloutWords.failed(REJECTED, back, List.of(unknown, known)))
                .contains("shop-0 refused it (Cluster two, from spec.backends[1]);");
        assertThat(RolloutWords.failed(REJECTED, back, List.of(unknown))).doesNotContain("from");
    }
}
