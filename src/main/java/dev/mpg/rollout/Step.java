package dev.mpg.rollout;

import java.time.Duration;

/**
 * One step of a rollout. Immutable.
 *
 * @param gateways the share of the fleet that runs the target in this step's wave
 * @param bake how long all of the cohort must have run the target before the next wave opens: 0 to 365 days
 */
public record Step(Share gateways, Duration bake) {
    public Step {
        RolloutPolicy.checkRange("a bake time", bake);
    }
}
