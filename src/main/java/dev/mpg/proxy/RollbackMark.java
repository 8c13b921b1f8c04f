package dev.mpg.proxy;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import java.util.List;

/**
 * What gateways refused of one Proxy's target in one wave: that target is given to no other in this wave. Immutable.
 *
 * @param refused what they refused, each gateway once
 */
record RollbackMark(String clusterId, Trial trial, List<GatewayReport> refused) {
    RollbackMark {
        refused = List.copyOf(refused);
    }

    /** One target in one wave. */
    record Trial(ContentHash target, int wave) {
        static Trial of(Assignment assignment) {
            return new Trial(assignment.target().version(), assignment.cohort().wave());
        }
    }
}
