package dev.mpg.xds;

import dev.mpg.rollout.Canary;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Snapshot;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The target of one wave: who was given it, and who refused it. A gateway that refused it gets stable at once, and from then
 * on nobody gets it who didn't have it, without the Master being asked. Outlasts an assignment without a trial, so that
 * nobody is offered the same again by an operator that forgot. Thread-safe.
 */
final class Trial {
    private final Snapshot target;
    private final int wave;
    private final Set<String> given = ConcurrentHashMap.newKeySet();
    private final Map<String, GatewayReport> refused = new ConcurrentHashMap<>();
    private final Instant openedAt;
    /** Since when, without interruption, a gateway has run the target. */
    private final Map<String, Instant> currentSince = new ConcurrentHashMap<>();

    private Trial(Snapshot target, int wave, Instant openedAt) {
        this.target = target;
        this.wave = wave;
        this.openedAt = openedAt;
    }

    /** The trial of this assignment: the earlier one, with what was refused, if it's the same or there's no other. */
    static Trial of(Assignment assignment, @Nullable Trial earlier, Instant now) {
        int wave = assignment.cohort().wave();
        if (earlier != null
                && (!assignment.isTrial() || (earlier.wave == wave && earlier.target.equals(assignment.target())))) {
            return earlier;
        }
        Trial begun = new Trial(assignment.target(), wave, now);
        if (earlier != null && earlier.target.equals(begun.target)) {
            begun.currentSince.putAll(earlier.currentSince);
        }
        return begun;
    }

    private boolean isOn(Assignment assignment) {
        return assignment.isTrial() && assignment.target().equals(target);
    }

    /** What this gateway should have. */
    Snapshot snapshotFor(String gateway, Assignment assignment) {
        Snapshot wanted = assignment.snapshotFor(gateway);
        if (!isOn(assignment) || !wanted.equals(target)) {
            return wanted;
        }
        boolean admitted = refused.isEmpty() || (given.contains(gateway) && !refused.containsKey(gateway));
        if (!admitted) {
            return assignment.stable().orElse(wanted);
        }
        given.add(gateway);
        return target;
    }

    /** Notes what a gateway says. Whether it refused the target just now, so that it should have something else. */
    boolean note(GatewayReport report, Assignment assignment, Instant now) {
        boolean ofTarget = isOn(assignment) && report.version().equals(target.version());
        if (ofTarget && report.state() == GatewayReport.State.CURRENT) {
            currentSince.putIfAbsent(report.gateway(), now);
        } else {
            currentSince.remove(report.gateway());
        }
        return ofTarget
                && report.state() == GatewayReport.State.REJECTED
                && refused.put(report.gateway(), report) == null;
    }

    /** The gateway isn't connected any more. */
    void left(String gateway) {
        currentSince.remove(gateway);
    }

    /** Number of the wave. */
    int wave() {
        return wave;
    }

    /** Whose traffic is to be compared with whose. */
    Canary canary(Assignment assignment) {
        return new Canary(
                target.version(), openedAt, Set.copyOf(assignment.cohort().gateways()), Map.copyOf(currentSince));
    }

    /** Takes up what was refused before this process began. */
    void recall(Collection<GatewayReport> reports) {
        for (GatewayReport report : reports) {
            if (report.version().equals(target.version())) {
                refused.put(report.gateway(), report);
            }
        }
    }

    /** What counts of this gateway: that it refused the target, whatever it runs since, else what it says now. */
    GatewayReport said(GatewayReport now, Assignment assignment) {
        return isOn(assignment) ? refused.getOrDefault(now.gateway(), now) : now;
    }

    /** The refusals, connected or not. */
    List<GatewayReport> refused() {
        return List.copyOf(refused.values());
    }
}
