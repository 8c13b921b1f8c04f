package dev.mpg.operator;

import dev.mpg.master.Master;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.leader.LeaderElection;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.sync.Standby;
import dev.mpg.sync.SyncTransport;
import dev.mpg.telemetry.CannotListenException;
import dev.mpg.telemetry.GrpcServerMetrics;
import dev.mpg.telemetry.HttpEndpoints;
import dev.mpg.telemetry.HttpEndpoints.Readiness;
import dev.mpg.telemetry.RuntimePages;
import dev.mpg.telemetry.Tracing;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator: the Master that proxy instances connect to, and, while it leads, the reconcilers and what they run things
 * on. Of several, those that don't lead serve their health and metrics and turn proxy instances away.
 */
public final class OperatorProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OperatorProcess.class);

    private final KubernetesClient client;
    private final InfrastructureSource infrastructure;
    private final Optional<LeaderElection> election;
    private final Consumer<String> deposed;
    private final Triggers triggers = new Triggers();
    private final Master master;
    private final Server syncServer;
    private final InetSocketAddress syncAddress;
    private final InetSocketAddress httpAddress;
    private final PrometheusMeterRegistry metrics;
    private final Tracing tracing;
    private final Clock clock;
    private @Nullable HttpEndpoints http;
    /** Null while it stands by. */
    private volatile @Nullable Leader leader;

    private volatile @Nullable Exception failure;
    private final CountDownLatch closed = new CountDownLatch(1);

    /** What proxy instances and gateways run on; asked once, when this operator leads. */
    @FunctionalInterface
    public interface InfrastructureSource {
        /** Takes over what runs. */
        Infrastructure open() throws IOException;
    }

    /**
     * Wires everything; nothing runs yet.
     *
     * @param infrastructure closed with this
     * @param election among several operators, closed with this; empty: this is the only one
     * @param deposed told why when it led and may not any more. It has to end the process at once, and leave what runs: what
     *     was being decided must not be written
     * @param syncAddress where proxy instances connect
     * @param httpAddress where {@code /healthz}, {@code /readyz} and {@code /metrics} are
     */
    public OperatorProcess(
            KubernetesClient client,
            InfrastructureSource infrastructure,
            Optional<LeaderElection> election,
            Consumer<String> deposed,
            InetSocketAddress syncAddress,
            InetSocketAddress httpAddress,
            PrometheusMeterRegistry metrics,
            Tracing tracing,
            Clock clock) {
        this.client = client;
        this.infrastructure = infrastructure;
        this.election = election;
        this.deposed = deposed;
        this.syncAddress = syncAddress;
        this.httpAddress = httpAddress;
        this.metrics = metrics;
        this.tracing = tracing;
        this.clock = clock;
        master = new Master(metrics, triggers);
        syncServer = SyncTransport.server(
                syncAddress,
                () -> ServerInterceptors.intercept(
                        master.service(),
                        new Standby(() -> leads() ? Optional.empty() : Optional.of(otherLeader())),
                        // The last one is the outermost: it sees those that are turned away, too.
                        new GrpcServerMetrics(metrics)));
        Gauge.builder("mpg.operator.leader", this, process -> process.leads() ? 1 : 0)
                .description("1 while this operator is the one that decides")
                .register(metrics);
    }

    private boolean leads() {
        return leader != null && election.map(LeaderElection::leads).orElse(true);
    }

    private String otherLeader() {
        return election.flatMap(LeaderElection::holder).orElse("whoever leads next");
    }

    /**
     * Takes up work, or stands by until it leads. Returns when, as the only operator, it has listed the resources once; in an
     * election at once. When it fails, everything is closed, and what runs already goes on running.
     *
     * @throws IOException when the infrastructure cannot be had
     * @throws CannotListenException when another process has one of the addresses
     */
    public void start() throws IOException {
        try {
            if (election.isPresent()) {
                listen();
                election.get().start(new Candidate());
            } else {
                appoint();
                listen();
                lead();
            }
        } catch (IOException | RuntimeException e) {
            abandon();
            throw e;
        }
    }

    /** Makes this the leader, unless it is closed. */
    private synchronized void appoint() throws IOException {
        if (closed.getCount() > 0) {
            leader = new Leader(client, infrastructure.open(), master, triggers, metrics, tracing.tracer(), clock);
        }
    }

    private void lead() {
        Leader appointed = leader;
        if (appointed != null) {
            appointed.start();
            log.info("ready; proxy instances connect to {}, metrics at {}", syncServer.getListenSockets(), httpAddress);
        }
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
            RuntimePages.on(endpoints);
            endpoints.page("/debug/trace", new TracePage(tracing, master));
            endpoints.metrics(metrics);
            http = endpoints;
        } catch (IOException e) {
            throw new CannotListenException(httpAddress, "--http-address", e);
        }
    }

    /** One that stands by is ready: it can do all that it is for, and a rolling update may go on to the next. */
    private Readiness readiness() {
        Leader appointed = leader;
        if (appointed != null) {
            return appointed.readiness();
        }
        if (election.map(LeaderElection::leads).orElse(true)) {
            return new Readiness(false, "taking over");
        }
        Optional<String> problem = election.flatMap(LeaderElection::error);
        return new Readiness(problem.isEmpty(), problem.orElseGet(() -> Standby.words(otherLeader())));
    }

    private final class Candidate implements LeaderElection.Candidate {
        @Override
        public void lead() {
            try {
                appoint();
                OperatorProcess.this.lead();
            } catch (IOException | RuntimeException e) {
                failure = e;
                abandon();
            }
        }

        @Override
        public void deposed(String why) {
            deposed.accept(why);
        }
    }

    /** Ends, and leaves what runs. */
    private void abandon() {
        Leader appointed = leader;
        if (appointed != null) {
            appointed.release();
        }
        close();
    }

    /**
     * Waits until {@link #close} is done.
     *
     * @throws IOException when it had to close because it could not take up the lead
     */
    public void awaitClose() throws InterruptedException, IOException {
        closed.await();
        Exception why = failure;
        if (why != null) {
            throw new IOException("cannot lead: " + why.getMessage(), why);
        }
    }

    /**
     * Ends everything in order: the last thing is to let the next operator lead. May be called more than once; a later call
     * waits for the first.
     */
    @Override
    public synchronized void close() {
        if (closed.getCount() == 0) {
            return;
        }
        Leader appointed = leader;
        if (appointed != null) {
            appointed.stop();
        }
        syncServer.shutdownNow();
        if (appointed != null) {
            appointed.close();
        }
        election.ifPresent(LeaderElection::close);
        if (http != null) {
            http.close();
        }
        closed.countDown();
    }
}
