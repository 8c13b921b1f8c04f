package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.operator.proxy.RevisionPlan.Plan;
import dev.mpg.operator.proxy.RevisionPlan.Revision;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RevisionPlanTest {
    private static final int LIMIT = 10;

    private static RolloutState rollingOut(ContentHash stable, ContentHash target, Failure... failed) {
        return new RolloutState(
                Optional.of(stable),
                Optional.of(target),
                Optional.empty(),
                1,
                false,
                Optional.empty(),
                List.of(failed),
                Set.of(),
                Optional.empty(),
                List.of(),
                Optional.empty());
    }

    private static Failure rejected(ContentHash version) {
        return new Failure(version, Failure.Reason.Rejected, "no", Instant.EPOCH);
    }

    private static Revision complete(ContentHash version, long number) {
        return new Revision(version.hex(), number, RevisionPlan.COMPLETE, "");
    }

    private static Revision progressing(ContentHash version, long number) {
        return new Revision(version.hex(), number, RevisionPlan.PROGRESSING, "");
    }

    private static ContentHash version(int i) {
        return ContentHash.of(ByteString.copyFromUtf8("version " + i));
    }

    @Test
    void the_first_version_gets_number_1() {
        Plan plan = RevisionPlan.of(List.of(), Optional.of(OLD), RolloutState.NONE, LIMIT);
        assertThat(plan).isEqualTo(new Plan(Optional.of(progressing(OLD, 1)), List.of(), List.of()));
    }

    @Test
    void nothing_desired_and_nothing_there_is_nothing_to_do() {
        assertThat(RevisionPlan.of(List.of(), Optional.empty(), RolloutState.NONE, LIMIT)
                        .isEmpty())
                .isTrue();
    }

    @Test
    void what_is_written_already_is_not_written_again() {
        List<Revision> existing = List.of(complete(OLD, 1), progressing(NEW, 2));
        assertThat(RevisionPlan.of(existing, Optional.of(NEW), rollingOut(OLD, NEW), LIMIT)
                        .isEmpty())
                .isTrue();
    }

    @Test
    void a_version_that_is_asked_for_again_gets_the_newest_number() {
        Plan plan = RevisionPlan.of(
                List.of(complete(OLD, 1), complete(NEW, 2)), Optional.of(OLD), rollingOut(NEW, OLD), LIMIT);
        assertThat(plan).isEqualTo(new Plan(Optional.empty(), List.of(progressing(OLD, 3)), List.of()));
    }

    @Test
    void a_version_that_arrived_is_complete() {
        Plan plan = RevisionPlan.of(List.of(progressing(OLD, 1)), Optional.of(OLD), RolloutState.complete(OLD), LIMIT);
        assertThat(plan.update()).containsExactly(complete(OLD, 1));
    }

    @Test
    void a_version_that_failed_says_why() {
        Plan plan = RevisionPlan.of(
                List.of(complete(OLD, 1), progressing(NEW, 2)),
                Optional.of(NEW),
                rollingOut(OLD, NEW, rejected(NEW)),
                LIMIT);
        assertThat(plan.update()).containsExactly(new Revision(NEW.hex(), 2, "Rejected", "no"));
    }

    @Test
    void a_failed_version_that_is_tried_again_is_progressing() {
        Plan plan = RevisionPlan.of(
                List.of(complete(OLD, 1), new Revision(NEW.hex(), 2, "Rejected", "no")),
                Optional.of(NEW),
                rollingOut(OLD, NEW),
                LIMIT);
        assertThat(plan.update()).containsExactly(progressing(NEW, 2));
    }

    @Test
    void a_version_that_another_one_overtook_is_replaced_and_one_that_failed_stays_so() {
        ContentHash third = version(3);
        Plan plan = RevisionPlan.of(
                List.of(complete(OLD, 1), new Revision(version(9).hex(), 2, "Rejected", "no"), progressing(NEW, 3)),
                Optional.of(third),
                rollingOut(OLD, third),
                LIMIT);
        assertThat(plan.create()).contains(progressing(third, 4));
        assertThat(plan.update()).containsExactly(new Revision(NEW.hex(), 3, RevisionPlan.REPLACED, ""));
    }

    @Test
    void the_oldest_go_beyond_the_limit() {
        List<Revision> existing = IntStream.rangeClosed(1, 4)
                .mapToObj(i -> complete(version(i), i))
                .toList();
        Plan plan = RevisionPlan.of(existing, Optional.of(version(5)), rollingOut(version(4), version(5)), 3);
        assertThat(plan.create()).contains(progressing(version(5), 5));
        assertThat(plan.delete()).containsExactly(version(2).hex(), version(1).hex());
    }

    @Test
    void what_is_desired_stable_or_the_target_stays_beyond_any_limit() {
        List<Revision> existing = List.of(complete(OLD, 1), progressing(NEW, 2), progressing(version(3), 3));
        Plan plan = RevisionPlan.of(existing, Optional.of(version(3)), rollingOut(OLD, NEW), 0);
        assertThat(plan.delete()).isEmpty();
    }

    @Test
    void what_goes_is_not_written_first() {
        List<Revision> existing = List.of(progressing(version(1), 1), complete(OLD, 2));
        Plan plan = RevisionPlan.of(existing, Optional.of(OLD), RolloutState.complete(OLD), 1);
        assertThat(plan)
                .isEqualTo(
                        new Plan(Optional.empty(), List.of(), List.of(version(1).hex())));
    }

    @Test
    void planning_again_after_the_plan_was_carried_out_plans_nothing() {
        RolloutState state = rollingOut(OLD, NEW);
        Plan plan = RevisionPlan.of(List.of(progressing(OLD, 1)), Optional.of(NEW), state, LIMIT);
        List<Revision> after =
                Stream.concat(plan.create().stream(), plan.update().stream()).toList();
        assertThat(after).hasSize(2);
        assertThat(RevisionPlan.of(after, Optional.of(NEW), state, LIMIT).isEmpty())
                .isTrue();
    }
}
