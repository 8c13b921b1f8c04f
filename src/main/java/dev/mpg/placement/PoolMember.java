package dev.mpg.placement;

/**
 * A proxy instance of the pool. Immutable.
 *
 * @param name unique in the pool
 * @param zone where it runs; empty when that isn't known, which is a zone like any other
 */
public record PoolMember(String name, String zone, InstanceState state) {}
