package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Fleet;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.scheduler.Pool;
import dev.mpg.placement.Affinity;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Serve;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.Order;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs what a Proxy needs, looks at what its gateways run, and has them served what was decided. */
final class Enforcement {
    private static final int INSTANCES_PER_PROXY = 1;

    private final Master master;
    private final Infrastructure infrastructure;
    private final Set<String> joining = ConcurrentHashMap.newKeySet();

    Enforcement(Master master, Infrastructure infrastructure) {
        this.master = master;
        this.infrastructure = infrastructure;
    }

    /**
     * What is there.
     *
     * @param instances the proxy instances that should serve the Proxy
     * @param members the gateways that are run for it; empty when they are run elsewhere
     * @param workloads of those
     * @param reported what the instances say
     * @param joining whether nothing is known yet: all gateways have run since before this operator started, and no instance
     *     has said since then what it serves
     */
    record Seen(
            String clusterId,
            List<String> instances,
            List<String> members,
            List<Workload> workloads,
            Fleet reported,
            boolean joining) {

        /** The gateways that exist, as far as is known. */
        Set<String> fleet() {
            return members.isEmpty()
                    ? reported.gateways().stream()
                            .map(report -> report.gateway())
                            .collect(Collectors.toSet())
                    : Set.copyOf(members);
        }

        /** Whether every instance has reported: else a gateway that isn't seen may well exist. */
        boolean fleetKnown() {
            return !reported.instances().isEmpty()
                    && reported.instances().values().stream().allMatch(Fleet.Serving::live);
        }
    }

    /**
     * Sees to it that instances serve the Proxy and gateways run.
     *
     * @param first whether this operator sees the Proxy for the first time
     */
    Seen gather(Proxy proxy, Optional<Scheduler> scheduler, boolean first) {
        String clusterId = Proxies.clusterId(proxy);
        List<String> instances =
                scheduler.map(found -> placement(clusterId, proxy, found)).orElseGet(() -> placedBefore(proxy));
        // Whatever goes wrong from here on, the instances are not told to forget this Proxy.
        master.hold(clusterId, new LinkedHashSet<>(instances));
        List<String> members = Proxies.members(proxy);
        List<Workload> workloads = infrastructure.ensureFleet(new Infrastructure.Fleet(
                clusterId, proxy.getMetadata().getName(), members.size(), xdsAddresses(instances)));
        Fleet reported = master.fleet(clusterId);
        return new Seen(
                clusterId, instances, members, workloads, reported, isJoining(clusterId, first, workloads, reported));
    }

    private boolean isJoining(String clusterId, boolean first, List<Workload> workloads, Fleet reported) {
        if (!reported.targets().isEmpty() || !workloads.stream().allMatch(Workload::running)) {
            joining.remove(clusterId);
        } else if (first) {
            joining.add(clusterId);
        }
        return joining.contains(clusterId);
    }

    /**
     * The content of the versions that are to be served, as far as it can be had.
     *
     * @param desired what the spec compiles to
     * @param history where the content of other versions may be found; asked only for what the Master doesn't remember
     */
    List<Snapshot> contents(
            Seen seen, Optional<Snapshot> desired, Serve serve, Function<ContentHash, Optional<Snapshot>> history) {
        return Stream.concat(serve.target().stream(), serve.stable().stream())
                .distinct()
                .flatMap(version -> desired
                        .filter(snapshot -> snapshot.version().equals(version))
                        .or(() -> master.snapshot(seen.clusterId(), version))
                        .or(() -> history.apply(version))
                        .stream())
                .toList();
    }

    /** Whether these are the contents of all versions that are to be served. */
    static boolean isWhole(Serve serve, List<Snapshot> contents) {
        Set<ContentHash> known = contents.stream().map(Snapshot::version).collect(Collectors.toSet());
        return Stream.concat(serve.target().stream(), serve.stable().stream()).allMatch(known::contains);
    }

    /** What gateways say that they run, or were sent, as far as the Master remembers it. */
    List<Snapshot> running(Seen seen) {
        return seen.reported().gateways().stream()
                .map(GatewayReport::version)
                .distinct()
                .flatMap(version -> master.snapshot(seen.clusterId(), version).stream())
                .toList();
    }

    /**
     * Has the instances serve this. Without any version they go on with what they have.
     *
     * @param contents of the versions, as far as they can be had
     */
    void serve(Seen seen, Serve serve, String traceparent, List<Snapshot> contents) {
        serve.target()
                .ifPresent(target -> master.publish(
                        new Order(
                                seen.clusterId(),
                                serve.stable(),
                                target,
                                new Cohort(serve.wave(), serve.cohort()),
                                seen.members(),
                                traceparent,
                                contents),
                        new LinkedHashSet<>(seen.instances())));
    }

    /** Whether {@code next} gives nobody a version that {@code now} didn't: then it is safe whatever becomes of us. */
    static boolean isRetreat(Serve now, Serve next) {
        if (next.stable().isEmpty() || !next.stable().equals(now.stable())) {
            return false;
        }
        return next.target().equals(next.stable())
                || (next.target().equals(now.target())
                        && next.wave() == now.wave()
                        && new HashSet<>(now.cohort()).containsAll(next.cohort()));
    }

    /** The versions that instances have told, since they last connected, that they serve. */
    static List<ContentHash> served(Fleet fleet) {
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
