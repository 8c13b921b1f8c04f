package dev.mpg.placement;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Whether an instance is there, without flapping: one that leaves is suspect before it is lost, and one that was lost has to stay
 * for a while before it counts. Immutable.
 *
 * @param connected whether it was connected when it was last looked at
 * @param since when that began
 * @param lost whether it was lost and has not stayed long enough since
 */
public record Liveness(boolean connected, Instant since, boolean lost) {
    /** How long an instance may be away: as long as one needs to start again, and longer than a connection needs to. */
    public static final Duration PATIENCE = Duration.ofSeconds(15);

    /** How long one that was lost has to stay. */
    public static final Duration PROBATION = Duration.ofSeconds(10);

    /** Of an instance that is seen for the first time; one that isn't connected may be starting. */
    public static Liveness of(boolean connected, Instant now) {
        return new Liveness(connected, now, false);
    }

    /** Of the same instance later. */
    public Liveness then(boolean connectedNow, Instant now) {
        // After the clock was put back, what seems to begin in the future begins now: else it would last that much
        // longer.
        Liveness at = connectedNow == connected && !since.isAfter(now)
                ? this
                : new Liveness(connectedNow, now, lost || isLost(now));
        return at.lost && at.connected && !now.isBefore(at.since.plus(PROBATION))
                ? new Liveness(true, at.since, false)
                : at;
    }

    private boolean isLost(Instant now) {
        return !connected && (lost || !now.isBefore(since.plus(PATIENCE)));
    }

    /** What may be asked of it. */
    public InstanceState state(boolean wanted, Instant now) {
        if (isLost(now)) {
            return InstanceState.Lost;
        } else if (!wanted) {
            return InstanceState.Draining;
        }
        return connected && !lost ? InstanceState.Ready : InstanceState.Suspect;
    }

    /** When that changes by itself; empty when it doesn't. */
    public Optional<Instant> changesAt(Instant now) {
        if (connected) {
            return lost ? Optional.of(since.plus(PROBATION)) : Optional.empty();
        }
        return isLost(now) ? Optional.empty() : Optional.of(since.plus(PATIENCE));
    }
}
