package dev.mpg.sync;

import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An {@link Assignment} as the Master gives it. It may name a version whose content the Master doesn't have, as after a
 * restart with a newer compiler: then only an instance that holds that version can take it. Immutable.
 *
 * @param contents of the versions named, as far as the Master has them, by version
 */
public record Order(
        String clusterId,
        Optional<ContentHash> stable,
        ContentHash target,
        Cohort cohort,
        List<String> members,
        String traceparent,
        Map<ContentHash, Snapshot> contents) {
    public Order {
        contents = Map.copyOf(contents);
    }

    /** @param known where contents may be found; others are ignored */
    public Order(
            String clusterId,
            Optional<ContentHash> stable,
            ContentHash target,
            Cohort cohort,
            List<String> members,
            String traceparent,
            Collection<Snapshot> known) {
        this(clusterId, stable, target, cohort, members, traceparent, named(stable, target, known));
    }

    private static Map<ContentHash, Snapshot> named(
            Optional<ContentHash> stable, ContentHash target, Collection<Snapshot> known) {
        Map<ContentHash, Snapshot> named = new HashMap<>();
        for (Snapshot snapshot : known) {
            if (snapshot.version().equals(target) || stable.equals(Optional.of(snapshot.version()))) {
                named.putIfAbsent(snapshot.version(), snapshot);
            }
        }
        return named;
    }

    /** The same, with all its content. */
    public static Order of(Assignment assignment) {
        return new Order(
                assignment.clusterId(),
                assignment.stable().map(Snapshot::version),
                assignment.target().version(),
                assignment.cohort(),
                assignment.members(),
                assignment.traceparent(),
                Stream.concat(Stream.of(assignment.target()), assignment.stable().stream())
                        .toList());
    }

    /** The versions named. */
    List<ContentHash> versions() {
        return Stream.concat(Stream.of(target), stable.stream()).distinct().toList();
    }

    /** Whether it asks for the same. The trace context of an equal order is of no interest, nor is where contents come from. */
    boolean says(Order other) {
        return target.equals(other.target)
                && stable.equals(other.stable)
                && cohort.equals(other.cohort)
                && members.equals(other.members);
    }
}
