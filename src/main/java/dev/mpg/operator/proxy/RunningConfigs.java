package dev.mpg.operator.proxy;

import dev.mpg.snapshot.Snapshot;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
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

    /** Forgets the cluster id if it is this Proxy's. */
    void remove(String clusterId, ResourceID owner) {
        byClusterId.computeIfPresent(clusterId, (id, running) -> running.owner().equals(owner) ? null : running);
    }

    /** Whether the cluster id is this Proxy's. */
    boolean isOwner(String clusterId, ResourceID proxy) {
        return get(clusterId).map(running -> running.owner().equals(proxy)).orElse(false);
    }

    /**
     * Cluster ids that an object of this name had before: it was deleted and created again, which can be seen as one change.
     */
    List<String> leftBy(ResourceID proxy, String uid) {
        return byClusterId.entrySet().stream()
                .filter(entry -> entry.getValue().owner().equals(proxy)
                        && !entry.getValue().uid().equals(uid))
                .map(Map.Entry::getKey)
                .toList();
    }
}
