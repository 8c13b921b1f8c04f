package dev.mpg.sync;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.FromProxy;
import dev.mpg.sync.v1.Hello;
import dev.mpg.telemetry.StepLog;
import io.github.resilience4j.core.IntervalFunction;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The proxy's end of ConfigSync: holds a stream to the Master, opens a new one when it is lost, hands what arrives to an
 * {@link AssignmentSink} and reports to the Master. Thread-safe.
 *
 * <p>All of its work, calls to the sink included, is done on the scheduler, one thing at a time.
 */
public final class SyncClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SyncClient.class);

    /** A Master that accepts connections but doesn't answer Hello within this time is given up. */
    private static final Duration WELCOME_TIMEOUT = Duration.ofSeconds(10);

    /** The pause grows no further while a Master stands by, so that its taking over is noticed within about a second. */
    private static final int LAST_GROWING_STANDBY_PAUSE = 4;

    private final List<Supplier<ManagedChannel>> masters;
    private final Identity identity;
    private final AssignmentSink sink;
    private final ScheduledExecutorService scheduler;
    private final IntervalFunction backoff;
    private final Clock clock;
    private final ClientMeters meters;

    private final SynchronizationContext context = new SynchronizationContext((thread, error) -> broken(error));
    private final Outbox outbox = new Outbox();
    private final Intake intake;
    private final AtomicBoolean sendQueued = new AtomicBoolean();
    private volatile State state = new State(false, Optional.empty(), Optional.empty(), 0);
    /** Held while something is handed to the scheduler, so that nothing is once {@link #close} has returned. */
    private final Object handover = new Object();

    private volatile boolean closed;

    // Used on the context only. A timer that has fired may be cancelled too, to no effect.
    private @Nullable ClientStream stream;
    private @Nullable Future<?> welcomeTimeout;
    private @Nullable Future<?> reconnect;
    private final Map<String, Future<?>> retries = new HashMap<>();
    private int failures;
    /** The Master that is connected to, or will be next. */
    private int master;
    /** How many Masters failed since the last pause. */
    private int triedSincePause;
    /** Pauses since a stream worked. */
    private int pauses;
    /** Whether one of those that failed since the last pause stands by. */
    private boolean standbyMet;

    /**
     * Who this instance is.
     *
     * @param instance its name, {@code <scheduler>-<ordinal>}
     * @param xdsAddress host:port where gateways reach it
     * @param debugAddress host:port of its debug endpoints
     */
    public record Identity(String instance, String xdsAddress, String debugAddress) {}

    /**
     * How it stands with the Master.
     *
     * @param connected whether the Master has accepted this instance on the present stream
     * @param connectedSince when it did
     * @param lastError why the last stream ended, or could not be opened; stays when a new one works
     * @param attempts failures in a row, the loss of a stream that worked included; 0 while connected
     */
    public record State(
            boolean connected, Optional<Instant> connectedSince, Optional<String> lastError, int attempts) {}

    /**
     * A client that hasn't been started. It goes round the Masters until one accepts it: from one that fails to the next at
     * once, and pauses when all of them have failed. Which of them leads is theirs to settle.
     *
     * @param masters at least one; each makes a channel for each attempt, see {@link SyncTransport#channels}; this client
     *     shuts it down
     * @param scheduler runs everything; the sink's I/O too, so share it with nothing that is urgent. Stays the caller's,
     *     who closes this client first and may then shut the scheduler down at once, but not keep it from running what it
     *     was given without delay
     * @param backoff milliseconds of the n-th pause in a row, see {@link SyncTransport#backoff()}
     */
    public SyncClient(
            List<Supplier<ManagedChannel>> masters,
            Identity identity,
            AssignmentSink sink,
            ScheduledExecutorService scheduler,
            IntervalFunction backoff,
            MeterRegistry registry,
            Clock clock) {
        this.masters = List.copyOf(masters);
        this.identity = identity;
        this.sink = sink;
        this.scheduler = scheduler;
        this.backoff = backoff;
        this.clock = clock;
        this.meters = new ClientMeters(registry);
        this.intake = new Intake(sink, new Answers(), meters);
    }

    /** Connects, and stays connected until it is closed. */
    public void start() {
        execute(this::connect);
    }

    /**
     * Tells the Master about every connected gateway of a Proxy. Returns at once. What hasn't been sent yet is replaced;
     * only differences travel, and after a reconnect all of it again. To be called for each Proxy that is served, also when
     * it has no gateways: until then the Master goes by what it heard before this stream.
     *
     * @param target the version that this instance serves as target
     */
    public void report(String clusterId, ContentHash target, List<GatewayReport> gateways) {
        outbox.report(clusterId, target, gateways);
        sendSoon();
    }

    /** Tells the Master what a wave's traffic is like so far. Returns at once. What hasn't been sent yet is replaced. */
    public void traffic(String clusterId, int wave, Traffic seen) {
        outbox.traffic(clusterId, wave, seen);
        sendSoon();
    }

    private void sendSoon() {
        if (sendQueued.compareAndSet(false, true)) {
            execute(() -> {
                sendQueued.set(false);
                send();
            });
        }
    }

    /** Whether the Master has accepted this instance on the present stream. */
    public boolean connected() {
        return state.connected();
    }

    /** How it stands with the Master, for the debug endpoint. */
    public State state() {
        return state;
    }

    /**
     * Ends the stream, without waiting for that. A call to the sink that is under way still ends; there will be no other.
     * What comes from gRPC afterwards is dropped: the scheduler gets nothing more to do.
     */
    @Override
    public void close() {
        synchronized (handover) {
            execute(() -> {
                end("closed");
                retries.values().forEach(SyncClient::cancel);
                state = new State(false, Optional.empty(), state.lastError(), state.attempts());
            });
            closed = true;
        }
    }

    /** Runs a task on the scheduler after all earlier ones; never, once this is closed. */
    private void execute(Runnable task) {
        synchronized (handover) {
            if (!closed) {
                context.executeLater(task);
                scheduler.execute(context::drain);
            }
        }
    }

    /** Runs a task later; null and never, once this is closed. */
    private @Nullable Future<?> schedule(Runnable task, long millis) {
        synchronized (handover) {
            return closed ? null : scheduler.schedule(() -> execute(task), millis, TimeUnit.MILLISECONDS);
        }
    }

    private void connect() {
        if (closed || stream != null) {
            return;
        }
        outbox.restart();
        Hello.Builder hello = Hello.newBuilder()
                .setInstance(identity.instance())
                .setXdsAddress(identity.xdsAddress())
                .setDebugAddress(identity.debugAddress());
        sink.holdings().forEach((clusterId, versions) -> hello.addHoldings(Outbox.encode(clusterId, versions)));
        ClientStream opened = ClientStream.open(masters.get(master).get(), this::execute, new StreamEvents());
        stream = opened;
        opened.send(FromProxy.newBuilder().setHello(hello).build());
        welcomeTimeout = schedule(
                () -> {
                    if (stream == opened && !opened.isWelcomed()) {
                        retry("the Master did not answer within " + WELCOME_TIMEOUT.toSeconds() + " s", false);
                    }
                },
                WELCOME_TIMEOUT.toMillis());
    }

    private void send() {
        // Reports wait for the Welcome; before it, Hello is all that may have been said.
        while (stream != null && stream.isWelcomed() && stream.isReady()) {
            Optional<FromProxy> message = outbox.next();
            if (message.isEmpty()) {
                return;
            }
            stream.send(message.get());
        }
    }

    private void handle(FromMaster message) {
        switch (message.getMessageCase()) {
            case WELCOME -> welcomed();
            case PLACEMENT -> {
                Set<String> clusterIds = Set.copyOf(message.getPlacement().getClusterIdsList());
                outbox.retain(clusterIds);
                intake.placement(clusterIds);
                sink.drain(Set.copyOf(message.getPlacement().getDrainingList()));
                StepLog.showOnly(Set.copyOf(message.getPlacement().getShownStepsList()));
            }
            case ASSIGNMENT -> {
                outbox.placed(message.getAssignment().getClusterId());
                intake.assignment(message.getAssignment());
            }
            case BLOBS -> intake.blobs(message.getBlobs());
            case MESSAGE_NOT_SET -> LOG.debug("The Master said what this proxy doesn't know; it may be newer");
        }
    }

    private void welcomed() {
        if (stream != null) {
            stream.welcome();
            cancel(welcomeTimeout);
            state = new State(true, Optional.of(clock.instant()), state.lastError(), 0);
            LOG.info("Instance {} is connected to the Master", identity.instance());
            intake.streamBegan();
        }
    }

    /**
     * Ends the present stream and opens another one later.
     *
     * @param worked whether to wait as after a first failure
     */
    private void retry(String error, boolean worked) {
        end(error);
        if (closed) {
            return;
        }
        failures = worked ? 1 : failures + 1;
        master = (master + 1) % masters.size();
        boolean standby = standbyMet;
        long millis = pause(worked);
        state = new State(false, Optional.empty(), Optional.of(error), failures);
        // While one of them stands by, it goes round every second.
        LOG.atLevel((standby && failures > 1) || millis == 0 ? Level.DEBUG : Level.WARN)
                .log("No stream to the Master: {}; failures in a row: {}; again in {} ms", error, failures, millis);
        meters.reconnects.increment();
        reconnect = schedule(this::connect, millis);
    }

    /** Milliseconds until the next Master is tried: none before all have been, except after the loss of a stream. */
    private long pause(boolean worked) {
        if (worked) {
            pauses = 0;
            standbyMet = false;
        } else if (++triedSincePause < masters.size()) {
            return 0;
        }
        triedSincePause = 0;
        pauses++;
        int length = standbyMet ? Math.min(pauses, LAST_GROWING_STANDBY_PAUSE) : pauses;
        standbyMet = false;
        return backoff.apply(length);
    }

    private void end(String reason) {
        cancel(welcomeTimeout);
        cancel(reconnect);
        if (stream != null) {
            stream.shutdown(reason);
            stream = null;
        }
        intake.streamEnded();
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** A task failed in a way that is nobody's intention; a new stream starts from what is held. */
    private void broken(Throwable error) {
        LOG.error("ConfigSync failed", error);
        retry(error.toString(), false);
    }

    private final class StreamEvents implements ClientStream.Events {
        @Override
        public void ready(ClientStream of) {
            if (of == stream) {
                send();
            }
        }

        @Override
        public void message(ClientStream of, FromMaster message) {
            if (of == stream && !closed) {
                handle(message);
                send();
                of.requestNext();
            }
        }

        @Override
        public void ended(ClientStream of, Status status) {
            if (of == stream) {
                // ABORTED: another process uses this name. Two of them must not replace each other in a hot loop.
                boolean worked = of.isWelcomed() && status.getCode() != Status.Code.ABORTED;
                standbyMet |= Standby.isIn(status);
                String description = status.getDescription();
                retry(status.getCode() + (description == null ? "" : ": " + description), worked);
            }
        }
    }

    private final class Answers implements Intake.Replies {
        @Override
        public void want(String clusterId, List<ContentHash> hashes) {
            outbox.want(clusterId, hashes);
        }

        @Override
        public void holding(String clusterId, Set<ContentHash> versions, boolean resend, String error, String unsaved) {
            outbox.holding(clusterId, versions, resend, error, unsaved);
        }

        @Override
        public void retryLater(String clusterId, int attempts) {
            Future<?> timer = schedule(
                    () -> {
                        retries.remove(clusterId);
                        if (!closed) {
                            intake.retry(clusterId);
                            send();
                        }
                    },
                    backoff.apply(attempts));
            if (timer != null) {
                retries.put(clusterId, timer);
            }
        }
    }
}
