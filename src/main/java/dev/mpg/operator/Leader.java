package dev.mpg.operator;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Master;
import dev.mpg.operator.endpoints.EndpointWatch;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.events.Scribe;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.metrics.ReconcileMetrics;
import dev.mpg.operator.proxy.History;
import dev.mpg.operator.proxy.Proxies;
import dev.mpg.operator.proxy.ProxyReconciler;
import dev.mpg.operator.proxy.Records;
import dev.mpg.operator.proxy.RolloutMetrics;
import dev.mpg.operator.proxy.StatusWriter;
import dev.mpg.operator.scheduler.SchedulerMetrics;
import dev.mpg.operator.scheduler.SchedulerReconciler;
import dev.mpg.operator.scheduler.Scheduling;
import dev.mpg.operator.status.StatusPatches;
import dev.mpg.operator.triggers.Startup;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.telemetry.HttpEndpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.monitoring.AggregatedMetrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.Tracer;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What only the operator that leads has: what things run on, the reconcilers, and all that writes. One that stands by has
 * none of it, so it can decide nothing.
 */
final class Leader {
    private static final Logger log = LoggerFactory.getLogger(Leader.class);
    /** A missed watch event is made up for after this long. */
    private static final Duration RESYNC = Duration.ofMinutes(5);

    private static final Duration SWEEP = Duration.ofMinutes(1);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final Infrastructure infrastructure;
    private final Operator operator;
    private final Startup startup;
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("sweeper").factory());
    private final Scribe scribe = new Scribe();
    private final EndpointWatch endpoints;

    /**
     * Wires everything; nothing is decided yet.
     *
     * @param infrastructure closed with this
     */
    Leader(
            KubernetesClient client,
            Infrastructure infrastructure,
            Master master,
            Triggers triggers,
            MeterRegistry metrics,
            Tracer tracer,
            Clock clock) {
        this.client = client;
        this.infrastructure = infrastructure;
        EventRecorder events = new EventRecorder(client, clock);
        startup = new Startup(() -> {
            master.placementComplete();
            var _ = sweeper.scheduleWithFixedDelay(this::sweep, 0, SWEEP.toSeconds(), TimeUnit.SECONDS);
        });
        infrastructure.onChange(triggers);
        endpoints = new EndpointWatch(client, master::live, triggers::fleetChanged, metrics);
        operator = new Operator(overrider -> overrider
                .withKubernetesClient(client)
                // The first one times reconciles.
                .withMetrics(new AggregatedMetrics(
                        List.of(MicrometerMetrics.withoutPerResourceMetrics(metrics), triggers.successors())))
                .withCloseClientOnStop(false)
                .withReconciliationTerminationTimeout(Duration.ofSeconds(5)));
        Scheduling scheduling = new Scheduling(
                master::instances, triggers::fleetChanged, triggers::schedulerChanged, startup::complete, clock);
        operator.register(
                new ProxyReconciler(
                        master,
                        infrastructure,
                        triggers,
                        startup,
                        endpoints,
                        new Records(events, new History(client), scribe),
                        scheduling,
                        new RolloutMetrics(metrics),
                        new ReconcileMetrics(metrics, "proxy"),
                        new StatusWriter(client, clock),
                        tracer,
                        clock),
                configuration ->
                        configuration.withReconciliationMaxInterval(RESYNC).withRetry(retry()));
        operator.register(
                new SchedulerReconciler(
                        master,
                        infrastructure,
                        scheduling,
                        new SchedulerMetrics(metrics),
                        triggers,
                        events,
                        new StatusPatches<>(client, Scheduler::new),
                        new ReconcileMetrics(metrics, "scheduler"),
                        tracer,
                        clock),
                configuration ->
                        configuration.withReconciliationMaxInterval(RESYNC).withRetry(retry()));
    }

    private static GenericRetry retry() {
        return new GenericRetry()
                .setInitialInterval(FIRST_RETRY.toMillis())
                .setIntervalMultiplier(2)
                .setMaxInterval(LONGEST_RETRY.toMillis())
                .withoutMaxAttempts();
    }

    /** Takes up work, and returns when the resources have been listed once. */
    void start() {
        operator.start();
        startup.await(client.resources(Proxy.class).inAnyNamespace().list().getItems().stream()
                .map(ResourceID::fromResource)
                .collect(Collectors.toSet()));
    }

    /** Takes down fleets and pools that nobody asks for any more; now and then, since a deletion can be missed. */
    private void sweep() {
        try {
            // What runs is listed before who asks for it, so that nothing that comes in between is taken for a
            // leftover.
            List<String> fleets = infrastructure.fleets();
            List<String> pools = infrastructure.pools();
            Set<String> clusterIds =
                    names(client.resources(Proxy.class).inAnyNamespace().list().getItems(), Proxies::clusterId);
            Set<String> schedulers = names(
                    client.resources(Scheduler.class).list().getItems(),
                    scheduler -> scheduler.getMetadata().getName());
            fleets.stream().filter(clusterId -> !clusterIds.contains(clusterId)).forEach(infrastructure::removeFleet);
            pools.stream().filter(pool -> !schedulers.contains(pool)).forEach(infrastructure::removePool);
        } catch (RuntimeException e) {
            log.warn("cannot look for leftovers now, trying again in {}: {}", SWEEP, e.getMessage());
        }
    }

    private static <T extends HasMetadata> Set<String> names(Collection<T> resources, Function<T, String> name) {
        return resources.stream().map(name).collect(Collectors.toSet());
    }

    HttpEndpoints.Readiness readiness() {
        if (!startup.complete()) {
            return new HttpEndpoints.Readiness(false, "not every Proxy has been looked at yet");
        }
        return operator.getRuntimeInfo().allEventSourcesAreHealthy()
                ? new HttpEndpoints.Readiness(true, "ready")
                : new HttpEndpoints.Readiness(
                        false, "the API server at " + client.getMasterUrl() + " cannot be watched now");
    }

    /** Decides nothing any more. What is being decided, and what waits to be written down, gets a little time. */
    void stop() {
        sweeper.shutdownNow();
        operator.stop();
        endpoints.close();
        scribe.close();
    }

    /** To be called when it has {@link #stop stopped}. */
    void close() {
        infrastructure.close();
    }

    /** Lets go of what runs, without ending it: {@link #close} will do nothing. */
    void release() {
        infrastructure.release();
    }
}
