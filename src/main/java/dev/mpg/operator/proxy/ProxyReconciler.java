package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Proxies.clusterId;
import static dev.mpg.operator.proxy.Proxies.ref;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.Scheduler;
import dev.mpg.config.Origin;
import dev.mpg.config.SpecReader;
import dev.mpg.master.Master;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.events.Scribe;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.proxy.Enforcement.Seen;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.proxy.RevisionPlan.Plan;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.operator.scheduler.Pool;
import dev.mpg.operator.triggers.Startup;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.rollout.Decision;
import dev.mpg.rollout.Judgement;
import dev.mpg.rollout.Rollout;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Serve;
import dev.mpg.snapshot.ContentHash;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.Mappers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a fleet runs equal to what its Proxy asks for. Gathers what is there, decides whether the spec can be put into
 * force, enforces that, and writes down what is true. It also sees deletions, so that no finalizer is needed.
 */
@ControllerConfiguration(
        name = "proxy",
        triggerReconcilerOnAllEvents = true,
        generationAwareEventProcessing = false,
        informer = @Informer(onUpdateFilter = WhatIsAsked.class))
public final class ProxyReconciler implements Reconciler<Proxy> {
    private static final Logger log = LoggerFactory.getLogger(ProxyReconciler.class);
    private static final String BY_CLUSTER_ID = "clusterId";
    private static final String BY_SCHEDULER = "scheduler";

    /** How long after a start proxy instances are given to say what they serve, before status says that they don't. */
    private static final Duration JOINING = Duration.ofSeconds(15);

    private final Master master;
    private final Infrastructure infrastructure;
    private final Triggers triggers;
    private final Startup startup;
    private final EventRecorder events;
    private final History history;
    private final Scribe scribe;
    private final Clock clock;
    private final Instant joinedBy;
    private final RunningConfigs configs = new RunningConfigs();
    private final Enforcement enforcement;
    /** What was served last, by cluster id. */
    private final Map<String, Serve> serves = new ConcurrentHashMap<>();
    /** What was last to be written of history, by cluster id: the cache that it was planned from may lag behind. */
    private final Map<String, Plan> plans = new ConcurrentHashMap<>();

    public ProxyReconciler(
            Master master,
            Infrastructure infrastructure,
            Triggers triggers,
            Startup startup,
            EventRecorder events,
            History history,
            Scribe scribe,
            Clock clock) {
        this.master = master;
        this.infrastructure = infrastructure;
        this.triggers = triggers;
        this.startup = startup;
        this.events = events;
        this.history = history;
        this.scribe = scribe;
        this.clock = clock;
        this.joinedBy = clock.instant().plus(JOINING);
        this.enforcement = new Enforcement(master, infrastructure);
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
        return List.of(
                new InformerEventSource<>(schedulers, context),
                new InformerEventSource<>(revisions(), context),
                triggers.proxyEventSource());
    }

    /** What this operator itself writes makes no work; what somebody deletes is looked at. */
    private static InformerEventSourceConfiguration<ControllerRevision> revisions() {
        return InformerEventSourceConfiguration.from(ControllerRevision.class, Proxy.class)
                .withName("revisions")
                .withLabelSelector(History.PROXY_LABEL)
                .withSecondaryToPrimaryMapper(Mappers.fromOwnerReferences(Proxy.class))
                .withOnAddFilter(revision -> false)
                .withOnUpdateFilter((now, before) -> false)
                .build();
    }

    @Override
    public UpdateControl<Proxy> reconcile(Proxy proxy, Context<Proxy> context) {
        try {
            return context.isPrimaryResourceDeleted() || proxy.isMarkedForDeletion()
                    ? takeDown(proxy, others(proxy, context))
                    : bringUp(proxy, holder(proxy, context), context);
        } finally {
            // One that fails must not keep the others waiting; Enforcement has seen to it that nothing of it is
            // forgotten.
            startup.seen(ResourceID.fromResource(proxy));
        }
    }

    private UpdateControl<Proxy> bringUp(Proxy proxy, Proxy holder, Context<Proxy> context) {
        Optional<Scheduler> scheduler = context.getSecondaryResource(Scheduler.class);
        ResourceID id = ResourceID.fromResource(proxy);
        configs.leftBy(id, proxy.getMetadata().getUid()).forEach(clusterId -> takeDown(clusterId, id));
        boolean first = configs.get(clusterId(proxy)).isEmpty();
        Running running = running(proxy, holder, scheduler.isPresent());
        if (!ref(proxy).equals(ref(holder))) {
            List<Notice> notices = write(
                    proxy,
                    new Observation(
                            clusterId(proxy),
                            running.verdict(),
                            running.policy(),
                            running.state(),
                            FleetState.NONE,
                            List.of(),
                            List.of(),
                            Optional.empty(),
                            List.of(),
                            Optional.empty()),
                    context);
            tell(proxy, notices);
            return UpdateControl.noUpdate();
        }
        triggers.watch(running.owner(), clusterId(proxy), Pool.schedulerName(proxy));
        configs.put(clusterId(proxy), running);
        return rollOut(proxy, running, enforcement.gather(proxy, scheduler, first), context);
    }

    /** Decides how far the rollout goes, stores that, and only then serves it; what is only taken away is served first. */
    private UpdateControl<Proxy> rollOut(Proxy proxy, Running running, Seen seen, Context<Proxy> context) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        Set<ControllerRevision> revisions = context.getSecondaryResources(ControllerRevision.class);
        RolloutCommands.Reading commands = RolloutCommands.read(proxy, running.state());
        Optional<Judgement> judgement =
                Traffics.judge(running.state(), running.analysis(), wave -> master.traffic(seen.clusterId(), wave));
        Decision decision = Rollout.decide(
                running.state(),
                running.policy(),
                new dev.mpg.rollout.Observation(
                        now,
                        running.desiredVersion(),
                        seen.fleet(),
                        seen.fleetKnown(),
                        seen.reported().gateways(),
                        Traffics.regression(running.state(), judgement),
                        Traffics.isReasonToWait(running.analysis(), judgement),
                        commands.commands()));
        Running reached = running.at(decision.state());
        Optional<Serve> served = Optional.ofNullable(serves.get(seen.clusterId()));
        boolean retreat = served.isPresent() && Enforcement.isRetreat(served.get(), decision.serve());
        if (retreat) {
            configs.put(seen.clusterId(), reached);
            serve(proxy, seen, reached, decision.serve(), revisions);
        }
        List<Notice> notices = new ArrayList<>();
        Duration joining = Duration.between(now, joinedBy);
        boolean wait = seen.joining()
                && isCurrent(proxy)
                && joining.isPositive()
                && decision.state().equals(running.state());
        if (!wait) {
            notices.addAll(write(proxy, observation(reached, seen, judgement), context));
        }
        if (!retreat) {
            configs.put(seen.clusterId(), reached);
            serve(proxy, seen, reached, decision.serve(), revisions);
        }
        ProxyNotices.of(decision.outcomes()).forEach(notices::add);
        commands.problem().ifPresent(problem -> notices.add(Notice.warning("UnknownCommand", problem)));
        tell(proxy, notices);
        Plan plan = History.plan(proxy, revisions, reached.desiredVersion(), decision.state());
        if (!plan.equals(plans.put(seen.clusterId(), plan)) && !plan.isEmpty()) {
            scribe.write(() -> {
                if (!history.write(proxy, plan)) {
                    plans.remove(seen.clusterId(), plan);
                }
            });
        }
        return again(wait ? Optional.of(joinedBy) : decision.wakeUp(), now);
    }

    private void tell(Proxy proxy, List<Notice> notices) {
        notices.forEach(notice -> scribe.write(() -> events.record(proxy, notice)));
    }

    private void serve(Proxy proxy, Seen seen, Running running, Serve serve, Set<ControllerRevision> revisions) {
        enforcement.serve(seen, running.desired(), serve, version -> history.snapshot(proxy, revisions, version));
        serves.put(seen.clusterId(), serve);
    }

    private static UpdateControl<Proxy> again(Optional<Instant> at, Instant now) {
        UpdateControl<Proxy> control = UpdateControl.noUpdate();
        return at.map(time ->
                        control.rescheduleAfter(Duration.between(now, time).plusMillis(1)))
                .orElse(control);
    }

    private static Observation observation(Running running, Seen seen, Optional<Judgement> judgement) {
        Optional<ContentHash> version = running.state()
                .target()
                .or(() -> seen.reported().targets().values().stream().findFirst());
        FleetState fleet =
                FleetState.of(version, seen.members(), seen.reported().gateways(), Enforcement.served(seen.reported()));
        return new Observation(
                seen.clusterId(),
                running.verdict(),
                running.policy(),
                running.state(),
                fleet,
                seen.reported().gateways(),
                seen.instances(),
                seen.reported().instances().values().stream()
                        .flatMap(instance -> instance.error().stream())
                        .findFirst(),
                seen.workloads(),
                judgement.map(Judgement::message));
    }

    /** The verdict for this generation, and what is in force. An accepted spec that did not change isn't read again. */
    private Running running(Proxy proxy, Proxy holder, boolean schedulerExists) {
        Optional<Running> earlier =
                configs.get(clusterId(proxy)).filter(running -> running.owner().equals(ResourceID.fromResource(proxy)));
        boolean unchanged = earlier.map(
                        running -> running.uid().equals(proxy.getMetadata().getUid())
                                && running.generation() == proxy.getMetadata().getGeneration()
                                && running.verdict() instanceof Verdict.Accepted)
                .orElse(false);
        if (unchanged && schedulerExists && ref(proxy).equals(ref(holder))) {
            return earlier.orElseThrow();
        }
        RolloutPolicies.Reading policy = RolloutPolicies.read(
                new Origin(ref(proxy), "spec"), proxy.getSpec().rollout());
        Verdict verdict = Admission.decide(new Admission.Facts(
                ref(proxy),
                clusterId(proxy),
                ref(holder),
                Pool.schedulerName(proxy),
                schedulerExists,
                infrastructure.reservedPorts(),
                policy.refusing(SpecReader.read(ref(proxy), proxy.getSpec()))));
        return new Running(
                ResourceID.fromResource(proxy),
                proxy.getMetadata().getUid(),
                proxy.getMetadata().getGeneration(),
                verdict,
                verdict instanceof Verdict.Accepted
                        ? policy.policy()
                        : earlier.map(Running::policy).orElse(policy.policy()),
                verdict instanceof Verdict.Accepted
                        ? policy.analysis()
                        : earlier.map(Running::analysis).orElse(policy.analysis()),
                earlier.map(Running::state).orElseGet(() -> stored(proxy)));
    }

    /** How far the rollout had come when this operator started. */
    private static RolloutState stored(Proxy proxy) {
        ProxyStatus status = proxy.getStatus();
        if (status == null || status.rollout() == null) {
            return RolloutState.NONE;
        }
        try {
            return RolloutRecord.read(status.rollout());
        } catch (IllegalArgumentException e) {
            log.error("{}: the rollout begins anew: {}", ref(proxy), e.getMessage());
            return RolloutState.NONE;
        }
    }

    /** Whether its status already speaks of this generation. */
    private static boolean isCurrent(Proxy proxy) {
        return proxy.getStatus() != null
                && proxy.getMetadata().getGeneration().equals(proxy.getStatus().observedGeneration());
    }

    /** Writes its status where it differs. On return it is stored. Returns what to tell about it. */
    private List<Notice> write(Proxy proxy, Observation observation, Context<Proxy> context) {
        ProxyStatus status = ProxyStatusFactory.status(proxy, observation, clock.instant());
        if (status.equals(proxy.getStatus())) {
            return List.of();
        }
        Proxy patch = new Proxy();
        // With it the API server refuses to give this status to another object of the same name.
        patch.getMetadata().setUid(proxy.getMetadata().getUid());
        patch.getMetadata().setNamespace(proxy.getMetadata().getNamespace());
        patch.getMetadata().setName(proxy.getMetadata().getName());
        patch.setStatus(status);
        PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(proxy, patch, context);
        return ProxyNotices.between(proxy.getStatus(), status);
    }

    /** What was made for a Proxy goes with it. Another one that waits for the cluster id comes up anew. */
    private UpdateControl<Proxy> takeDown(Proxy proxy, List<Proxy> heirs) {
        takeDown(clusterId(proxy), ResourceID.fromResource(proxy));
        triggers.reconcile(heirs.stream().map(ResourceID::fromResource).collect(Collectors.toSet()));
        return UpdateControl.noUpdate();
    }

    private void takeDown(String clusterId, ResourceID proxy) {
        triggers.forget(proxy, clusterId);
        if (configs.isOwner(clusterId, proxy)) {
            configs.remove(clusterId, proxy);
            serves.remove(clusterId);
            plans.remove(clusterId);
            master.withdraw(clusterId);
            infrastructure.removeFleet(clusterId);
        }
    }

    /** Who has the cluster id that this Proxy asks for. */
    private Proxy holder(Proxy proxy, Context<Proxy> context) {
        Optional<ResourceID> owner = configs.get(clusterId(proxy)).map(Running::owner);
        return Stream.concat(Stream.of(proxy), others(proxy, context).stream())
                .min(Proxies.precedence(other -> owner.map(ResourceID.fromResource(other)::equals)
                        .orElseGet(() -> Proxies.saysItHasClusterId(other))))
                .orElse(proxy);
    }

    /** Other Proxies that ask for the same cluster id. */
    private static List<Proxy> others(Proxy proxy, Context<Proxy> context) {
        return context.getPrimaryCache().byIndex(BY_CLUSTER_ID, clusterId(proxy)).stream()
                .filter(other -> !ref(other).equals(ref(proxy)) && !other.isMarkedForDeletion())
                .toList();
    }
}
