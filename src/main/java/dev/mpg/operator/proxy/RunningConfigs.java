package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.rollout.AnalysisPolicy;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this operator put into force, by cluster id: whose it is, what its spec says, how far the rollout has come. It begins
 * empty: after a restart specs are read again, and how far a rollout has come is in the Proxy's status. Thread-safe.
 */
final class RunningConfigs {
    /**
     * @param owner the Proxy
     * @param uid of the Proxy, since a name can be used again
     * @param generation of the spec that {@code verdict} was decided for
     * @param verdict the decision, kept so that an unchanged spec isn't compiled again
     * @param policy how to roll out, as the last accepted spec has it
     * @param analysis what is asked of a wave's traffic, as the last accepted spec has it
     * @param state of the rollout, as it was stored last
     * @param traceparent of the change that made the spec; empty when that isn't traced
     */
    record Running(
            ResourceID owner,
            String uid,
            long generation,
            Verdict verdict,
            RolloutPolicy policy,
            AnalysisPolicy analysis,
            RolloutState state,
            String traceparent) {

        /** What the spec compiles to; empty while it can't be used. */
        Optional<Snapshot> desired() {
            return verdict instanceof Verdict.Accepted accepted ? Optional.of(accepted.snapshot()) : Optional.empty();
        }

        Optional<ContentHash> desiredVersion() {
            return desired().map(Snapshot::version);
        }

        /** Whether it is this very Proxy's. */
        boolean isOf(Proxy proxy) {
            return owner.equals(ResourceID.fromResource(proxy))
                    && uid.equals(proxy.getMetadata().getUid());
        }

        /** The rollout has come as far as this. */
        Running at(RolloutState reached) {
            return new Running(owner, uid, generation, verdict, policy, analysis, reached, traceparent);
        }

        /** A change with this trace context made the spec. */
        Running tracedBy(String change) {
            return new Running(owner, uid, generation, verdict, policy, analysis, state, change);
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
