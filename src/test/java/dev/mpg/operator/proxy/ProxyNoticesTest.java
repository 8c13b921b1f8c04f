package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.current;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.events.Notice;
import dev.mpg.rollout.Command;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Outcome;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Wave;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProxyNoticesTest {
    private static final Verdict ACCEPTED = Fixtures.ACCEPTED;

    private static ProxyStatus status(@Nullable ProxyStatus earlier, Verdict verdict, GatewayReport... reports) {
        return Fixtures.status(
                earlier,
                1,
                verdict,
                Optional.of(NEW),
                List.of("shop-0"),
                List.of(NEW),
                List.of(reports),
                List.of(),
                Optional.empty(),
                Instant.EPOCH);
    }

    private static List<String> reasons(@Nullable ProxyStatus before, ProxyStatus after) {
        return ProxyNotices.between(before, after).stream().map(Notice::reason).toList();
    }

    @Test
    void arriving_is_told() {
        ProxyStatus first = status(null, ACCEPTED);
        assertThat(reasons(first, status(first, ACCEPTED, current("shop-0", NEW))))
                .containsExactly("Programmed");
    }

    @Test
    void the_same_truth_is_told_once() {
        ProxyStatus first = status(null, ACCEPTED, current("shop-0", NEW));
        assertThat(reasons(first, status(first, ACCEPTED, current("shop-0", NEW))))
                .isEmpty();
    }

    @Test
    void what_a_decision_brought_about_is_told_and_failures_are_warnings() {
        Failure failure = new Failure(NEW, Failure.Reason.Rejected, "refused by shop-0: cannot bind", Instant.EPOCH);
        Wave wave = new Wave(
                1, 0, new Share.Count(1), List.of("shop-0"), Instant.EPOCH, Map.of(), Set.of(), Optional.empty());
        Command pause = new Command("1", Command.Action.Pause, "alice", Optional.empty());

        assertThat(ProxyNotices.of(List.of(
                        new Outcome.Started(NEW),
                        new Outcome.WaveOpened(NEW, wave),
                        new Outcome.Failed(failure),
                        new Outcome.RolledBack(failure),
                        new Outcome.Completed(NEW),
                        new Outcome.Obeyed(pause),
                        new Outcome.Ignored(pause, "it is paused already"))))
                .containsExactly(
                        Notice.normal("RolloutStarted", "rolling out version " + NEW),
                        Notice.normal("WaveOpened", "version " + NEW + " goes to shop-0 (1 of the fleet)"),
                        Notice.warning("Rejected", "version " + NEW + " failed: refused by shop-0: cannot bind"),
                        Notice.warning("RolledBack", "every gateway that had version " + NEW + " is back on stable"),
                        Notice.normal("RolloutComplete", "version " + NEW + " is the last known good"),
                        Notice.normal("Pause", "Pause as asked by alice"),
                        Notice.warning("CommandIgnored", "Pause as asked by alice: it is paused already"));
    }

    @Test
    void an_invalid_spec_is_a_warning_and_so_is_the_next_other_one() {
        ProxyStatus good = status(null, ACCEPTED, current("shop-0", NEW));
        ProxyStatus bad = status(good, new Verdict.Refused("InvalidSpec", "spec.a: x; y"), current("shop-0", NEW));
        ProxyStatus worse = status(bad, new Verdict.Refused("InvalidSpec", "spec.b: x; y"), current("shop-0", NEW));
        assertThat(ProxyNotices.between(good, bad)).containsExactly(Notice.warning("InvalidSpec", "spec.a: x; y"));
        assertThat(ProxyNotices.between(bad, worse)).containsExactly(Notice.warning("InvalidSpec", "spec.b: x; y"));
        assertThat(ProxyNotices.between(worse, worse)).isEmpty();
    }
}
