package dev.mpg.xds;

import dev.mpg.rollout.Canary;
import dev.mpg.rollout.Traffic;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * What gateways reported of their load in the last minute. Thread-safe. A report costs time in proportion to its own size; a
 * question in proportion to the cluster's gateways.
 */
final class LoadLedger {
    private final ConcurrentMap<String, ClusterLoad> clusters = new ConcurrentHashMap<>();
    private final InstantSource clock;

    /** Each gateway's load is used under its lock in the map, that is in {@code compute} and its like. */
    private static final class ClusterLoad {
        final ConcurrentMap<String, GatewayLoad> gateways = new ConcurrentHashMap<>();
        volatile Instant sweptAt;

        ClusterLoad(Instant now) {
            sweptAt = now;
        }
    }

    LoadLedger(InstantSource clock) {
        this.clock = clock;
    }

    /** Takes what a gateway counted in this time; {@code end} is now. */
    void add(String clusterId, String gateway, Instant start, Instant end, Load load) {
        ClusterLoad cluster = clusters.computeIfAbsent(clusterId, id -> new ClusterLoad(end));
        cluster.gateways.compute(gateway, (name, known) -> {
            GatewayLoad of = known == null ? new GatewayLoad() : known;
            of.add(start, end, load);
            return of;
        });
        if (end.isAfter(cluster.sweptAt.plus(GatewayLoad.RETENTION)) || end.isBefore(cluster.sweptAt)) {
            sweep(cluster, end);
        }
    }

    private static void sweep(ClusterLoad cluster, Instant now) {
        cluster.sweptAt = now;
        for (String gateway : cluster.gateways.keySet()) {
            cluster.gateways.computeIfPresent(gateway, (name, load) -> load.isForgotten(now) ? null : load);
        }
    }

    /** How many gateways it knows something of. */
    int gateways(String clusterId) {
        ClusterLoad cluster = clusters.get(clusterId);
        return cluster == null ? 0 : cluster.gateways.size();
    }

    /** The traffic of the last minute as the analysis of this canary looks at it. */
    Traffic traffic(String clusterId, Canary canary) {
        ClusterLoad cluster = clusters.get(clusterId);
        if (cluster == null) {
            return Traffic.NONE;
        }
        Instant now = clock.instant();
        List<Traffic> seen = new ArrayList<>();
        for (String gateway : cluster.gateways.keySet()) {
            cluster.gateways.computeIfPresent(gateway, (name, load) -> {
                seen.add(load.traffic(canary, name, now));
                return load;
            });
        }
        return seen.stream().reduce(Traffic.NONE, Traffic::plus);
    }

    void forget(String clusterId) {
        clusters.remove(clusterId);
    }
}
