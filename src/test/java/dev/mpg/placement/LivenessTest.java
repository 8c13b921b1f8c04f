package dev.mpg.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class LivenessTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private static Instant at(int seconds) {
        return START.plusSeconds(seconds);
    }

    private static InstanceState state(Liveness liveness, int seconds) {
        return liveness.state(true, at(seconds));
    }

    @Test
    void oneThatConnectsIsReadyAtOnce() {
        assertThat(state(Liveness.of(true, START), 0)).isEqualTo(InstanceState.Ready);
        Liveness starting = Liveness.of(false, START);
        assertThat(state(starting, 0)).isEqualTo(InstanceState.Suspect);
        assertThat(state(starting.then(true, at(3)), 3)).isEqualTo(InstanceState.Ready);
    }

    @Test
    void oneThatLeavesIsSuspectBeforeItIsLost() {
        Liveness left = Liveness.of(true, START).then(false, at(100));
        assertThat(state(left, 114)).isEqualTo(InstanceState.Suspect);
        assertThat(left.changesAt(at(100))).contains(at(115));
        assertThat(state(left, 115)).isEqualTo(InstanceState.Lost);
        assertThat(left.changesAt(at(115))).isEmpty();
        assertThat(left.then(false, at(200)).since()).isEqualTo(at(100));
    }

    @Test
    void oneThatComesBackInTimeIsReadyAtOnce() {
        Liveness back = Liveness.of(true, START).then(false, at(100)).then(true, at(114));
        assertThat(state(back, 114)).isEqualTo(InstanceState.Ready);
        assertThat(back.changesAt(at(114))).isEmpty();
    }

    @Test
    void oneThatWasLostHasToStay() {
        Liveness back = Liveness.of(true, START).then(false, at(100)).then(true, at(120));
        assertThat(state(back, 120)).isEqualTo(InstanceState.Suspect);
        assertThat(back.changesAt(at(120))).contains(at(130));
        assertThat(state(back.then(true, at(129)), 129)).isEqualTo(InstanceState.Suspect);
        assertThat(state(back.then(true, at(130)), 130)).isEqualTo(InstanceState.Ready);

        // If it doesn't, it is lost again without a grace, and begins anew.
        Liveness flapping = back.then(false, at(125));
        assertThat(state(flapping, 125)).isEqualTo(InstanceState.Lost);
        assertThat(state(flapping.then(true, at(126)).then(true, at(135)), 135)).isEqualTo(InstanceState.Suspect);
    }

    @Test
    void aClockThatIsPutBackMakesNothingLastLonger() {
        Liveness left = Liveness.of(false, at(3600)).then(false, at(0));
        assertThat(left.changesAt(at(0))).contains(at(15));
        assertThat(state(left.then(false, at(15)), 15)).isEqualTo(InstanceState.Lost);

        Liveness back = new Liveness(true, at(3600), true).then(true, at(0));
        assertThat(back.changesAt(at(0))).contains(at(10));
        assertThat(state(back.then(true, at(10)), 10)).isEqualTo(InstanceState.Ready);
    }

    @Test
    void oneThatIsNotWantedDrainsWhileItIsThere() {
        Liveness there = Liveness.of(true, START);
        assertThat(there.state(false, START)).isEqualTo(InstanceState.Draining);
        assertThat(there.then(false, at(1)).state(false, at(20))).isEqualTo(InstanceState.Lost);
    }
}
