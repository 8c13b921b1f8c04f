package dev.mpg.operator.scheduler;

import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.api.SchedulerStatus.Instance;
import dev.mpg.api.SchedulerStatus.Migrations;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.status.Conditions;
import dev.mpg.placement.InstanceState;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The one place that writes a Scheduler's status. Pure: what is true goes in, the status comes out. */
final class SchedulerStatusFactory {
    static final String READY = "Ready";
    static final String BALANCED = "Balanced";

    private SchedulerStatusFactory() {}

    /**
     * What is true of a pool.
     *
     * @param workloads the instances, by ordinal
     * @param connected names of the instances that are connected to the Master
     * @param gateways how many gateways are connected to each
     * @param outlook who is to serve what
     * @param earlier what was decided before this operator began
     * @param proxies how many Proxies name the Scheduler
     */
    record Observation(
            List<Workload> workloads,
            Set<String> connected,
            Map<String, Integer> gateways,
            Outlook outlook,
            Totals earlier,
            int proxies) {}

    static SchedulerStatus status(Scheduler scheduler, Observation seen, Instant now) {
        Outlook outlook = seen.outlook();
        List<Instance> instances = seen.workloads().stream()
                .map(workload -> new Instance(
                        workload.name(),
                        seen.connected().contains(workload.name()),
                        outlook.proxies().getOrDefault(workload.name(), 0),
                        seen.gateways().getOrDefault(workload.name(), 0),
                        outlook.loads().loads().getOrDefault(workload.name(), 0L),
                        Optional.ofNullable(outlook.states().get(workload.name()))
                                .map(InstanceState::name)
                                .orElse(null),
                        address(workload, "xds"),
                        address(workload, "debug")))
                .toList();
        List<String> missing = instances.stream()
                .filter(instance -> !instance.ready())
                .map(Instance::name)
                .toList();
        @Nullable SchedulerStatus earlier = scheduler.getStatus();
        Conditions conditions = new Conditions(
                earlier == null ? null : earlier.conditions(),
                scheduler.getMetadata().getGeneration(),
                now);
        Optional<Workload> failed = seen.workloads().stream()
                .filter(workload -> workload.failure() != null && missing.contains(workload.name()))
                .findFirst();
        if (missing.isEmpty()) {
            conditions.set(READY, true, READY, "all " + instances.size() + " instances are connected");
        } else if (failed.isPresent()) {
            conditions.set(
                    READY,
                    false,
                    "InstanceFailed",
                    "proxy instance " + failed.get().name() + " keeps ending: "
                            + failed.get().failure());
        } else {
            conditions.set(
                    READY,
                    false,
                    "Connecting",
                    "waiting for "
                            + missing.stream().limit(5).collect(Collectors.joining(", "))
                            + (missing.size() > 5 ? " and " + (missing.size() - 5) + " more" : ""));
        }
        balanced(outlook, conditions);
        Totals totals = outlook.totals().plus(seen.earlier());
        return new SchedulerStatus(
                scheduler.getMetadata().getGeneration(),
                (instances.size() - missing.size()) + "/" + instances.size(),
                seen.proxies(),
                instances,
                number(outlook.loads().standardDeviation()),
                number(outlook.loads().peakToAverage()),
                new Migrations(totals.planned(), totals.forced()),
                totals.coldConnects(),
                outlook.totals()
                        .stayedRatio()
                        .map(SchedulerStatusFactory::number)
                        .orElse(null),
                conditions.toList());
    }

    private static void balanced(Outlook outlook, Conditions conditions) {
        if (outlook.unplaced() > 0) {
            conditions.set(
                    BALANCED,
                    false,
                    "Unplaced",
                    outlook.unplaced() + " Proxies wait for an instance that is ready to take them");
        } else if (outlook.left() > 0) {
            conditions.set(
                    BALANCED,
                    false,
                    "Moving",
                    outlook.left()
                            + " Proxies wait to be moved: at most spec.movesPerMinute are, and none while it isn't sure"
                            + " which instances are there");
        } else {
            conditions.set(BALANCED, true, BALANCED, "no Proxy waits to be moved");
        }
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private static @Nullable String address(Workload workload, String port) {
        Integer number = workload.ports().get(port);
        return workload.host() == null || number == null ? null : workload.host() + ":" + number;
    }
}
