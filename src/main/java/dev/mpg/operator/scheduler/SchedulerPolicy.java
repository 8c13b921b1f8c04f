package dev.mpg.operator.scheduler;

import static java.util.Objects.requireNonNullElse;

import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerSpec;
import dev.mpg.config.GatewayDuration;
import dev.mpg.placement.PlacementPolicy;
import dev.mpg.placement.Strategy;
import java.time.Duration;

/**
 * What a Scheduler asks for, with the defaults. It leans on the API server's schema; what is out of bounds all the same counts as
 * the nearest that isn't.
 *
 * @param movesPerMinute planned moves at most
 * @param drainTimeout how long the instance that a Proxy moved away from serves on
 */
record SchedulerPolicy(int instances, PlacementPolicy placement, int movesPerMinute, Duration drainTimeout) {
    static final Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(30);
    private static final int REPLICAS = 2;
    private static final int MOVES = 30;
    private static final SchedulerSpec DEFAULTS = new SchedulerSpec(null);

    static SchedulerPolicy of(Scheduler scheduler) {
        SchedulerSpec spec = requireNonNullElse(scheduler.getSpec(), DEFAULTS);
        return new SchedulerPolicy(
                Pool.size(scheduler),
                new PlacementPolicy(
                        strategy(requireNonNullElse(spec.policy(), SchedulerSpec.Policy.AffinityLeastLoaded)),
                        Math.clamp(
                                requireNonNullElse(spec.maxLoadFactor(), PlacementPolicy.DEFAULT.maxLoadFactor()),
                                1,
                                10),
                        Math.max(1, requireNonNullElse(spec.replicasPerProxy(), REPLICAS)),
                        false,
                        0),
                Math.max(0, requireNonNullElse(spec.movesPerMinute(), MOVES)),
                GatewayDuration.parse(requireNonNullElse(spec.drainTimeout(), ""))
                        .orElse(DEFAULT_DRAIN_TIMEOUT));
    }

    private static Strategy strategy(SchedulerSpec.Policy policy) {
        return switch (policy) {
            case AffinityLeastLoaded -> Strategy.AffinityLeastLoaded;
            case LeastLoaded -> Strategy.LeastLoaded;
            case RoundRobin -> Strategy.RoundRobin;
            case Random -> Strategy.Random;
        };
    }
}
