package dev.mpg.xds;

import dev.mpg.telemetry.LogKeys;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clusters whose gateways should leave this instance: their streams end, each at a time of its own, so that not all
 * gateways come to the next instance at once. One that comes meanwhile may not know the next instance yet: it is served, and
 * sent away after a pause. Thread-safe. Costs a timer per open stream of such a cluster.
 *
 * <p>An Envoy whose stream ends chooses an address anew, also when its connection stays: so nothing has to be said on the
 * connection, which other streams may be using.
 */
final class Draining {
    private static final Logger LOG = LoggerFactory.getLogger(Draining.class);

    /** Streams end at about this pace. */
    private static final Duration PER_STREAM = Duration.ofMillis(5);

    /** However many there are, all have ended after this time. */
    private static final Duration LONGEST = Duration.ofSeconds(5);

    /** How long a gateway stays that comes to a cluster that is draining. */
    private static final Duration PAUSE = Duration.ofSeconds(5);

    /** Within this time who was here has left, and who came back to it before they knew better. */
    static final Duration WHOLE = LONGEST.plus(PAUSE).plus(LONGEST);

    private final Consumer<AdsStream<?>> end;
    private volatile Set<String> clusterIds = Set.of();

    /** @param end ends a stream; may be called for one that has ended */
    Draining(Consumer<AdsStream<?>> end) {
        this.end = end;
    }

    /** These clusters are draining from now on, and no others. */
    synchronized void set(Set<String> draining, Collection<Fleet> fleets) {
        Set<String> before = clusterIds;
        clusterIds = Set.copyOf(draining);
        for (Fleet fleet : fleets) {
            boolean now = draining.contains(fleet.clusterId());
            if (now == before.contains(fleet.clusterId())) {
                continue;
            }
            int streams = fleet.streams().size();
            LOG.atInfo()
                    .addKeyValue(LogKeys.CLUSTER_ID, fleet.clusterId())
                    .log("cluster {} is draining{}: {} streams", fleet.clusterId(), now ? "" : " no longer", streams);
            if (now) {
                fleet.streams().forEach(stream -> leave(stream, Duration.ZERO, streams));
            }
        }
    }

    /** A stream has joined its fleet. */
    void joined(AdsStream<?> stream, Fleet fleet) {
        if (clusterIds.contains(fleet.clusterId())) {
            leave(stream, PAUSE, fleet.streams().size());
        }
    }

    private void leave(AdsStream<?> stream, Duration pause, int streams) {
        long spread = Math.min(PER_STREAM.toMillis() * streams, LONGEST.toMillis());
        stream.leaveIn(pause.toMillis() + ThreadLocalRandom.current().nextLong(spread + 1), () -> {
            // Draining may have been taken back.
            if (clusterIds.contains(stream.clusterId())) {
                end.accept(stream);
            }
        });
    }
}
