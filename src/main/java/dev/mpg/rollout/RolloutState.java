package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * All that must be remembered from one decision to the next, plain and small enough for a Proxy's status. Immutable.
 *
 * @param stable the last version that the whole fleet ran
 * @param target the version that was wanted last: being rolled out, equal to stable, or marked failed
 * @param wave the open wave; empty when the target is stable, is marked failed, or waits for its first wave
 * @param waves how many waves were opened so far; never falls
 * @param promoted whether somebody promoted the target
 * @param failure why the rollout of the target was stopped without going back to stable
 * @param failed the versions that are never served, oldest first, at most {@value #MAX_FAILED}: one more drops the oldest
 * @param returning gateways that were given a version that isn't stable, should run stable, and have not ACKed it
 * @param pausedBy who asked for a pause
 * @param obeyed ids of commands that have acted or were ignored: those that are still seen, and others up to
 *     {@value #MAX_OBEYED} in all
 * @param emptySince since when, without interruption, the fleet has had no gateway; kept only until the first wave opens
 */
public record RolloutState(
        Optional<ContentHash> stable,
        Optional<ContentHash> target,
        Optional<Wave> wave,
        int waves,
        boolean promoted,
        Optional<Failure> failure,
        List<Failure> failed,
        Set<String> returning,
        Optional<String> pausedBy,
        List<String> obeyed,
        Optional<Instant> emptySince) {
    static final int MAX_FAILED = 16;
    static final int MAX_OBEYED = 16;

    /** Of a Proxy that never had a version. */
    public static final RolloutState NONE = new RolloutState(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            0,
            false,
            Optional.empty(),
            List.of(),
            Set.of(),
            Optional.empty(),
            List.of(),
            Optional.empty());

    public RolloutState {
        failed = List.copyOf(failed);
        returning = Collections.unmodifiableSet(new TreeSet<>(returning));
        obeyed = List.copyOf(obeyed);
    }

    /** Of a fleet that is known, from elsewhere than a stored state, to run {@code stable} as the last known good. */
    public static RolloutState complete(ContentHash stable) {
        return new RolloutState(
                Optional.of(stable),
                Optional.of(stable),
                Optional.empty(),
                0,
                false,
                Optional.empty(),
                List.of(),
                Set.of(),
                Optional.empty(),
                List.of(),
                Optional.empty());
    }

    /** Where the rollout of the target stands. */
    public Phase phase() {
        if (target.isEmpty()) {
            return Phase.Pending;
        }
        if (stable.isEmpty()) {
            return failure.isPresent() ? Phase.Failed : Phase.Progressing;
        }
        if (stable.equals(target)) {
            return returning.isEmpty() ? Phase.Complete : Phase.RollingBack;
        }
        if (markOn(target.get()).isPresent()) {
            return returning.isEmpty() ? Phase.RolledBack : Phase.RollingBack;
        }
        return failure.isPresent() || pausedBy.isPresent() ? Phase.Paused : Phase.Progressing;
    }

    /** The gateways that get the target although it isn't stable; empty, too, while everybody gets it. */
    public List<String> cohort() {
        return wave.map(Wave::cohort).orElse(List.of());
    }

    /** Why a version is never served; empty when it may be. */
    public Optional<Failure> markOn(ContentHash version) {
        return failed.stream()
                .filter(failure -> failure.version().equals(version))
                .findFirst();
    }

    /** What stopped or ended the rollout of the target; empty when nothing did. */
    public Optional<Failure> reason() {
        return failure.or(() -> target.flatMap(this::markOn));
    }
}
