package dev.mpg.operator.proxy;

import dev.mpg.rollout.Decision;
import dev.mpg.rollout.Outcome;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Wave;
import dev.mpg.snapshot.ContentHash;
import java.time.Instant;
import java.util.Optional;

/**
 * The last ACK of a wave.
 *
 * @param version that was ACKed
 * @param wave its number
 * @param at when it was heard of
 */
record Acknowledgement(ContentHash version, int wave, Place place, Instant at) {
    /** Which of a rollout's waves. There are as many of these words, however many waves there are. */
    enum Place {
        /** The first, of a part of the fleet. */
        FIRST,
        /** A later one, of a part of the fleet. */
        LATER,
        /** That of the whole fleet. */
        LAST;

        private static Place of(Wave wave) {
            return wave.share().equals(Share.WHOLE) ? LAST : wave.step() == 0 ? FIRST : LATER;
        }
    }

    /** Whether the last ACK of the open wave came just now; empty, too, when a promotion did without it. */
    static Optional<Acknowledgement> of(RolloutState before, Decision decision, Instant now) {
        RolloutState after = decision.state();
        Optional<Wave> open = before.wave().filter(wave -> wave.ackedAt().isEmpty());
        if (before.wave().isPresent() && open.isEmpty()) {
            return Optional.empty();
        }
        for (Outcome outcome : decision.outcomes()) {
            if (outcome instanceof Outcome.Completed(var version)) {
                return Optional.of(new Acknowledgement(version, after.waves(), Place.LAST, now));
            }
        }
        if (open.isEmpty() || after.wave().isEmpty() || !after.target().equals(before.target()) || after.promoted()) {
            return Optional.empty();
        }
        Wave was = open.get();
        Wave is = after.wave().get();
        Optional<Instant> at = is.number() == was.number()
                ? is.ackedAt()
                : is.step() > was.step() ? Optional.of(now) : Optional.empty();
        return at.map(time -> new Acknowledgement(after.target().orElseThrow(), was.number(), Place.of(was), time));
    }
}
