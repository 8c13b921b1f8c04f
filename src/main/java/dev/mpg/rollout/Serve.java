package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.util.List;
import java.util.Optional;

/**
 * Who gets which version. Immutable. A version that is marked failed is never in it.
 *
 * @param stable what everybody gets who isn't in the cohort, new gateways too; empty while there is none: then everybody gets
 *     {@code target}
 * @param target what the cohort gets; empty when there's no version at all
 * @param cohort gateways
 * @param wave number of the last wave that was opened; see {@link Wave#number()}
 */
public record Serve(Optional<ContentHash> stable, Optional<ContentHash> target, List<String> cohort, int wave) {
    public Serve {
        cohort = List.copyOf(cohort);
    }

    /** What this gateway gets; empty when there's no version at all. */
    public Optional<ContentHash> versionFor(String gateway) {
        return stable.isEmpty() || cohort.contains(gateway) ? target : stable;
    }
}
