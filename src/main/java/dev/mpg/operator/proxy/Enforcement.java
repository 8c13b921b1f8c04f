package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Fleet;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.scheduler.Scheduling;
import dev.mpg.placement.Handover;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Serve;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.Order;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs what a Proxy needs, looks at what its gateways run, and has them served what was decided. */
final class Enforcement {
    private final Master master;
    private final Infrastructure infrastructure;
    private final Scheduling scheduling;
    private final InstantSource clock;
    private final Set<String> joining = ConcurrentHashMap.newKeySet();
    /** By cluster id. */
    private final Map<String, Handover> handovers = new ConcurrentHashMap<>();

    Enforcement(Master master, Infrastructure infrastructure, Scheduling scheduling, InstantSource clock) {
        this.master = master;
        this.infrastructure = infrastructure;
        this.scheduling = scheduling;
        this.clock = clock;
    }

    /**
     * What is there.
     *
     * @param instances the proxy instances to which gateways are sent
     * @param holders those that have to hold the config: these, those that gateways are about to be sent to, and those that they
     *     leave
     * @param visited those on which there may be gateways
     * @param lookAgain when one that gateways left has served long enough
     * @param members the gateways that are run for it; empty when they are run elsewhere
     * @param workloads of those
     * @param reported what the instances say
     * @param joining whether nothing is known yet: all gateways have run since before this operator started, and no instance
     *     has said since then what it serves
     */
    record Seen(
            String clusterId,
            List<String> instances,
            Set<String> holders,
            Set<String> visited,
            Optional<Instant> lookAgain,
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

        /** Whether every instance that may have gateways has reported: else one that isn't seen may well exist. */
        boolean fleetKnown() {
            return !visited.isEmpty()
                    && visited.stream()
                            .allMatch(instance -> Optional.ofNullable(
                                            reported.instances().get(instance))
                                    .map(Fleet.Serving::live)
                                    .orElse(false));
        }
    }

    /**
     * Sees to it that instances serve the Proxy and gateways run.
     *
     * @param first whether this operator sees the Proxy for the first time
     */
    Seen gather(Proxy proxy, Optional<Scheduler> scheduler, boolean first) {
        String clusterId = Proxies.clusterId(proxy);
        List<String> members = Proxies.members(proxy);
        Handover before = handovers.computeIfAbsent(clusterId, id -> Handover.at(placedBefore(proxy)));
        Fleet served = master.fleet(clusterId);
        int weight = members.isEmpty() ? connectedGateways(proxy, served) : members.size();
        List<String> planned = scheduler
                .map(found -> scheduling.place(found, clusterId, weight, before.instances()))
                .orElse(before.instances());
        Duration drainTimeout = Scheduling.drainTimeout(scheduler);
        Handover handover = before.next(
                planned,
                new Handover.Observation(connected(), serving(before, served), visited(served)),
                clock.instant(),
                drainTimeout);
        handovers.put(clusterId, handover);
        Set<String> holders = handover.holders(planned);
        // Whatever goes wrong from here on, the instances are not told to forget this Proxy.
        master.hold(clusterId, holders);
        scheduling.holds(clusterId, holders);
        scheduling.visited(clusterId, gatewaysByInstance(served));
        List<Workload> workloads = infrastructure.ensureFleet(new Infrastructure.Fleet(
                clusterId, proxy.getMetadata().getName(), members.size(), xdsAddresses(handover.instances())));
        // Gateways know by now where to go.
        master.drain(clusterId, handover.leaving().keySet());
        Fleet reported = master.fleet(clusterId);
        return new Seen(
                clusterId,
                handover.instances(),
                holders,
                handover.visitable(),
                handover.wakeUp(drainTimeout),
                members,
                workloads,
                reported,
                isJoining(clusterId, first, workloads, reported));
    }

    /** While not all instances have reported, no fewer than there were: else a restart would look like a change of load. */
    private static int connectedGateways(Proxy proxy, Fleet fleet) {
        int reported = fleet.gateways().size();
        boolean known = !fleet.instances().isEmpty()
                && fleet.instances().values().stream().allMatch(Fleet.Serving::live);
        return known || proxy.getStatus() == null || proxy.getStatus().gateways() == null
                ? reported
                : Math.max(reported, proxy.getStatus().gateways().total());
    }

    /** This cluster id isn't served any more. */
    void forget(String clusterId) {
        handovers.remove(clusterId);
        joining.remove(clusterId);
        scheduling.remove(clusterId);
    }

    private Set<String> connected() {
        return master.instances().stream()
                .filter(Instance::connected)
                .map(Instance::name)
                .collect(Collectors.toSet());
    }

    private static Set<String> visited(Fleet fleet) {
        return fleet.instances().entrySet().stream()
                .filter(entry -> entry.getValue().live() && entry.getValue().gateways() > 0)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private static Map<String, Integer> gatewaysByInstance(Fleet fleet) {
        return fleet.instances().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().gateways()));
    }

    /** The instances that serve what those serve to which gateways are sent; if none of these can say, something. */
    private static Set<String> serving(Handover handover, Fleet fleet) {
        Set<ContentHash> targets = fleet.instances().entrySet().stream()
                .filter(entry -> handover.instances().contains(entry.getKey())
                        && entry.getValue().live())
                .flatMap(entry -> entry.getValue().target().stream())
                .collect(Collectors.toSet());
        return fleet.instances().entrySet().stream()
                .filter(entry -> entry.getValue().live()
                        && entry.getValue().error().isEmpty()
                        && entry.getValue()
                                .target()
                                .filter(target -> targets.isEmpty() || targets.contains(target))
                                .isPresent())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
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
                        seen.holders()));
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
