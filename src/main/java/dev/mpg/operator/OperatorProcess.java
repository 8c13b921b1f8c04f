package dev.mpg.operator;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Master;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.events.Scribe;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.proxy.History;
import dev.mpg.operator.proxy.Proxies;
import dev.mpg.operator.proxy.ProxyReconciler;
import dev.mpg.operator.proxy.Records;
import dev.mpg.operator.proxy.RolloutMetrics;
import dev.mpg.operator.proxy.StatusWriter;
import dev.mpg.operator.scheduler.SchedulerReconciler;
import dev.mpg.operator.triggers.Startup;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.sync.SyncTransport;
import dev.mpg.telemetry.CannotListenException;
import dev.mpg.telemetry.HttpEndpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.Server;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator: the Master that proxy instances connect to, the reconcilers, and what they run things on. */
public final class OperatorProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OperatorProcess.class);
    /** A missed watch event is made up for after this long. */
    private static final Duration RESYNC = Duration.ofMinutes(5);

    private static final Duration SWEEP = Duration.ofMinutes(1);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final Infrastructure infrastructure;
    private final Server syncServer;
    private final InetSocketAddress syncAddress;
    private final InetSocketAddress httpAddress;
    private final PrometheusMeterRegistry metrics;
    private @Nullable HttpEndpoints http;
    private final Operator operator;
    private final Startup startup;
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("sweeper").factory());
    private final Scribe scribe = new Scribe();
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * Wires everything; nothing runs yet.
     *
     * @param infrastructure runs proxy instances and gateways; closed with this
     * @param syncAddress where proxy instances connect
     * @param httpAddress where {@code /healthz}, {@code /readyz} and {@code /metrics} are
     */
    public OperatorProcess(
            KubernetesClient client,
            Infrastructure infrastructure,
            InetSocketAddress syncAddress,
            InetSocketAddress httpAddress,
            PrometheusMeterRegistry metrics,
            Clock clock) {
        this.client = client;
        this.infrastructure = infrastructure;
        Triggers triggers = new Triggers();
        Master master = new Master(metrics, triggers);
        EventRecorder events = new EventRecorder(client, clock);
        startup = new Startup(() -> {
            master.placementComplete();
            var _ = sweeper.scheduleWithFixedDelay(this::sweep, 0, SWEEP.toSeconds(), TimeUnit.SECONDS);
        });
        infrastructure.onChange(triggers);
        syncServer = SyncTransport.server(syncAddress, master.service());
        this.syncAddress = syncAddress;
        this.httpAddress = httpAddress;
        this.metrics = metrics;
        operator = new Operator(overrider -> overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withReconciliationTerminationTimeout(Duration.ofSeconds(5)));
        operator.register(
                new ProxyReconciler(
                        master,
                        infrastructure,
                        triggers,
                        startup,
                        new Records(events, new History(client), scribe),
                        new RolloutMetrics(metrics),
                        new StatusWriter(client, clock),
                        clock),
                configuration ->
                        configuration.withReconciliationMaxInterval(RESYNC).withRetry(retry()));
        operator.register(
                new SchedulerReconciler(master, infrastructure, triggers, events, clock),
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

    /**
     * Takes up work, and returns when the resources have been listed once. When it fails, everything is closed, and what runs
     * already goes on running.
     *
     * @throws CannotListenException when another process has one of the addresses
     */
    public void start() {
        try {
            listen();
            operator.start();
            startup.await(client.resources(Proxy.class).inAnyNamespace().list().getItems().stream()
                    .map(ResourceID::fromResource)
                    .collect(Collectors.toSet()));
        } catch (RuntimeException e) {
            infrastructure.release();
            close();
            throw e;
        }
        log.info("ready; proxy instances connect to {}, metrics at {}", syncServer.getListenSockets(), httpAddress);
    }

    private void listen() {
        try {
            syncServer.start();
        } catch (IOException e) {
            throw new CannotListenException(syncAddress, "--sync-address", e);
        }
        try {
            HttpEndpoints endpoints = HttpEndpoints.start(httpAddress);
            endpoints.readiness(this::readiness);
            endpoints.metrics(metrics);
            http = endpoints;
        } catch (IOException e) {
            throw new CannotListenException(httpAddress, "--http-address", e);
        }
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

    private HttpEndpoints.Readiness readiness() {
        if (!startup.complete()) {
            return new HttpEndpoints.Readiness(false, "not every Proxy has been looked at yet");
        }
        return operator.getRuntimeInfo().allEventSourcesAreHealthy()
                ? new HttpEndpoints.Readiness(true, "ready")
                : new HttpEndpoints.Readiness(
                        false, "the API server at " + client.getMasterUrl() + " cannot be watched now");
    }

    /** Waits until {@link #close} is done. */
    public void awaitClose() throws InterruptedException {
        closed.await();
    }

    /** Ends everything in order. May be called more than once; a later call waits for the first. */
    @Override
    public synchronized void close() {
        if (closed.getCount() == 0) {
            return;
        }
        sweeper.shutdownNow();
        operator.stop();
        scribe.close();
        syncServer.shutdownNow();
        infrastructure.close();
        if (http != null) {
            http.close();
        }
        closed.countDown();
    }
}
