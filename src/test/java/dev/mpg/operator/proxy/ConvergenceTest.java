package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static dev.mpg.operator.proxy.Fixtures.current;
import static dev.mpg.operator.proxy.Fixtures.pending;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.Command;
import dev.mpg.rollout.Decision;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Observation;
import dev.mpg.rollout.OnFailure;
import dev.mpg.rollout.Rollout;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Step;
import dev.mpg.snapshot.ContentHash;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rollouts as they are decided, and how long they are said to have taken. */
class ConvergenceTest {
    private static final String SHOP = "edge.shop";
    private static final Set<String> FLEET = Set.of("a", "b", "c", "d");
    private static final RolloutPolicy WAVES = new RolloutPolicy(
            List.of(step("1", 30), step("50%", 0), step("100%", 0)), Duration.ofHours(1), OnFailure.Rollback);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final RolloutMetrics metrics = new RolloutMetrics(registry);
    private RolloutState state = RolloutState.complete(OLD);
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final Instant start = now;

    private static Step step(String share, int bake) {
        return new Step(Share.parse(share), Duration.ofSeconds(bake));
    }

    /** The operator looks, this many seconds after the start. */
    private void look(int second, ContentHash desired, Set<Command> commands, List<GatewayReport> reports) {
        now = start.plusSeconds(second);
        metrics.desired(SHOP, Optional.of(desired), state, now);
        Decision decision = Rollout.decide(
                state,
                WAVES,
                new Observation(now, Optional.of(desired), FLEET, true, reports, Optional.empty(), false, commands));
        metrics.count(SHOP, state, decision, now);
        state = decision.state();
    }

    /** Whom the wave asks ACKs, and the others run what they did. */
    private void acked(int second) {
        look(second, NEW, Set.of(), fleet(true));
    }

    private void waiting(int second) {
        look(second, NEW, Set.of(), fleet(false));
    }

    private List<GatewayReport> fleet(boolean acked) {
        return FLEET.stream()
                .map(gateway -> !asked(gateway)
                        ? current(gateway, state.stable().orElse(OLD))
                        : acked ? current(gateway, NEW) : pending(gateway, NEW))
                .toList();
    }

    private boolean asked(String gateway) {
        return (state.stable().isEmpty() && state.wave().isPresent())
                || state.cohort().contains(gateway);
    }

    /** Number of waves, and sum of their seconds. */
    private List<Double> measured(String wave) {
        Timer timer = registry.get("mpg.config.convergence").tag("wave", wave).timer();
        return List.of((double) timer.count(), timer.totalTime(TimeUnit.SECONDS));
    }

    @Test
    void each_wave_is_measured_from_when_the_change_was_seen_to_its_last_ack() {
        waiting(0);
        waiting(1);
        acked(3);
        acked(10);
        assertThat(measured("first")).as("when it ACKed, not after the bake").containsExactly(1.0, 3.0);
        acked(33);
        acked(35);
        acked(36);
        assertThat(measured("later")).containsExactly(1.0, 35.0);
        assertThat(measured("last")).containsExactly(1.0, 36.0);
        acked(40);
        assertThat(Stream.of("first", "later", "last")
                        .map(wave -> measured(wave).getFirst()))
                .as("what has arrived isn't measured again")
                .containsExactly(1.0, 1.0, 1.0);
    }

    @Test
    void a_gateway_that_leaves_its_wave_and_comes_back_is_no_second_ack() {
        waiting(0);
        acked(3);
        waiting(4);
        acked(5);
        assertThat(measured("first")).containsExactly(1.0, 3.0);
    }

    @Test
    void a_first_version_is_one_wave() {
        state = RolloutState.NONE;
        waiting(0);
        waiting(1);
        acked(2);
        assertThat(measured("last")).containsExactly(1.0, 2.0);
        assertThat(measured("first")).containsExactly(0.0, 0.0);
    }

    @Test
    void a_promotion_does_without_the_acks_of_its_wave() {
        waiting(0);
        look(1, NEW, Set.of(new Command("1", Command.Action.Promote, "alice", Optional.empty())), fleet(false));
        assertThat(measured("first")).containsExactly(0.0, 0.0);
        acked(5);
        assertThat(measured("last")).containsExactly(1.0, 5.0);
    }

    @Test
    void what_an_earlier_process_saw_is_not_measured() {
        waiting(0);
        RolloutMetrics next = new RolloutMetrics(registry);
        next.desired(SHOP, Optional.of(NEW), state, now);
        Decision decision = Rollout.decide(
                state,
                WAVES,
                new Observation(now, Optional.of(NEW), FLEET, true, fleet(true), Optional.empty(), false, Set.of()));
        next.count(SHOP, state, decision, now);
        assertThat(measured("first")).containsExactly(0.0, 0.0);
    }
}
