package dev.mpg.operator;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.master.Master;
import dev.mpg.operator.events.EventRecorder;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.proxy.Proxies;
import dev.mpg.operator.proxy.ProxyReconciler;
import dev.mpg.operator.scheduler.SchedulerReconciler;
import dev.mpg.operator.triggers.Startup;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.sync.SyncTransport;
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
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator: the Master that proxy instances connect to, the reconcilers, and what they run things on. */
public final class OperatorProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OperatorProcess.class);
    /** A missed watch event is made up for after this long. */
    private static final Duration RESYNC = Duration.ofMinutes(5);

    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final Infrastructure infrastructure;
    private final Server syncServer;
    private final InetSocketAddress httpAddress;
    private final PrometheusMeterRegistry metrics;
    private @Nullable HttpEndpoints http;
    private final Operator operator;
    private final Startup startup;
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
            Clock clock)
            throws IOException {
        this.client = client;
        this.infrastructure = infrastructure;
        Triggers triggers = new Triggers();
        Master master = new Master(metrics, triggers);
        EventRecorder events = new EventRecorder(client, clock);
        startup = new Startup(() -> {
            master.placementComplete();
            removeUnasked();
        });
        infrastructure.onChange(triggers);
        syncServer = SyncTransport.server(syncAddress, master.service());
        this.httpAddress = httpAddress;
        this.metrics = metrics;
        operator = new Operator(overrider -> overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withReconciliationTerminationTimeout(Duration.ofSeconds(5)));
        operator.register(
                new ProxyReconciler(master, infrastructure, triggers, startup, events, clock),
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

    /** Takes up work, and returns when the resources have been listed once. */
    public void start() throws IOException {
        syncServer.start();
        HttpEndpoints endpoints = HttpEndpoints.start(httpAddress);
        endpoints.readiness(this::readiness);
        endpoints.metrics(metrics);
        http = endpoints;
        operator.start();
        startup.await(client.resources(Proxy.class).inAnyNamespace().list().getItems().stream()
                .map(ResourceID::fromResource)
                .collect(Collectors.toSet()));
        LOG.info(
                "ready; proxy instances connect to {}, metrics at {}",
                syncServer.getListenSockets(),
                endpoints.address());
    }

    /** Fleets and pools whose resources were deleted while no operator ran. */
    private void removeUnasked() {
        Set<String> clusterIds =
                names(client.resources(Proxy.class).inAnyNamespace().list().getItems(), Proxies::clusterId);
        infrastructure.fleets().stream()
                .filter(clusterId -> !clusterIds.contains(clusterId))
                .forEach(infrastructure::removeFleet);
        Set<String> schedulers = names(
                client.resources(Scheduler.class).list().getItems(),
                scheduler -> scheduler.getMetadata().getName());
        infrastructure.pools().stream()
                .filter(pool -> !schedulers.contains(pool))
                .forEach(infrastructure::removePool);
    }

    private static <T extends HasMetadata> Set<String> names(Collection<T> resources, Function<T, String> name) {
        return resources.stream().map(name).collect(Collectors.toSet());
    }

    private HttpEndpoints.Readiness readiness() {
        if (!startup.complete()) {
            return new HttpEndpoints.Readiness(false, "not every Proxy has been looked at yet");
        }
        Set<String> unhealthy = operator.getRuntimeInfo().unhealthyEventSources().values().stream()
                .flatMap(sources -> sources.keySet().stream())
                .collect(Collectors.toSet());
        return unhealthy.isEmpty()
                ? new HttpEndpoints.Readiness(true, "ready")
                : new HttpEndpoints.Readiness(false, "cannot watch: " + String.join(", ", unhealthy));
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
        operator.stop();
        syncServer.shutdownNow();
        infrastructure.close();
        if (http != null) {
            http.close();
        }
        closed.countDown();
    }
}
