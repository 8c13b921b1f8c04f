package dev.mpg.placement;

/** How an instance is chosen for a Proxy. Spelled as in the spec of a Scheduler. */
public enum Strategy {
    /**
     * A placed Proxy stays; another goes to the least-loaded instance, ties by rendezvous hash; no instance gets beyond the
     * cap, which is restored with the fewest moves.
     */
    AffinityLeastLoaded,
    /** The least-loaded instance, ties by rendezvous hash. No cap. */
    LeastLoaded,
    /** The instances in turn, in the order of their names. No cap. */
    RoundRobin,
    /** Any instance, by a hash of the seed and the Proxy. No cap. */
    Random
}
