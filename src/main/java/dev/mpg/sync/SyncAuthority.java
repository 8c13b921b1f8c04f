package dev.mpg.sync;

import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Says what each instance should have, and is told what instances say. Streams ask when they are able to send, so that an
 * instance that reads slowly gets the latest of everything, not all of it. Thread-safe; must not block, and must call an
 * {@link InstanceStream} only while it holds no lock of its own.
 */
public interface SyncAuthority {
    /** A stream has begun; it replaces an older one of the same instance. */
    void connected(Hello hello, InstanceStream stream);

    /** A stream has ended. It may have been replaced already. */
    void disconnected(String instance, InstanceStream stream);

    /** What an instance holds of a Proxy has changed. */
    void held(String instance, InstanceStream stream, InstanceHolding holding);

    /** An instance reports on gateways. */
    void reported(String instance, InstanceStream stream, InstanceReport report);

    /** An instance says what a wave's traffic is like so far. */
    void seen(String instance, InstanceStream stream, String clusterId, int wave, Traffic traffic);

    /** The cluster ids of the Proxies placed on an instance, as far as they are known. */
    Set<String> clusterIds(String instance);

    /**
     * The same, to be told to the instance now, which will forget every other Proxy: so what it said about others counts no
     * longer. Empty while not all are known, and it must forget nothing.
     */
    Optional<Placed> placement(String instance, InstanceStream stream);

    /**
     * What an instance is told of its placement.
     *
     * @param shown those of which it logs each step
     * @param draining those whose gateways should leave it
     */
    record Placed(Set<String> clusterIds, Set<String> shown, Set<String> draining) {}

    /** What an instance should run; empty when the Proxy isn't placed on it, or when it should serve what it holds. */
    Optional<Publication> publication(String instance, String clusterId);

    /**
     * Who has connected, and what it holds.
     *
     * @param holdings versions held whole, by cluster id
     */
    record Hello(String instance, String xdsAddress, String debugAddress, Map<String, Set<ContentHash>> holdings) {
        public Hello {
            holdings = Map.copyOf(holdings);
        }
    }
}
