package dev.mpg.operator.proxy;

import dev.mpg.snapshot.Snapshot;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this operator put into force, by cluster id: whose it is, and the snapshots. It begins empty: after a restart the
 * specs are read again, and proxy instances tell what they hold. Thread-safe.
 */
final class RunningConfigs {
    /**
     * @param owner the Proxy
     * @param uid of the Proxy, since a name can be used again
     * @param generation of the spec that {@code verdict} was decided for
     * @param verdict the decision, kept so that an unchanged spec isn't compiled again
     * @param target what was published last; empty while nothing was
     * @param stable the last version that the whole fleet ran, as far as this operator has seen it
     */
    record Running(
            ResourceID owner,
            String uid,
            long generation,
            Verdict verdict,
            Optional<Snapshot> target,
            Optional<Snapshot> stable) {

        /** The whole fleet runs the target. */
        Running proven() {
            return new Running(owner, uid, generation, verdict, target, target);
        }
    }

    private final Map<String, Running> byClusterId = new ConcurrentHashMap<>();

    Optional<Running> get(String clusterId) {
        return Optional.ofNullable(byClusterId.get(clusterId));
    }

    void put(String clusterId, Running running) {
        byClusterId.put(clusterId, running);
    }

    /** Forgets the cluster id if it is this Proxy's; tells whether it was. */
    boolean remove(String clusterId, ResourceID owner) {
        boolean[] removed = new boolean[1];
        byClusterId.computeIfPresent(clusterId, (id, running) -> {
            removed[0] = running.owner().equals(owner);
            return removed[0] ? null : running;
        });
        return removed[0];
    }
}
