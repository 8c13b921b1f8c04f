package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.time.Instant;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that is seen of a Proxy at one moment. Immutable; the order in which collections are given makes no difference.
 *
 * @param now the time
 * @param desired what the spec compiles to; empty while it can't be used, which stops nothing that is going on
 * @param fleet the gateways that exist: those that are run for the Proxy, or, when gateways are run elsewhere, those that
 *     are connected
 * @param fleetKnown whether every proxy instance of the Proxy has reported. While not, a gateway that isn't seen may well
 *     exist: none is taken for gone, no wave opens and nothing completes
 * @param reports what the connected gateways run, each once; of several for one gateway the worst counts. A gateway without
 *     a report is not connected
 * @param regression what the analysis of traffic holds against the open wave
 * @param unjudged whether the traffic of the open wave is too little to be judged, and that is a reason to wait
 * @param commands all that is asked for, also if it has acted already
 */
public record Observation(
        Instant now,
        Optional<ContentHash> desired,
        Set<String> fleet,
        boolean fleetKnown,
        List<GatewayReport> reports,
        Optional<Regression> regression,
        boolean unjudged,
        Set<Command> commands) {
    private static final Comparator<GatewayReport> BEST_FIRST = Comparator.comparing(
                    GatewayReport::state, (a, b) -> Integer.compare(severity(a), severity(b)))
            .thenComparing(report -> report.version().hex())
            .thenComparing(report -> report.refusals().toString());

    public Observation {
        fleet = Collections.unmodifiableSet(new TreeSet<>(fleet));
        TreeMap<String, GatewayReport> worst = new TreeMap<>();
        reports.forEach(report ->
                worst.merge(report.gateway(), report, (a, b) -> BEST_FIRST.compare(a, b) > 0 ? a : b));
        reports = List.copyOf(worst.values());
        commands = Set.copyOf(commands);
    }

    private static int severity(GatewayReport.State state) {
        return switch (state) {
            case CURRENT -> 0;
            case PENDING -> 1;
            case REJECTED -> 2;
        };
    }
}
