package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.CohortCodec;
import dev.mpg.sync.v1.Entry;
import dev.mpg.sync.v1.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the store holds of one Proxy. Immutable.
 *
 * @param file checksum of its {@link AssignmentFile}
 * @param fileBytes size of that file
 * @param snapshots stable and target, as far as they are whole
 * @param live data, of which secrets are in memory only; {@link Snapshot#EMPTY} when it isn't whole
 * @param served empty when what could be served of it must not be
 * @param base of the file; {@link Base#EMPTY} when that is not whole
 */
record Held(
        ContentHash file,
        int fileBytes,
        List<Snapshot> snapshots,
        Snapshot live,
        Optional<Assignment> served,
        Base base) {
    private static final Logger log = LoggerFactory.getLogger(Held.class);

    /**
     * As much of a stored assignment as is whole. With a broken target, stable is served. With a broken stable, target is
     * held but not served: nobody knows whether the fleet can take it, and only its cohort was to have it.
     */
    static Held restore(Stored stored, Map<ContentHash, ByteString> blobs) {
        dev.mpg.sync.v1.Assignment message = stored.message();
        Optional<Snapshot> target = snapshot(message.getClusterId(), "target", message.getTarget(), blobs);
        Optional<Snapshot> stable = Optional.empty();
        if (message.hasStable()) {
            stable = message.getStable().getVersion().equals(message.getTarget().getVersion())
                    ? target
                    : snapshot(message.getClusterId(), "stable", message.getStable(), blobs);
        }
        Snapshot live = message.hasLive()
                ? snapshot(message.getClusterId(), "live data", message.getLive(), blobs)
                        .orElse(Snapshot.EMPTY)
                : Snapshot.EMPTY;
        boolean unproven = message.hasStable() && stable.isEmpty();
        Optional<Assignment> served = unproven
                ? Optional.empty()
                : served(message, stable, target).map(assignment -> assignment.withLive(live));
        List<Snapshot> whole =
                Stream.of(stable, target).flatMap(Optional::stream).distinct().toList();
        Base base = snapshot(message.getClusterId(), "base", stored.base(), blobs)
                .map(Base::of)
                .filter(same -> same.hash().equals(stored.baseHash()))
                .orElse(Base.EMPTY);
        return new Held(stored.file().checksum(), stored.file().size(), whole, live, served, base);
    }

    /** What of live data is written. */
    static Snapshot onDisk(Snapshot live) {
        return live.without(ResourceType.SECRET);
    }

    /** All that is whole and has something in it. */
    Stream<Snapshot> all() {
        return Stream.concat(snapshots.stream(), Stream.of(live).filter(data -> data.size() > 0));
    }

    private static Optional<Assignment> served(
            dev.mpg.sync.v1.Assignment message, Optional<Snapshot> stable, Optional<Snapshot> target) {
        Optional<Assignment> whole = target.map(snapshot -> new Assignment(
                message.getClusterId(),
                stable,
                snapshot,
                CohortCodec.decode(message.getCohort()),
                message.getMembersList(),
                message.getTraceparent()));
        return whole.or(() -> stable.map(
                snapshot -> new Assignment(message.getClusterId(), stable, snapshot, message.getMembersList(), "")));
    }

    private static Optional<Snapshot> snapshot(
            String clusterId, String role, Manifest manifest, Map<ContentHash, ByteString> blobs) {
        List<Resource> resources = new ArrayList<>(manifest.getEntriesCount());
        int missing = 0;
        for (Entry entry : manifest.getEntriesList()) {
            ContentHash hash = ContentHash.fromBytes(entry.getHash());
            ByteString bytes = blobs.get(hash);
            Optional<ResourceType> type = ResourceType.ofNumber(entry.getType());
            if (bytes == null || type.isEmpty()) {
                missing++;
            } else {
                resources.add(Resource.ofVerified(type.get(), entry.getName(), hash, bytes));
            }
        }
        if (missing > 0) {
            log.warn(
                    "{} of Proxy {} lacks {} of {} resources: not held",
                    role,
                    clusterId,
                    missing,
                    missing + resources.size());
            return Optional.empty();
        }
        return rebuild(resources).filter(snapshot -> {
            boolean whole = snapshot.version().toBytes().equals(manifest.getVersion());
            if (!whole) {
                log.error("{} of Proxy {} hashes to {}, not to its version: not held", role, clusterId, snapshot);
            }
            return whole;
        });
    }

    private static Optional<Snapshot> rebuild(List<Resource> resources) {
        try {
            return Optional.of(Snapshot.of(resources));
        } catch (IllegalArgumentException e) {
            log.error("a stored manifest names a resource twice: {}", e.getMessage());
            return Optional.empty();
        }
    }
}
