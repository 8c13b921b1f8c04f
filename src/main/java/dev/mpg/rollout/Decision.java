package dev.mpg.rollout;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What follows from an observation. Immutable.
 *
 * @param state to be stored before anything is served, and given to the next decision
 * @param serve who gets which version
 * @param wakeUp when to decide again although nothing was seen to change; always later than the observation
 * @param outcomes what happened, in order
 */
public record Decision(RolloutState state, Serve serve, Optional<Instant> wakeUp, List<Outcome> outcomes) {
    public Decision {
        outcomes = List.copyOf(outcomes);
    }
}
