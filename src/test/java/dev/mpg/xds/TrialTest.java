package dev.mpg.xds;

import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.Snapshot;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrialTest {
    private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant LATER = BEGIN.plusSeconds(5);
    private static final Snapshot STABLE = snapshot(cluster("a", 100));
    private static final Snapshot TARGET = snapshot(cluster("a", 200));
    private static final Snapshot OTHER = snapshot(cluster("a", 300));

    private static Assignment wave(int number, Snapshot target, String... cohort) {
        return new Assignment("shop", Optional.of(STABLE), target, new Cohort(number, List.of(cohort)), List.of(), "");
    }

    private static final Assignment WAVE = wave(1, TARGET, "a", "b");
    private static final Assignment ALL_STABLE = wave(1, STABLE);
    private static final Assignment FIRST_VERSION =
            new Assignment("shop", Optional.empty(), TARGET, Cohort.NONE, List.of(), "");

    private static GatewayReport says(String gateway, State state, Snapshot version) {
        return new GatewayReport(gateway, state, version.version(), List.of());
    }

    private static GatewayReport refuses(String gateway) {
        return says(gateway, State.REJECTED, TARGET);
    }

    private static Trial begun() {
        return Trial.of(WAVE, null, BEGIN);
    }

    @Test
    void the_cohort_gets_the_target_and_others_stable() {
        Trial trial = begun();
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(TARGET);
        assertThat(trial.snapshotFor("c", WAVE)).isEqualTo(STABLE);
    }

    @Test
    void whoever_refuses_gets_stable_and_it_is_told_once() {
        Trial trial = begun();
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(TARGET);
        assertThat(trial.note(refuses("a"), WAVE, BEGIN)).isTrue();
        assertThat(trial.note(refuses("a"), WAVE, BEGIN)).isFalse();
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(STABLE);
    }

    @Test
    void a_refusal_freezes_the_cohort_as_it_is() {
        Trial trial = begun();
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(TARGET);
        assertThat(trial.note(refuses("a"), WAVE, BEGIN)).isTrue();
        assertThat(trial.snapshotFor("b", WAVE)).as("hadn't been given it").isEqualTo(STABLE);

        Trial other = begun();
        assertThat(other.snapshotFor("a", WAVE)).isEqualTo(TARGET);
        assertThat(other.snapshotFor("b", WAVE)).isEqualTo(TARGET);
        assertThat(other.note(refuses("a"), WAVE, BEGIN)).isTrue();
        assertThat(other.snapshotFor("b", WAVE)).as("had been given it").isEqualTo(TARGET);
    }

    @Test
    void only_a_refusal_of_the_target_counts() {
        Trial trial = begun();
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(TARGET);
        assertThat(trial.note(says("a", State.REJECTED, STABLE), WAVE, BEGIN)).isFalse();
        assertThat(trial.note(says("a", State.PENDING, TARGET), WAVE, BEGIN)).isFalse();
        assertThat(trial.note(says("a", State.CURRENT, TARGET), WAVE, BEGIN)).isFalse();
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(TARGET);
        assertThat(trial.refused()).isEmpty();
    }

    @Test
    void a_first_version_is_refused_in_vain() {
        Trial trial = Trial.of(FIRST_VERSION, null, BEGIN);
        assertThat(trial.note(refuses("a"), FIRST_VERSION, BEGIN)).isFalse();
        assertThat(trial.snapshotFor("a", FIRST_VERSION)).isEqualTo(TARGET);
    }

    @Test
    void what_counts_of_a_gateway_that_refused_is_that_whatever_it_runs_since() {
        Trial trial = begun();
        trial.note(refuses("a"), WAVE, BEGIN);
        GatewayReport now = says("a", State.CURRENT, STABLE);
        assertThat(trial.said(now, WAVE)).isEqualTo(refuses("a"));
        assertThat(trial.said(now, ALL_STABLE)).isEqualTo(now);
        assertThat(trial.said(says("b", State.CURRENT, TARGET), WAVE)).isEqualTo(says("b", State.CURRENT, TARGET));
    }

    @Test
    void the_same_wave_of_the_same_target_is_the_same_trial() {
        Trial trial = begun();
        trial.note(refuses("a"), WAVE, BEGIN);
        assertThat(Trial.of(wave(1, TARGET, "a", "b", "c"), trial, LATER)).isSameAs(trial);
    }

    @Test
    void an_assignment_without_a_trial_lets_nothing_be_forgotten() {
        Trial trial = begun();
        trial.note(refuses("a"), WAVE, BEGIN);
        Trial between = Trial.of(ALL_STABLE, trial, LATER);
        assertThat(between.snapshotFor("a", ALL_STABLE)).isEqualTo(STABLE);
        Trial again = Trial.of(WAVE, between, LATER);
        assertThat(again.snapshotFor("a", WAVE)).isEqualTo(STABLE);
        assertThat(again.refused()).containsExactly(refuses("a"));
    }

    @Test
    void another_wave_asks_again() {
        Trial trial = begun();
        trial.note(refuses("a"), WAVE, BEGIN);
        Assignment next = wave(2, TARGET, "a");
        Trial again = Trial.of(next, trial, LATER);
        assertThat(again.snapshotFor("a", next)).isEqualTo(TARGET);
        assertThat(again.refused()).isEmpty();
        assertThat(again.note(refuses("a"), next, LATER)).isTrue();
    }

    @Test
    void another_target_is_another_trial() {
        Trial trial = begun();
        trial.note(refuses("a"), WAVE, BEGIN);
        Assignment next = wave(1, OTHER, "a");
        assertThat(Trial.of(next, trial, LATER).snapshotFor("a", next)).isEqualTo(OTHER);
    }

    @Test
    void what_was_refused_before_this_process_began_is_taken_up() {
        Trial trial = begun();
        trial.recall(List.of(refuses("a"), says("b", State.REJECTED, OTHER)));
        assertThat(trial.refused()).containsExactly(refuses("a"));
        assertThat(trial.snapshotFor("a", WAVE)).isEqualTo(STABLE);
        assertThat(trial.snapshotFor("b", WAVE)).as("the cohort is frozen").isEqualTo(STABLE);
    }

    @Test
    void a_canary_has_run_the_target_since_it_acked_without_interruption() {
        Trial trial = begun();
        trial.note(says("a", State.CURRENT, TARGET), WAVE, BEGIN);
        trial.note(says("a", State.CURRENT, TARGET), WAVE, LATER);
        assertThat(trial.canary(WAVE).currentSince()).isEqualTo(Map.of("a", BEGIN));
        trial.left("a");
        assertThat(trial.canary(WAVE).currentSince()).isEmpty();
        trial.note(says("a", State.CURRENT, TARGET), WAVE, LATER);
        assertThat(trial.canary(WAVE).currentSince()).isEqualTo(Map.of("a", LATER));
        Assignment next = wave(2, TARGET, "a", "b");
        assertThat(Trial.of(next, trial, LATER.plusSeconds(1)).canary(next).currentSince())
                .as("in the next wave of the same target")
                .isEqualTo(Map.of("a", LATER));
    }
}
