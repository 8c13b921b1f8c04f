package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.Scheduler;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecReader;
import dev.mpg.master.Fleet;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.operator.scheduler.Pool;
import dev.mpg.operator.triggers.Startup;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.placement.RendezvousHash;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Clock;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Keeps what a fleet runs equal to what its Proxy asks for. Gathers what is there, decides whether the spec can be put into
 * force, publishes it, runs the fleet, and writes down what is true. It also sees deletions, so that no finalizer is needed.
 */
@ControllerConfiguration(name = "proxy", triggerReconcilerOnAllEvents = true)
public final class ProxyReconciler implements Reconciler<Proxy> {
    private static final String BY_CLUSTER_ID = "clusterId";
    private static final String BY_SCHEDULER = "scheduler";
    private static final int INSTANCES_PER_PROXY = 1;

    /** The Proxy that asked for a cluster id first has it. */
    private static final Comparator<Proxy> OLDEST_FIRST = Comparator.comparing(
                    (Proxy proxy) -> proxy.getMetadata().getCreationTimestamp())
            .thenComparing(proxy -> ResourceID.fromResource(proxy).toString());

    private final Master master;
    private final Infrastructure infrastructure;
    private final Triggers triggers;
    private final Startup startup;
    private final EventRecorder events;
    private final Clock clock;
    private final RunningConfigs configs = new RunningConfigs();

    public ProxyReconciler(
            Master master,
            Infrastructure infrastructure,
            Triggers triggers,
            Startup startup,
            EventRecorder events,
            Clock clock) {
        this.master = master;
        this.infrastructure = infrastructure;
        this.triggers = triggers;
        this.startup = startup;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, Proxy>> prepareEventSources(EventSourceContext<Proxy> context) {
        context.getPrimaryCache().addIndexer(BY_CLUSTER_ID, proxy -> List.of(clusterId(proxy)));
        context.getPrimaryCache().addIndexer(BY_SCHEDULER, proxy -> List.of(Pool.schedulerName(proxy)));
        InformerEventSourceConfiguration<Scheduler> schedulers = InformerEventSourceConfiguration.from(
                        Scheduler.class, Proxy.class)
                .withSecondaryToPrimaryMapper(scheduler ->
                        context
                                .getPrimaryCache()
                                .byIndex(BY_SCHEDULER, scheduler.getMetadata().getName())
                                .stream()
                                .map(ResourceID::fromResource)
                                .collect(Collectors.toSet()))
                .withPrimaryToSecondaryMapper((Proxy proxy) -> Set.of(new ResourceID(Pool.schedulerName(proxy))))
                .build();
        return List.of(new InformerEventSource<>(schedulers, context), triggers.proxyEventSource());
    }

    @Override
    public UpdateControl<Proxy> reconcile(Proxy proxy, Context<Proxy> context) {
        if (context.isPrimaryResourceDeleted() || proxy.isMarkedForDeletion()) {
            return takeDown(proxy, context);
        }
        Proxy holder = holder(proxy, context);
        Optional<Scheduler> scheduler = context.getSecondaryResource(Scheduler.class);
        boolean holds = isSame(proxy, holder);
        Running running = running(proxy, holder, scheduler.isPresent());
        ProxyStatus status = holds
                ? bringIntoForce(proxy, running, scheduler)
                : ProxyStatusFactory.status(
                        proxy,
                        new Observation(clusterId(proxy), running.verdict(), FleetState.NONE, List.of(), List.of()),
                        clock.instant());
        startup.seen(ResourceID.fromResource(proxy));
        return write(proxy, status);
    }

    /** The verdict for this generation, and what is in force. A spec that did not change isn't compiled again. */
    private Running running(Proxy proxy, Proxy holder, boolean schedulerExists) {
        String clusterId = clusterId(proxy);
        Optional<Running> earlier =
                configs.get(clusterId).filter(running -> running.owner().equals(ResourceID.fromResource(proxy)));
        boolean unchanged = earlier.map(
                        running -> running.uid().equals(proxy.getMetadata().getUid())
                                && running.generation() == proxy.getMetadata().getGeneration()
                                && running.verdict() instanceof Verdict.Accepted)
                .orElse(false);
        if (unchanged && schedulerExists && isSame(proxy, holder)) {
            return earlier.orElseThrow();
        }
        Verdict verdict = Admission.decide(new Admission.Facts(
                ref(proxy),
                clusterId,
                ref(holder),
                Pool.schedulerName(proxy),
                schedulerExists,
                SpecReader.read(ref(proxy), proxy.getSpec())));
        return new Running(
                ResourceID.fromResource(proxy),
                proxy.getMetadata().getUid(),
                proxy.getMetadata().getGeneration(),
                verdict,
                verdict instanceof Verdict.Accepted(var snapshot)
                        ? Optional.of(snapshot)
                        : earlier.flatMap(Running::target),
                earlier.flatMap(Running::stable));
    }

    private ProxyStatus bringIntoForce(Proxy proxy, Running running, Optional<Scheduler> scheduler) {
        String clusterId = clusterId(proxy);
        configs.put(clusterId, running);
        triggers.watch(running.owner(), clusterId, Pool.schedulerName(proxy));
        List<String> instances =
                scheduler.map(found -> placement(clusterId, found)).orElse(List.of());
        List<String> members = members(proxy);
        publish(clusterId, running, members, instances);
        List<Workload> workloads = infrastructure.ensureFleet(new Infrastructure.Fleet(
                clusterId, proxy.getMetadata().getName(), members.size(), xdsAddresses(instances)));

        Fleet reported = master.fleet(clusterId);
        FleetState fleet = FleetState.of(
                running.target()
                        .map(Snapshot::version)
                        .or(() -> reported.targets().values().stream().findFirst()),
                members,
                reported.gateways(),
                served(reported));
        if (fleet.complete() && !running.stable().equals(running.target())) {
            Running proven = running.proven();
            configs.put(clusterId, proven);
            publish(clusterId, proven, members, instances);
        }
        return ProxyStatusFactory.status(
                proxy, new Observation(clusterId, running.verdict(), fleet, instances, workloads), clock.instant());
    }

    /** The versions that instances have told, since they last connected, that they serve. */
    private static List<ContentHash> served(Fleet fleet) {
        return fleet.instances().values().stream()
                .filter(Fleet.Serving::live)
                .flatMap(instance -> instance.target().stream())
                .toList();
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

    /** The proxy instances that serve a cluster id. */
    private static List<String> placement(String clusterId, Scheduler scheduler) {
        return RendezvousHash.rank(clusterId, Pool.instances(scheduler)).stream()
                .limit(INSTANCES_PER_PROXY)
                .toList();
    }

    private List<String> xdsAddresses(List<String> instances) {
        return instances.stream()
                .flatMap(name -> master.instances().stream()
                        .filter(instance -> instance.name().equals(name)))
                .map(Instance::xdsAddress)
                .filter(address -> !address.isEmpty())
                .toList();
    }

    /** Its status, written only when it differs; what changed is told as Events. */
    private UpdateControl<Proxy> write(Proxy proxy, ProxyStatus status) {
        if (status.equals(proxy.getStatus())) {
            return UpdateControl.noUpdate();
        }
        ProxyNotices.between(proxy.getStatus(), status).forEach(notice -> events.record(proxy, notice));
        Proxy patch = new Proxy();
        patch.getMetadata().setNamespace(proxy.getMetadata().getNamespace());
        patch.getMetadata().setName(proxy.getMetadata().getName());
        patch.setStatus(status);
        return UpdateControl.patchStatus(patch);
    }

    /** What was made for a Proxy goes with it, unless another Proxy waits for the cluster id and takes the fleet over. */
    private UpdateControl<Proxy> takeDown(Proxy proxy, Context<Proxy> context) {
        ResourceID id = ResourceID.fromResource(proxy);
        String clusterId = clusterId(proxy);
        triggers.forget(id, clusterId);
        Set<ResourceID> heirs = context.getPrimaryCache().byIndex(BY_CLUSTER_ID, clusterId).stream()
                .map(ResourceID::fromResource)
                .filter(other -> !other.equals(id))
                .collect(Collectors.toSet());
        if (configs.remove(clusterId, id) && heirs.isEmpty()) {
            master.withdraw(clusterId);
            infrastructure.removeFleet(clusterId);
        }
        triggers.reconcile(heirs);
        startup.seen(id);
        return UpdateControl.noUpdate();
    }

    private Proxy holder(Proxy proxy, Context<Proxy> context) {
        return Stream.concat(
                        Stream.of(proxy), context.getPrimaryCache().byIndex(BY_CLUSTER_ID, clusterId(proxy)).stream())
                .filter(other -> !other.isMarkedForDeletion())
                .min(OLDEST_FIRST)
                .orElse(proxy);
    }

    /** {@code node.id}s of the gateways that are run for the Proxy; empty when they are run elsewhere. */
    private static List<String> members(Proxy proxy) {
        var gateway = proxy.getSpec().gateway();
        int replicas = gateway == null || gateway.replicas() == null ? 1 : gateway.replicas();
        return IntStream.range(0, replicas)
                .mapToObj(ordinal -> proxy.getMetadata().getName() + "-" + ordinal)
                .toList();
    }

    /** The cluster id in force for a Proxy. */
    public static String clusterId(Proxy proxy) {
        return SpecReader.clusterId(ref(proxy), proxy.getSpec());
    }

    private static boolean isSame(HasMetadata one, HasMetadata other) {
        return ResourceID.fromResource(one).equals(ResourceID.fromResource(other));
    }

    private static ObjectRef ref(Proxy proxy) {
        return new ObjectRef(
                "Proxy", proxy.getMetadata().getNamespace(), proxy.getMetadata().getName());
    }
}
