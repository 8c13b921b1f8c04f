package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * Whose traffic is to be compared with whose, and since when. Immutable.
 *
 * @param target the version that the cohort is to run
 * @param openedAt when the wave opened
 * @param cohort the gateways that were asked to run the target
 * @param currentSince since when, without interruption, a gateway has been CURRENT on the target. One that isn't in it hasn't
 *     ACKed the target, or was put back
 */
public record Canary(ContentHash target, Instant openedAt, Set<String> cohort, Map<String, Instant> currentSince) {
    public Canary {
        cohort = Set.copyOf(cohort);
        currentSince = Map.copyOf(currentSince);
    }
}
