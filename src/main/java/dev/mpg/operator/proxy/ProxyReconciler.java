package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Proxies.clusterId;
import static dev.mpg.operator.proxy.Proxies.ref;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Master;
import dev.mpg.operator.endpoints.EndpointWatch;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.metrics.ReconcileMetrics;
import dev.mpg.operator.proxy.Enforcement.Seen;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.operator.scheduler.Pool;
import dev.mpg.operator.scheduler.Scheduling;
import dev.mpg.operator.scheduler.SpecChanged;
import dev.mpg.operator.triggers.Startup;
import dev.mpg.operator.triggers.Triggers;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.Mappers;
import io.opentelemetry.api.trace.Tracer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
    /** {@code true}: each step of the Proxy's changes is logged at every tier, at level INFO. */
    public static final String DEBUG_ANNOTATION = "mpg.dev/debug";

    private static final String BY_CLUSTER_ID = "clusterId";
    private static final String BY_SCHEDULER = "scheduler";

    private final Master master;
    private final Infrastructure infrastructure;
    private final Triggers triggers;
    private final Startup startup;
    private final ReconcileMetrics durations;
    private final StatusWriter status;
    private final Clock clock;
    private final RunningConfigs configs = new RunningConfigs();
    private final ReconcileSpans spans;
    private final SpecReview review;
    private final Enforcement enforcement;
    private final Delivery delivery;

    public ProxyReconciler(
            Master master,
            Infrastructure infrastructure,
            Triggers triggers,
            Startup startup,
            EndpointWatch endpoints,
            Records records,
            Scheduling scheduling,
            RolloutMetrics metrics,
            ReconcileMetrics durations,
            StatusWriter status,
            Tracer tracer,
            Clock clock) {
        this.master = master;
        this.infrastructure = infrastructure;
        this.triggers = triggers;
        this.startup = startup;
        this.durations = durations;
        this.status = status;
        this.clock = clock;
        this.spans = new ReconcileSpans(tracer);
        this.review = new SpecReview(configs, infrastructure);
        this.enforcement = new Enforcement(master, infrastructure, scheduling, clock);
        this.delivery = new Delivery(master, enforcement, endpoints, configs, records, metrics, status, spans, clock);
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
                // Scheduling names the Proxies that move.
                .withOnUpdateFilter(new SpecChanged<>())
                .build();
        return List.of(
                new InformerEventSource<>(schedulers, context),
                new InformerEventSource<>(revisions(), context),
                triggers.proxyEventSource(context.getPrimaryCache()));
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
            Proxy latest = status.latest(proxy);
            boolean gone = context.isPrimaryResourceDeleted() || proxy.isMarkedForDeletion();
            return spans.reconcile(
                    latest,
                    configs.get(clusterId(proxy)).filter(running -> running.isOf(proxy)),
                    traceparent -> durations.time(
                            gone,
                            () -> gone
                                    ? takeDown(proxy, others(proxy, context))
                                    : bringUp(latest, holder(proxy, context), traceparent, context)));
        } finally {
            // One that fails must not keep the others waiting; Enforcement has seen to it that nothing of it is
            // forgotten.
            startup.seen(ResourceID.fromResource(proxy));
        }
    }

    private UpdateControl<Proxy> bringUp(Proxy proxy, Proxy holder, String traceparent, Context<Proxy> context) {
        Instant seenAt = clock.instant();
        Optional<Scheduler> scheduler = context.getSecondaryResource(Scheduler.class);
        ResourceID id = ResourceID.fromResource(proxy);
        configs.leftBy(id, proxy.getMetadata().getUid()).forEach(clusterId -> takeDown(clusterId, id));
        boolean first = configs.get(clusterId(proxy)).isEmpty();
        Running running = spans.step("compile", () -> review.running(proxy, holder, scheduler.isPresent()))
                .tracedBy(traceparent);
        if (!ref(proxy).equals(ref(holder))) {
            return again(delivery.refuse(proxy, running));
        }
        triggers.watch(running.owner(), clusterId(proxy), Pool.schedulerName(proxy));
        master.showSteps(
                clusterId(proxy),
                Boolean.parseBoolean(proxy.getMetadata().getAnnotations().get(DEBUG_ANNOTATION)));
        configs.put(clusterId(proxy), running);
        Seen seen = spans.step("gather", () -> enforcement.gather(proxy, scheduler, first));
        return again(Stream.concat(
                        delivery.advance(proxy, running, seen, context, seenAt).stream(), seen.lookAgain().stream())
                .min(Instant::compareTo));
    }

    private UpdateControl<Proxy> again(Optional<Instant> at) {
        UpdateControl<Proxy> control = UpdateControl.noUpdate();
        return at.map(time -> {
                    Duration left = Duration.between(clock.instant(), time);
                    return control.rescheduleAfter((left.isNegative() ? Duration.ZERO : left).plusMillis(1));
                })
                .orElse(control);
    }

    /** What was made for a Proxy goes with it. Another one that waits for the cluster id comes up anew. */
    private UpdateControl<Proxy> takeDown(Proxy proxy, List<Proxy> heirs) {
        delivery.gone(ResourceID.fromResource(proxy));
        takeDown(clusterId(proxy), ResourceID.fromResource(proxy));
        triggers.reconcile(heirs.stream().map(ResourceID::fromResource).collect(Collectors.toSet()));
        return UpdateControl.noUpdate();
    }

    private void takeDown(String clusterId, ResourceID proxy) {
        triggers.forget(proxy, clusterId);
        if (configs.isOwner(clusterId, proxy)) {
            configs.remove(clusterId, proxy);
            delivery.forget(clusterId);
            enforcement.forget(clusterId);
            master.withdraw(clusterId);
            master.showSteps(clusterId, false);
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
