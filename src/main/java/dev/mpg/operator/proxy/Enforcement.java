package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Fleet;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.operator.scheduler.Pool;
import dev.mpg.placement.Affinity;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Puts what was decided about a Proxy into force, and looks at what came of it. */
final class Enforcement {
    private static final int INSTANCES_PER_PROXY = 1;

    private final Master master;
    private final Infrastructure infrastructure;
    private final RunningConfigs configs;
    private final Set<String> joining = ConcurrentHashMap.newKeySet();

    Enforcement(Master master, Infrastructure infrastructure, RunningConfigs configs) {
        this.master = master;
        this.infrastructure = infrastructure;
        this.configs = configs;
    }

    /**
     * What was seen afterwards.
     *
     * @param joining whether nothing is known yet: all gateways have run since before this operator started, and no instance
     *     has said since then what it serves
     */
    record Outcome(Observation observation, boolean joining) {}

    /** Publishes the config in force, runs the fleet, and observes both. */
    Outcome enforce(Proxy proxy, Running running, Optional<Scheduler> scheduler) {
        String clusterId = Proxies.clusterId(proxy);
        boolean first = configs.get(clusterId).isEmpty();
        configs.put(clusterId, running);
        List<String> instances =
                scheduler.map(found -> placement(clusterId, proxy, found)).orElseGet(() -> placedBefore(proxy));
        // Whatever goes wrong from here on, the instances are not told to forget this Proxy.
        master.hold(clusterId, new LinkedHashSet<>(instances));
        List<String> members = Proxies.members(proxy);
        publish(clusterId, running, members, instances);
        List<Workload> workloads = infrastructure.ensureFleet(new Infrastructure.Fleet(
                clusterId, proxy.getMetadata().getName(), members.size(), xdsAddresses(instances)));

        Fleet reported = master.fleet(clusterId);
        FleetState fleet = FleetState.of(inForce(running, reported), members, reported.gateways(), served(reported));
        if (fleet.complete() && !running.stable().equals(running.target())) {
            Running proven = running.proven();
            configs.put(clusterId, proven);
            publish(clusterId, proven, members, instances);
        }
        return new Outcome(
                new Observation(clusterId, running.verdict(), fleet, instances, firstError(reported), workloads),
                isJoining(clusterId, first, workloads, reported));
    }

    private boolean isJoining(String clusterId, boolean first, List<Workload> workloads, Fleet reported) {
        if (!reported.targets().isEmpty() || !workloads.stream().allMatch(Workload::running)) {
            joining.remove(clusterId);
        } else if (first) {
            joining.add(clusterId);
        }
        return joining.contains(clusterId);
    }

    /** Without a version of our own, as after a restart with a spec that can't be used, instances go on with theirs. */
    private void publish(String clusterId, Running running, List<String> members, List<String> instances) {
        Set<String> placed = new LinkedHashSet<>(instances);
        running.target()
                .ifPresentOrElse(
                        target -> master.publish(
                                new Assignment(clusterId, running.stable(), target, members, ""), placed),
                        () -> master.hold(clusterId, placed));
    }

    private static Optional<ContentHash> inForce(Running running, Fleet reported) {
        return running.target()
                .map(Snapshot::version)
                .or(() -> reported.targets().values().stream().findFirst());
    }

    private static Optional<String> firstError(Fleet fleet) {
        return fleet.instances().values().stream()
                .flatMap(instance -> instance.error().stream())
                .findFirst();
    }

    /** The versions that instances have told, since they last connected, that they serve. */
    private static List<ContentHash> served(Fleet fleet) {
        return fleet.instances().values().stream()
                .filter(Fleet.Serving::live)
                .flatMap(instance -> instance.target().stream())
                .toList();
    }

    private List<String> placement(String clusterId, Proxy proxy, Scheduler scheduler) {
        Set<String> connected = master.instances().stream()
                .filter(Instance::connected)
                .map(Instance::name)
                .collect(Collectors.toSet());
        return Affinity.place(
                clusterId, placedBefore(proxy), Pool.instances(scheduler), connected, INSTANCES_PER_PROXY);
    }

    /** Naming a Scheduler that isn't there takes nothing away from who serves the Proxy now. */
    private static List<String> placedBefore(Proxy proxy) {
        return Optional.ofNullable(proxy.getStatus())
                .map(ProxyStatus::instances)
                .orElse(List.of());
    }

    private List<String> xdsAddresses(List<String> instances) {
        return instances.stream()
                .flatMap(name -> master.instances().stream()
                        .filter(instance -> instance.name().equals(name)))
                .map(Instance::xdsAddress)
                .filter(address -> !address.isEmpty())
                .toList();
    }
}
