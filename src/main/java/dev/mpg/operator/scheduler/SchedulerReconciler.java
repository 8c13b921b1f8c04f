package dev.mpg.operator.scheduler;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.metrics.ReconcileMetrics;
import dev.mpg.operator.status.StatusPatches;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.telemetry.Tracing;
import io.fabric8.kubernetes.api.model.Condition;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a pool of proxy instances as its Scheduler asks for. Gathers what is there, makes the pool so, and writes down what
 * is true. It also sees deletions, so that no finalizer is needed.
 */
@ControllerConfiguration(name = "scheduler", triggerReconcilerOnAllEvents = true)
public final class SchedulerReconciler implements Reconciler<Scheduler> {
    private static final String BY_SCHEDULER = "scheduler";

    private static final AttributeKey<String> CONTROLLER = AttributeKey.stringKey("controller");
    private static final AttributeKey<String> NAME = AttributeKey.stringKey("k8s.scheduler.name");

    /** When the Scheduler changed while it was looked at, and the news isn't here yet. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    private final Master master;
    private final Infrastructure infrastructure;
    private final Scheduling scheduling;
    private final SchedulerMetrics metrics;
    private final Triggers triggers;
    private final EventRecorder events;
    private final StatusPatches<Scheduler, SchedulerStatus> statuses;
    private final ReconcileMetrics durations;
    private final Tracer tracer;
    private final Clock clock;
    private final StatusPace pace = new StatusPace();

    /** What was decided before this operator began, by Scheduler. */
    private final Map<String, Totals> earlier = new ConcurrentHashMap<>();

    private @Nullable InformerEventSource<Proxy, Scheduler> proxyCache;

    public SchedulerReconciler(
            Master master,
            Infrastructure infrastructure,
            Scheduling scheduling,
            SchedulerMetrics metrics,
            Triggers triggers,
            EventRecorder events,
            StatusPatches<Scheduler, SchedulerStatus> statuses,
            ReconcileMetrics durations,
            Tracer tracer,
            Clock clock) {
        this.master = master;
        this.infrastructure = infrastructure;
        this.scheduling = scheduling;
        this.metrics = metrics;
        this.triggers = triggers;
        this.events = events;
        this.statuses = statuses;
        this.durations = durations;
        this.tracer = tracer;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, Scheduler>> prepareEventSources(EventSourceContext<Scheduler> context) {
        InformerEventSourceConfiguration<Proxy> proxies = InformerEventSourceConfiguration.from(
                        Proxy.class, Scheduler.class)
                .withSecondaryToPrimaryMapper(proxy -> Set.of(new ResourceID(Pool.schedulerName(proxy))))
                // Scheduling says what else of a Proxy concerns the pool.
                .withOnUpdateFilter(new SpecChanged<>())
                .build();
        proxyCache = new InformerEventSource<>(proxies, context);
        proxyCache.addIndexers(Map.of(BY_SCHEDULER, proxy -> List.of(Pool.schedulerName(proxy))));
        return List.of(proxyCache, triggers.schedulerEventSource(context.getPrimaryCache()));
    }

    @Override
    public UpdateControl<Scheduler> reconcile(Scheduler scheduler, Context<Scheduler> context) {
        Span span = tracer.spanBuilder("reconcile")
                .setNoParent()
                .setAttribute(CONTROLLER, "scheduler")
                .setAttribute(NAME, scheduler.getMetadata().getName())
                .startSpan();
        return Tracing.within(span, () -> durations.time(isGone(scheduler, context), () -> look(scheduler, context)));
    }

    private static boolean isGone(Scheduler scheduler, Context<Scheduler> context) {
        return context.isPrimaryResourceDeleted() || scheduler.isMarkedForDeletion();
    }

    private UpdateControl<Scheduler> look(Scheduler scheduler, Context<Scheduler> context) {
        String name = scheduler.getMetadata().getName();
        if (isGone(scheduler, context)) {
            scheduling.remove(scheduler);
            metrics.forget(name);
            earlier.remove(name);
            pace.forget(name);
            infrastructure.removePool(name);
            statuses.forget(ResourceID.fromResource(scheduler));
            return UpdateControl.noUpdate();
        }
        int proxies =
                proxyCache == null ? 0 : proxyCache.byIndex(BY_SCHEDULER, name).size();
        Scheduler latest = statuses.latest(scheduler);
        Totals before = earlier.computeIfAbsent(name, key -> Totals.of(latest.getStatus()));
        Outlook outlook = scheduling.look(scheduler);
        List<Workload> workloads = infrastructure.ensurePool(name, scheduling.size(scheduler));
        Set<String> connected = master.instances().stream()
                .filter(Instance::connected)
                .map(Instance::name)
                .collect(Collectors.toSet());
        metrics.set(name, Pool.size(scheduler), outlook);
        SchedulerStatus status = SchedulerStatusFactory.status(
                latest,
                new SchedulerStatusFactory.Observation(
                        workloads, connected, master.gateways(), outlook, before, proxies),
                clock.instant());
        return write(latest, status, outlook.lookAgainIn(clock.instant()));
    }

    private UpdateControl<Scheduler> write(Scheduler scheduler, SchedulerStatus status, Optional<Duration> lookAgain) {
        String name = scheduler.getMetadata().getName();
        if (status.equals(scheduler.getStatus())) {
            return again(lookAgain.stream());
        }
        Duration left = pace.left(name, scheduler.getStatus(), status, clock.instant());
        if (!left.isZero()) {
            return again(Stream.concat(lookAgain.stream(), Stream.of(left)));
        }
        ready(status)
                .filter(now ->
                        !ready(scheduler.getStatus()).map(Condition::getReason).equals(Optional.of(now.getReason())))
                .ifPresent(now -> events.record(
                        scheduler,
                        new Notice(now.getReason().equals("InstanceFailed"), now.getReason(), now.getMessage())));
        boolean written = statuses.write(scheduler, status);
        if (written) {
            pace.wrote(name, clock.instant());
        }
        return again(written ? lookAgain.stream() : Stream.of(LOOK_AGAIN));
    }

    /** As soon as the first of these times is over. */
    private static UpdateControl<Scheduler> again(Stream<Duration> times) {
        UpdateControl<Scheduler> control = UpdateControl.noUpdate();
        return times.min(Duration::compareTo)
                .map(left -> control.rescheduleAfter(left.plusMillis(1)))
                .orElse(control);
    }

    private static Optional<Condition> ready(@Nullable SchedulerStatus status) {
        return Optional.ofNullable(status).map(SchedulerStatus::conditions).stream()
                .flatMap(List::stream)
                .filter(condition -> SchedulerStatusFactory.READY.equals(condition.getType()))
                .findFirst();
    }
}
