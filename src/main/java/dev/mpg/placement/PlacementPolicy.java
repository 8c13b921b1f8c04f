package dev.mpg.placement;

/**
 * How Proxies are placed on a pool. Immutable.
 *
 * @param maxLoadFactor 1 + ε: how much of the average load an instance may have, 1 to 1000, in steps of a thousandth. Close to
 *     1 is even and moves more, large moves nobody
 * @param replicasPerProxy instances for each Proxy, at least 1: a primary, the others standbys. Fewer where the pool is smaller
 * @param spreadZones whether standbys go to other zones than their primary's, where there is one
 * @param seed of {@link Strategy#Random}; the others ignore it
 */
public record PlacementPolicy(
        Strategy strategy, double maxLoadFactor, int replicasPerProxy, boolean spreadZones, long seed) {
    /** Affinity, up to 1.25 times the average load, no standby. */
    public static final PlacementPolicy DEFAULT = new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, 1, false, 0);

    private static final int STEPS = 1000;

    public PlacementPolicy {
        if (!(maxLoadFactor >= 1 && maxLoadFactor <= 1000)) {
            throw new IllegalArgumentException("a maximum load factor is 1 to 1000, not " + maxLoadFactor);
        }
        if (replicasPerProxy < 1) {
            throw new IllegalArgumentException("a Proxy has at least 1 replica, not " + replicasPerProxy);
        }
    }

    public PlacementPolicy withStrategy(Strategy other) {
        return new PlacementPolicy(other, maxLoadFactor, replicasPerProxy, spreadZones, seed);
    }

    public PlacementPolicy withMaxLoadFactor(double other) {
        return new PlacementPolicy(strategy, other, replicasPerProxy, spreadZones, seed);
    }

    /** Whether an instance may have too much. */
    boolean hasCap() {
        return strategy == Strategy.AffinityLeastLoaded;
    }

    /** ⌈(1+ε) · weight / instances⌉, without the errors of floating point: 1.1 · 10 is 11, not a bit more. */
    long cap(long weight, int instances) {
        return Math.ceilDiv(Math.round(maxLoadFactor * STEPS) * weight, (long) STEPS * instances);
    }
}
