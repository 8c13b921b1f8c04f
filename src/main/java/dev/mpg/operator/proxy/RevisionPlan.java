package dev.mpg.operator.proxy;

import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is to be written of a Proxy's past versions. The StatefulSet's rules: each version once; one that is asked for again
 * gets the newest number; only so many are kept. Pure.
 */
final class RevisionPlan {
    /** Becomes of a version that another one replaced before it had arrived or failed. */
    static final String REPLACED = "Replaced";

    static final String PROGRESSING = "Progressing";
    static final String COMPLETE = "Complete";

    private RevisionPlan() {}

    /**
     * A past version.
     *
     * @param version all of it, in hexadecimal digits
     * @param number rises
     * @param outcome what became of it
     */
    record Revision(String version, long number, String outcome, String message) {}

    /**
     * What to do.
     *
     * @param create the version that has no revision yet
     * @param update revisions that say something else now
     * @param delete versions whose revisions are one too many
     */
    record Plan(Optional<Revision> create, List<Revision> update, List<String> delete) {
        boolean isEmpty() {
            return create.isEmpty() && update.isEmpty() && delete.isEmpty();
        }
    }

    /**
     * Plans.
     *
     * @param desired what the spec compiles to; empty while it can't be used
     * @param limit how many to keep; those that are desired, stable or the target are kept in any case
     */
    static Plan of(List<Revision> existing, Optional<ContentHash> desired, RolloutState state, int limit) {
        Map<String, Revision> after = new HashMap<>();
        existing.forEach(revision -> after.put(revision.version(), revision));
        long newest = existing.stream().mapToLong(Revision::number).max().orElse(0);
        desired.map(ContentHash::hex).ifPresent(version -> {
            Revision earlier = after.get(version);
            if (earlier == null || earlier.number() < newest) {
                after.put(version, new Revision(version, newest + 1, PROGRESSING, ""));
            }
        });
        after.replaceAll((version, revision) -> withOutcome(revision, state));

        List<String> kept = Stream.of(desired, state.stable(), state.target())
                .flatMap(Optional::stream)
                .map(ContentHash::hex)
                .toList();
        List<String> delete = after.values().stream()
                .sorted(Comparator.comparingLong(Revision::number).reversed())
                .skip(limit)
                .map(Revision::version)
                .filter(version -> !kept.contains(version))
                .toList();
        List<Revision> update = new ArrayList<>();
        Optional<Revision> create = Optional.empty();
        for (Revision revision : after.values()) {
            boolean exists =
                    existing.stream().anyMatch(earlier -> earlier.version().equals(revision.version()));
            if (!exists) {
                create = Optional.of(revision);
            } else if (!existing.contains(revision) && !delete.contains(revision.version())) {
                update.add(revision);
            }
        }
        update.sort(Comparator.comparingLong(Revision::number));
        return new Plan(create, List.copyOf(update), delete);
    }

    private static Revision withOutcome(Revision revision, RolloutState state) {
        String version = revision.version();
        if (is(version, state.stable())) {
            return new Revision(version, revision.number(), COMPLETE, "");
        }
        Optional<dev.mpg.rollout.Failure> failure = Stream.concat(state.failure().stream(), state.failed().stream())
                .filter(failed -> failed.version().hex().equals(version))
                .findFirst();
        if (failure.isPresent()) {
            return new Revision(
                    version,
                    revision.number(),
                    failure.get().reason().name(),
                    failure.get().message());
        }
        if (is(version, state.target())) {
            return new Revision(version, revision.number(), PROGRESSING, "");
        }
        return revision.outcome().equals(PROGRESSING) && state.target().isPresent()
                ? new Revision(version, revision.number(), REPLACED, "")
                : revision;
    }

    private static boolean is(String version, Optional<ContentHash> hash) {
        return hash.map(ContentHash::hex).equals(Optional.of(version));
    }
}
