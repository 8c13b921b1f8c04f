package dev.mpg.sync;

import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a proxy instance holds and serves. Implemented by the proxy process; called by {@link SyncClient} from one thread
 * at a time.
 */
public interface AssignmentSink {
    /** The versions, also of live data, of which every resource is held, by cluster id. */
    Map<String, Set<ContentHash>> holdings();

    /** One of the versions that {@link #holdings()} names; empty when it is none of them, or is held no longer. */
    Optional<Snapshot> snapshot(String clusterId, ContentHash version);

    /** The live data that is served of a Proxy; {@link Snapshot#EMPTY} when there is none. */
    Snapshot live(String clusterId);

    /** Stops serving every other Proxy, and forgets it. */
    void retain(Set<String> clusterIds);

    /**
     * The gateways of these Proxies should leave this instance, until this is called again: then those of others may stay.
     * Called after each {@link #retain}. Isn't to be persisted: the Master says it again.
     */
    void drain(Set<String> clusterIds);

    /**
     * Takes an assignment, whole and verified: persists it, then serves it; of one that brings only other live data it may be
     * the other way round. One that can't be persisted is served from memory
     * and held there, and is offered again until it is on disk.
     *
     * @return why it is in memory only, so that it is lost when this process ends; empty when it is on disk
     * @throws RuntimeException when it can't be taken at all: the earlier one stays, and this one is offered again
     */
    Optional<String> assign(Assignment assignment);
}
