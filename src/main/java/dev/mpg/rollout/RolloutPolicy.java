package dev.mpg.rollout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a target reaches the fleet. Immutable.
 *
 * @param steps in the order in which they are taken; the last one is the whole fleet, and is added when it isn't. A step that
 *     is smaller than the one before it takes gateways back to stable
 * @param ackTimeout how long a gateway may take to ACK, and how long a fleet must have had no gateway before nobody is waited
 *     for: 1 second to 365 days
 * @param onFailure what becomes of a rollout whose target failed
 */
public record RolloutPolicy(List<Step> steps, Duration ackTimeout, OnFailure onFailure) {
    private static final Duration MAX = Duration.ofDays(365);

    /** Everybody at once; a gateway may take 15 seconds; what fails is rolled back. */
    public static final RolloutPolicy DEFAULT =
            new RolloutPolicy(List.of(), Duration.ofSeconds(15), OnFailure.Rollback);

    public RolloutPolicy {
        checkRange("an ACK timeout", ackTimeout);
        if (ackTimeout.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("an ACK timeout is at least 1 second, not " + ackTimeout);
        }
        List<Step> all = new ArrayList<>(steps);
        if (all.isEmpty() || !all.getLast().gateways().equals(Share.WHOLE)) {
            all.add(new Step(Share.WHOLE, Duration.ZERO));
        }
        steps = List.copyOf(all);
    }

    /** The step at {@code index}; the last one when there are fewer, as after the steps were edited. */
    Step step(int index) {
        return steps.get(Math.min(index, last()));
    }

    int last() {
        return steps.size() - 1;
    }

    static void checkRange(String what, Duration duration) {
        if (duration.isNegative() || duration.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(what + " is at most 365 days, not " + duration);
        }
    }
}
