package dev.mpg.snapshot;

import java.util.List;

/**
 * The gateways that get the target although it isn't stable. Immutable.
 *
 * @param wave number of the wave that they belong to. A gateway that refused the target in an earlier wave is to be asked
 *     again when the number has changed
 * @param gateways their {@code node.id}s
 */
public record Cohort(int wave, List<String> gateways) {
    /** Nobody, and no wave yet. */
    public static final Cohort NONE = new Cohort(0, List.of());

    public Cohort {
        gateways = Members.of(gateways);
    }

    /** Takes O(1). */
    boolean contains(String gateway) {
        return gateways.contains(gateway);
    }
}
