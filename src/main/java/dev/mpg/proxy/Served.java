package dev.mpg.proxy;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Snapshot;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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

    /**
     * The one that this gateway has; its role says so when that isn't certain.
     *
     * @return empty when it is none of the assignment's, as for a moment after that was replaced
     */
    static Optional<Served> by(GatewayReport report, Assignment assignment) {
        boolean ofTarget = report.version().equals(assignment.target().version());
        if (report.state() == GatewayReport.State.REJECTED && assignment.isTrial() && ofTarget) {
            return assignment.stable().map(stable -> new Served(stable, "stable, since it refused the target"));
        }
        String role = switch (report.state()) {
            case CURRENT -> "what it runs";
            case PENDING -> "sent to it, not yet ACKed";
            case REJECTED -> "sent to it, refused in part or whole";
        };
        return Stream.concat(Stream.of(assignment.target()), assignment.stable().stream())
                .filter(config -> config.version().equals(report.version()))
                .findFirst()
                .map(config -> new Served(config, role));
    }
}
