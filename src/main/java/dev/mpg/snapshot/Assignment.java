package dev.mpg.snapshot;

import java.util.List;
import java.util.Optional;

/**
 * What the fleet of one Proxy should run. Immutable.
 *
 * @param clusterId the Proxy's cluster id, which gateways give as {@code node.cluster}
 * @param stable the last version proven on the whole fleet; empty while there is none: then everybody gets {@code target}
 * @param target the version that is being rolled out; equal to {@code stable} when nothing is
 * @param live data to which configs refer and which is no part of any: it goes to every gateway at once
 * @param cohort who gets {@code target} while it isn't stable
 * @param members the only {@code node.id}s that may connect; empty: any may
 * @param traceparent W3C trace context of the change that made this; empty when there is none
 */
public record Assignment(
        String clusterId,
        Optional<Snapshot> stable,
        Snapshot target,
        Snapshot live,
        Cohort cohort,
        List<String> members,
        String traceparent) {
    public Assignment {
        members = Members.of(members);
    }

    /** One without live data. */
    public Assignment(
            String clusterId,
            Optional<Snapshot> stable,
            Snapshot target,
            Cohort cohort,
            List<String> members,
            String traceparent) {
        this(clusterId, stable, target, Snapshot.EMPTY, cohort, members, traceparent);
    }

    /** One by which nobody is given anything that isn't stable; where nothing is, everybody gets {@code target}. */
    public Assignment(
            String clusterId, Optional<Snapshot> stable, Snapshot target, List<String> members, String traceparent) {
        this(clusterId, stable, target, Cohort.NONE, members, traceparent);
    }

    /** The same with this live data. */
    public Assignment withLive(Snapshot data) {
        return data.equals(live) ? this : new Assignment(clusterId, stable, target, data, cohort, members, traceparent);
    }

    /** The config that this gateway should run. Takes O(1). */
    public Snapshot snapshotFor(String gateway) {
        return stable.isEmpty() || cohort.contains(gateway) ? target : stable.get();
    }

    /** Whether the target is on trial: given to some, and stable is there to go back to. */
    public boolean isTrial() {
        return stable.isPresent() && !stable.get().equals(target);
    }

    /** Whether a gateway with this {@code node.id} belongs to the fleet. Takes O(1). */
    public boolean admits(String gateway) {
        return members.isEmpty() || members.contains(gateway);
    }
}
