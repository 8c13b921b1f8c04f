package dev.mpg.master;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the gateways of one Proxy run, as the instances that serve it say. Immutable.
 *
 * @param gateways each gateway once, sorted by name. When several instances report it, those count first whose report is
 *     live; among them the one that said something new about this gateway last
 * @param instances the instances on which the Proxy is placed, also those that have never connected, by name
 */
public record Fleet(List<GatewayReport> gateways, Map<String, Serving> instances) {
    /** Of a cluster id that is placed nowhere. */
    public static final Fleet NONE = new Fleet(List.of(), Map.of());

    public Fleet {
        gateways = List.copyOf(gateways);
        instances = Collections.unmodifiableMap(new TreeMap<>(instances));
    }

    /**
     * One instance that serves the Proxy.
     *
     * @param connected whether it has an open stream
     * @param live whether it has reported on this Proxy on the present stream. Otherwise its gateways are what it said last:
     *     they run on without the Master, but may have gone elsewhere
     * @param target the version that it serves as target; empty when it has never reported
     * @param held the versions that it holds whole; on disk, unless {@code unsaved} says otherwise
     * @param gateways how many gateways it reports
     * @param error why it could not take the last assignment, in its words; it serves on what it served before. Empty when
     *     it could, or has not tried yet
     * @param unsaved why what it serves is in its memory only, in its words; it is lost when the instance restarts, which
     *     tries to write it until then. Empty when it is on disk, and after a reconnect until the instance has said so again
     */
    public record Serving(
            boolean connected,
            boolean live,
            Optional<ContentHash> target,
            Set<ContentHash> held,
            int gateways,
            Optional<String> error,
            Optional<String> unsaved) {
        public Serving {
            held = Set.copyOf(held);
        }
    }

    /** The version that each instance serves as target, by instance; without those that never reported. */
    public Map<String, ContentHash> targets() {
        Map<String, ContentHash> targets = new HashMap<>();
        instances.forEach((name, serving) -> serving.target().ifPresent(target -> targets.put(name, target)));
        return Collections.unmodifiableMap(targets);
    }

    /** The versions that at least one of the instances holds whole. */
    public Set<ContentHash> heldVersions() {
        Set<ContentHash> versions = new HashSet<>();
        instances.values().forEach(serving -> versions.addAll(serving.held()));
        return Collections.unmodifiableSet(versions);
    }
}
