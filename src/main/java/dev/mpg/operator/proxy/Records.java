package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.events.Scribe;
import dev.mpg.operator.proxy.RevisionPlan.Plan;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What is written about a Proxy beside its status: Events and past versions. Nothing waits for it. Thread-safe. */
public final class Records {
    private final EventRecorder events;
    private final History history;
    private final Scribe scribe;
    /** What was last to be written of history, by cluster id: the cache that it was planned from may lag behind. */
    private final Map<String, Plan> plans = new ConcurrentHashMap<>();

    public Records(EventRecorder events, History history, Scribe scribe) {
        this.events = events;
        this.history = history;
        this.scribe = scribe;
    }

    void tell(Proxy proxy, List<Notice> notices) {
        notices.forEach(notice -> scribe.write(() -> events.record(proxy, notice)));
    }

    /** Sees to it that history says what is true now. */
    void keep(
            Proxy proxy, Collection<ControllerRevision> revisions, Optional<ContentHash> desired, RolloutState state) {
        String clusterId = Proxies.clusterId(proxy);
        Plan plan = History.plan(proxy, revisions, desired, state);
        if (!plan.equals(plans.put(clusterId, plan)) && !plan.isEmpty()) {
            scribe.write(() -> {
                if (!history.write(proxy, plan)) {
                    plans.remove(clusterId, plan);
                }
            });
        }
    }

    /** The content of a past version; empty when it can't be had. */
    Optional<Snapshot> snapshot(Proxy proxy, Collection<ControllerRevision> revisions, ContentHash version) {
        return history.snapshot(proxy, revisions, version);
    }

    void forget(String clusterId) {
        plans.remove(clusterId);
    }
}
