package dev.mpg.proxy;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Snapshot;
import java.util.List;

/**
 * A config that gateways of a Proxy run.
 *
 * @param role which one it is, in words
 */
record Served(Snapshot config, String role) {
    /** All that are given out: the target, and stable while the target is on trial. */
    static List<Served> of(Assignment assignment) {
        Served target = new Served(assignment.target(), "target");
        if (!assignment.isTrial()) {
            return List.of(target);
        }
        Served stable = new Served(assignment.stable().orElseThrow(), "stable, for who is not in the cohort");
        return List.of(new Served(assignment.target(), "target, for the cohort"), stable);
    }

    /** Of this gateway; where it hasn't said that it runs what it was sent, with that said in the role. */
    static List<Served> by(GatewayReport report, Assignment assignment) {
        Snapshot target = assignment.target();
        boolean isTarget = report.version().equals(target.version());
        Snapshot stable = assignment.stable().orElse(target);
        return List.of(
                switch (report.state()) {
                    case CURRENT -> new Served(isTarget ? target : stable, "what it runs");
                    case PENDING -> new Served(isTarget ? target : stable, "sent to it, not yet ACKed");
                    case REJECTED ->
                        assignment.isTrial() && isTarget
                                ? new Served(stable, "stable, since it refused the target")
                                : new Served(isTarget ? target : stable, "sent to it, refused in part or whole");
                });
    }
}
