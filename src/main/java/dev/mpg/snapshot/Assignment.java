package dev.mpg.snapshot;

import java.util.List;
import java.util.Optional;

/**
 * What the fleet of one Proxy should run. Immutable.
 *
 * @param clusterId the Proxy's cluster id, which gateways give as {@code node.cluster}
 * @param stable the last version proven on the whole fleet. Empty, as the Master says it: none that the Master knows, so
 *     who has one keeps it. Empty, as an instance serves it: there is none
 * @param target the version that is being rolled out; equal to {@code stable} when the fleet has arrived
 * @param members the only {@code node.id}s that may connect; empty: any may
 * @param traceparent W3C trace context of the change that made this; empty when there is none
 */
public record Assignment(
        String clusterId, Optional<Snapshot> stable, Snapshot target, List<String> members, String traceparent) {
    public Assignment {
        members = Members.of(members);
    }

    /** What this gateway should run. */
    public Snapshot snapshotFor(String gateway) {
        return target;
    }

    /** Whether a gateway with this {@code node.id} belongs to the fleet. Takes O(1). */
    public boolean admits(String gateway) {
        return members.isEmpty() || members.contains(gateway);
    }
}
