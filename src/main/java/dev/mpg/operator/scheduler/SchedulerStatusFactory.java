package dev.mpg.operator.scheduler;

import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.api.SchedulerStatus.Instance;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.status.Conditions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The one place that writes a Scheduler's status. Pure: what is true goes in, the status comes out. */
final class SchedulerStatusFactory {
    static final String READY = "Ready";

    private SchedulerStatusFactory() {}

    /**
     * What is true of a pool.
     *
     * @param workloads the instances, by ordinal
     * @param connected names of the instances that are connected to the Master
     * @param proxiesByInstance how many Proxies are placed on each
     * @param proxies how many Proxies name the Scheduler
     */
    record Observation(
            List<Workload> workloads, Set<String> connected, Map<String, Integer> proxiesByInstance, int proxies) {}

    static SchedulerStatus status(Scheduler scheduler, Observation seen, Instant now) {
        List<Instance> instances = seen.workloads().stream()
                .map(workload -> new Instance(
                        workload.name(),
                        seen.connected().contains(workload.name()),
                        seen.proxiesByInstance().getOrDefault(workload.name(), 0),
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
        return new SchedulerStatus(
                scheduler.getMetadata().getGeneration(),
                (instances.size() - missing.size()) + "/" + instances.size(),
                seen.proxies(),
                instances,
                conditions.toList());
    }

    private static @Nullable String address(Workload workload, String port) {
        Integer number = workload.ports().get(port);
        return workload.host() == null || number == null ? null : workload.host() + ":" + number;
    }
}
