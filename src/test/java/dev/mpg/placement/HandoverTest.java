package dev.mpg.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandoverTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Set<String> ALL = Set.of("a", "b", "c");

    private static Handover next(
            Handover from, List<String> planned, Set<String> connected, Set<String> serving, int seconds) {
        return next(from, planned, connected, serving, Set.of(), seconds);
    }

    private static Handover next(
            Handover from,
            List<String> planned,
            Set<String> connected,
            Set<String> serving,
            Set<String> visited,
            int seconds) {
        return from.next(
                planned, new Handover.Observation(connected, serving, visited), NOW.plusSeconds(seconds), TIMEOUT);
    }

    @Test
    void theFirstTimeGatewaysGoWhereItIsPlanned() {
        Handover first = next(Handover.at(List.of()), List.of("a", "b"), Set.of(), Set.of(), 0);
        assertThat(first).isEqualTo(new Handover(List.of("a", "b"), Map.of(), true));
    }

    @Test
    void gatewaysStayUntilTheNewPrimaryServes() {
        Handover before = Handover.at(List.of("a"));
        Handover waiting = next(before, List.of("b"), ALL, Set.of("a"), 0);
        assertThat(waiting).isEqualTo(before);
        assertThat(waiting.holders(List.of("b"))).containsExactly("a", "b");
        assertThat(waiting.visitable()).containsExactly("a");
        assertThat(waiting.wakeUp(TIMEOUT)).isEmpty();
    }

    @Test
    void gatewaysStayUntilTheStandbyThatIsToBePrimaryServes() {
        Handover before = Handover.at(List.of("a", "b"));
        List<String> plan = List.of("b", "c");
        assertThat(next(before, plan, ALL, Set.of("a"), Set.of("a"), 0)).isEqualTo(before);
        assertThat(next(before, plan, Set.of("a", "c"), Set.of("a"), Set.of("a"), 0))
                .as("nor do they go to one that is away")
                .isEqualTo(before);
        assertThat(next(before, plan, ALL, Set.of("a", "b"), Set.of("a"), 1))
                .isEqualTo(new Handover(List.of("b", "a"), Map.of("a", NOW.plusSeconds(1)), false));
    }

    @Test
    void aStandbyIsTriedWhenThePrimaryDoesNotServe() {
        Handover before = Handover.at(List.of("a", "b"));
        assertThat(next(before, List.of("b", "c"), ALL, Set.of(), 0).instances())
                .first()
                .isEqualTo("b");
        assertThat(next(before, List.of("b", "c"), Set.of("b", "c"), Set.of(), 0)
                        .instances())
                .first()
                .isEqualTo("b");
    }

    @Test
    void whoTheyLeftServesOnForAWhile() {
        Handover moved = next(Handover.at(List.of("a")), List.of("b"), ALL, Set.of("a", "b"), 0);
        assertThat(moved).isEqualTo(new Handover(List.of("b"), Map.of("a", NOW), false));
        assertThat(moved.holders(List.of("b"))).containsExactly("b", "a");
        assertThat(moved.visitable()).containsExactlyInAnyOrder("a", "b");
        assertThat(moved.wakeUp(TIMEOUT)).contains(NOW.plusSeconds(30));
        assertThat(next(moved, List.of("b"), ALL, Set.of("a", "b"), 29)).isEqualTo(moved);
        assertThat(next(moved, List.of("b"), ALL, Set.of("a", "b"), 30)).isEqualTo(Handover.at(List.of("b")));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 14})
    void whoTheyLeftServesOnUntilTheyCanHaveLeftHoweverShortTheTimeout(int seconds) {
        Duration timeout = Duration.ofSeconds(seconds);
        List<String> plan = List.of("b", "a");
        Handover.Observation seen = new Handover.Observation(ALL, Set.of("a", "b"), Set.of("a"));
        Handover moved = Handover.at(List.of("a", "b")).next(plan, seen, NOW, timeout);
        assertThat(moved.leaving()).containsExactly(Map.entry("a", NOW));
        assertThat(moved.wakeUp(timeout)).contains(NOW.plusSeconds(15));
        assertThat(moved.next(plan, seen, NOW.plusSeconds(14), timeout)).isEqualTo(moved);
        assertThat(moved.next(plan, seen, NOW.plusSeconds(15), timeout)).isEqualTo(Handover.at(plan));
    }

    @Test
    void aClockThatIsPutBackKeepsNobodyLonger() {
        Handover moved = next(Handover.at(List.of("a")), List.of("b"), ALL, Set.of("a", "b"), 3600);
        Handover later = next(moved, List.of("b"), ALL, Set.of("a", "b"), 0);
        assertThat(later.wakeUp(TIMEOUT)).contains(NOW.plusSeconds(30));
        assertThat(next(later, List.of("b"), ALL, Set.of("a", "b"), 30)).isEqualTo(Handover.at(List.of("b")));
    }

    @Test
    void whoIsGoneIsNotWaitedFor() {
        Handover moved = next(Handover.at(List.of("a")), List.of("b"), ALL, Set.of("a", "b"), 0);
        assertThat(next(moved, List.of("b"), Set.of("b"), Set.of("b"), 1)).isEqualTo(Handover.at(List.of("b")));
        // One that the Master lost may serve gateways all the same: they stay until another one does.
        assertThat(next(Handover.at(List.of("a")), List.of("b"), Set.of("b"), Set.of(), 0))
                .isEqualTo(new Handover(List.of("a"), Map.of(), true));
        assertThat(next(Handover.at(List.of("a")), List.of("b"), Set.of("b"), Set.of("b"), 0))
                .isEqualTo(Handover.at(List.of("b")));
    }

    @Test
    void aStandbyIsKeptUntilAnotherServes() {
        Handover before = Handover.at(List.of("a", "b"));
        assertThat(next(before, List.of("a", "c"), ALL, Set.of("a", "b"), 0)).isEqualTo(before);
        assertThat(next(before, List.of("a", "c"), ALL, Set.of("a", "b", "c"), 0))
                .isEqualTo(new Handover(List.of("a", "c"), Map.of("b", NOW), false));
        // One that is gone is no standby.
        assertThat(next(before, List.of("a", "c"), Set.of("a", "c"), Set.of("a"), 0))
                .isEqualTo(Handover.at(List.of("a")));
    }

    @Test
    void aStandbyTakesOverAtOnce() {
        assertThat(next(Handover.at(List.of("a", "b")), List.of("b", "c"), Set.of("b", "c"), Set.of("b"), 0))
                .isEqualTo(Handover.at(List.of("b")));
    }

    @Test
    void aMoveThatIsTakenBackLeavesNobody() {
        Handover moved = next(Handover.at(List.of("a")), List.of("b"), ALL, Set.of("a", "b"), 0);
        Handover back = next(moved, List.of("a"), ALL, Set.of("a", "b"), 5);
        assertThat(back).isEqualTo(new Handover(List.of("a"), Map.of("b", NOW.plusSeconds(5)), false));
    }

    @Test
    void withoutAPlanNothingChanges() {
        Handover before = Handover.at(List.of("a"));
        assertThat(next(before, List.of(), Set.of("a"), Set.of("a"), 0)).isEqualTo(before);
        assertThat(next(before, List.of(), Set.of(), Set.of(), 0))
                .isEqualTo(new Handover(List.of("a"), Map.of(), true));
    }

    @Test
    void anInstanceThatIsAwayForAMomentIsKept() {
        Handover before = Handover.at(List.of("a", "b"));
        assertThat(next(before, List.of("a", "b"), Set.of("a"), Set.of("a"), 0)).isEqualTo(before);
        Handover away = new Handover(List.of("a", "b"), Map.of(), true);
        assertThat(next(before, List.of("a", "b"), Set.of("b"), Set.of("b"), 0)).isEqualTo(away);
        assertThat(next(before, List.of("a", "b"), Set.of(), Set.of(), 0)).isEqualTo(away);
    }

    @Test
    void aPrimaryThatBecomesAStandbyIsLeft() {
        Handover swapped = next(Handover.at(List.of("a", "b")), List.of("b", "a"), ALL, Set.of("a", "b"), 0);
        assertThat(swapped).isEqualTo(new Handover(List.of("b", "a"), Map.of("a", NOW), false));
        assertThat(next(swapped, List.of("b", "a"), ALL, Set.of("a", "b"), 29)).isEqualTo(swapped);
        assertThat(next(swapped, List.of("b", "a"), ALL, Set.of("a", "b"), 30))
                .isEqualTo(Handover.at(List.of("b", "a")));
        assertThat(next(swapped, List.of("a", "b"), ALL, Set.of("a", "b"), 5))
                .isEqualTo(new Handover(List.of("a", "b"), Map.of("b", NOW.plusSeconds(5)), false));
    }

    @Test
    void gatewaysThatWentToAStandbyAreSentBackOnceWhenThePrimaryServesAgain() {
        List<String> plan = List.of("a", "b");
        Handover away = next(Handover.at(plan), plan, Set.of("b"), Set.of("b"), Set.of("b"), 0);
        assertThat(away).isEqualTo(new Handover(plan, Map.of(), true));
        Handover connected = next(away, plan, ALL, Set.of("b"), Set.of("b"), 1);
        assertThat(connected).as("it has nothing to serve yet").isEqualTo(away);
        Handover back = next(connected, plan, ALL, Set.of("a", "b"), Set.of("b"), 2);
        assertThat(back).isEqualTo(new Handover(plan, Map.of("b", NOW.plusSeconds(2)), false));
        Handover done = next(back, plan, ALL, Set.of("a", "b"), Set.of("b"), 32);
        assertThat(done).as("who can't reach it stays").isEqualTo(Handover.at(plan));
        assertThat(next(done, plan, ALL, Set.of("a", "b"), Set.of("b"), 33)).isEqualTo(done);
    }

    @Test
    void aStandbyThatNobodyWentToIsNotLeft() {
        List<String> plan = List.of("a", "b");
        Handover away = next(Handover.at(plan), plan, Set.of(), Set.of(), 0);
        assertThat(next(away, plan, ALL, Set.of("a", "b"), Set.of("a"), 1)).isEqualTo(Handover.at(plan));
    }
}
