package dev.mpg.xds;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.telemetry.LogKeys;
import dev.mpg.telemetry.StepLog;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One gateway's open stream: keeps its {@link Session} and its gRPC call together. Thread-safe: a short lock serializes what
 * comes from the gateway and from assignments. It sends only while the transport takes more, so a gateway that doesn't read
 * holds up nobody and costs no more than one response per type.
 */
final class AdsStream<Q> {
    private static final Logger LOG = LoggerFactory.getLogger(AdsStream.class);

    private final Fleet fleet;
    private final String gateway;
    private final boolean sharesGateway;
    private final BindAddress address;
    private final Instant connectedAt;
    private final StreamInfo.Protocol protocol;
    private final ServerCallStreamObserver<ByteString> call;
    private final Marshalling marshalling;
    private final XdsMetrics metrics;
    private final ScheduledExecutorService timer;
    private final Consumer<String> changed;

    private final ReentrantLock lock = new ReentrantLock();
    private final Session<Q> session;
    private boolean ended;
    /** Set while the stream waits to {@link #wake}. */
    private @Nullable Future<?> waking;
    /** Set while the stream waits to leave. */
    private @Nullable Future<?> leaving;

    private final ApplySpan span;
    private volatile GatewayReport report;

    AdsStream(
            Fleet fleet,
            Node node,
            BindAddress address,
            Instant connectedAt,
            StreamInfo.Protocol protocol,
            Session<Q> session,
            ServerCallStreamObserver<ByteString> call,
            Marshalling marshalling,
            XdsMetrics metrics,
            ScheduledExecutorService timer,
            Consumer<String> changed) {
        this.fleet = fleet;
        this.gateway = node.getId();
        // A gRPC process has a stream for each target that it dials; an Envoy has one.
        this.sharesGateway = node.getUserAgentName().startsWith("gRPC");
        this.address = address;
        this.connectedAt = connectedAt;
        this.protocol = protocol;
        this.session = session;
        this.call = call;
        this.marshalling = marshalling;
        this.metrics = metrics;
        this.timer = timer;
        this.changed = changed;
        this.report = session.report(gateway);
        this.span = fleet.span(gateway);
        span.begin(report.version(), session.target().change());
    }

    String clusterId() {
        return fleet.clusterId();
    }

    String gateway() {
        return gateway;
    }

    /** Whether other streams may be open for the same gateway. */
    boolean sharesGateway() {
        return sharesGateway;
    }

    StreamInfo.Protocol protocol() {
        return protocol;
    }

    /** As of the last event. Doesn't wait. */
    GatewayReport report() {
        return report;
    }

    /** For how long the oldest unanswered response has been waiting for its answer, in nanoseconds; 0 when there is none. */
    long unansweredNanos() {
        lock.lock();
        try {
            return session.unansweredNanos();
        } finally {
            lock.unlock();
        }
    }

    StreamInfo info() {
        lock.lock();
        try {
            return new StreamInfo(gateway, protocol, connectedAt, address.literal(), session.info());
        } finally {
            lock.unlock();
        }
    }

    /** Takes a request of the gateway. */
    void receive(Q request) {
        update(() -> session.receive(request));
    }

    /** Reads what the gateway should have from the fleet and sends it, or ends the stream when that is nothing. */
    void refresh() {
        if (refreshQuietly()) {
            changed.accept(fleet.clusterId());
        }
    }

    /** The same, but tells the caller instead of the listener whether the gateway's report changed. */
    boolean refreshQuietly() {
        return updateQuietly(() -> {});
    }

    private void update(Runnable event) {
        if (updateQuietly(event)) {
            changed.accept(fleet.clusterId());
        }
    }

    private boolean updateQuietly(Runnable event) {
        lock.lock();
        try {
            if (ended) {
                return false;
            }
            Target target = fleet.targetFor(gateway);
            if (target == null) {
                return endLocked(Refusals.notServed(fleet, gateway));
            }
            retarget(target);
            event.run();
            pump();
            GatewayReport before = report;
            report = session.report(gateway);
            span.note(report);
            log(before, report);
            if (fleet.note(report)) {
                putBack();
            }
            return !report.equals(before);
        } catch (LimitExceeded e) {
            return endLocked(Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()));
        } catch (RuntimeException e) {
            // Whoever assigns goes on to the other streams; this gateway begins anew.
            LOG.error("serving gateway {} of cluster {} failed", gateway, fleet.clusterId(), e);
            return endLocked(
                    Status.INTERNAL.withDescription("serving this gateway failed: see the log of the instance"));
        } finally {
            lock.unlock();
        }
    }

    /** It refused the target. What is reported of it stays that: the fleet remembers. */
    private void putBack() {
        Target stable = fleet.targetFor(gateway);
        if (stable != null) {
            LOG.info(
                    "gateway {} of cluster {} goes back to version {}",
                    gateway,
                    fleet.clusterId(),
                    stable.snapshot().configVersion());
            retarget(stable);
            pump();
            report = session.report(gateway);
        }
    }

    private void retarget(Target target) {
        if (!session.isTargets(target.snapshot())) {
            span.begin(target.snapshot().configVersion(), target.change());
        }
        session.retarget(target);
    }

    private void pump() {
        while (call.isReady()) {
            Response response = session.next();
            if (response == null) {
                wakeLater();
                return;
            }
            // Counted first: a client that has it can look at the counter.
            metrics.sent(response);
            if (StepLog.isOn(LOG, fleet.clusterId())) {
                step().log(
                                "gateway {} of cluster {} is sent {}: {} resources, {} bytes, {} removed",
                                gateway,
                                fleet.clusterId(),
                                response.typeUrl(),
                                response.change().upserted().size(),
                                response.change().resourceBytes(),
                                response.change().removed().size());
            }
            call.onNext(marshalling.marshal(response, address));
        }
        session.settle();
    }

    private void wakeLater() {
        OptionalLong wait = session.waitNanos();
        if (wait.isPresent() && waking == null) {
            waking = timer.schedule(this::wake, wait.getAsLong(), TimeUnit.NANOSECONDS);
        }
    }

    /** Sends what was to wait. */
    private void wake() {
        update(() -> waking = null);
    }

    /**
     * Runs this after so many milliseconds, unless the stream has ended by then; does nothing while an earlier call's time
     * hasn't come.
     */
    void leaveIn(long millis, Runnable leave) {
        lock.lock();
        try {
            if (!ended && leaving == null) {
                leaving = timer.schedule(() -> leaveNow(leave), millis, TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    private void leaveNow(Runnable leave) {
        lock.lock();
        try {
            leaving = null;
        } finally {
            lock.unlock();
        }
        // Only then: who calls leaveIn while this decides to stay has to find the way free.
        leave.run();
    }

    private LoggingEventBuilder step() {
        return StepLog.of(LOG, fleet.clusterId()).addKeyValue(LogKeys.GATEWAY, gateway);
    }

    private void log(GatewayReport before, GatewayReport after) {
        ContentHash version = after.version();
        if (!after.refusals().isEmpty() && !after.equals(before)) {
            for (GatewayReport.Refusal refusal : after.refusals()) {
                LOG.warn(
                        "gateway {} of cluster {} refused {} {}: {}, one of {} {}",
                        gateway,
                        fleet.clusterId(),
                        after.state() == State.REJECTED ? "version" : "live data beside version",
                        version,
                        refusal.summary(),
                        refusal.typeUrl(),
                        refusal.resources());
            }
        } else if (!after.equals(before)) {
            step().log(
                            "gateway {} of cluster {} is {} at version {}",
                            gateway,
                            fleet.clusterId(),
                            after.state(),
                            version);
        }
    }

    /** Ends the stream, with this status. */
    void end(Status status) {
        boolean first;
        lock.lock();
        try {
            first = endLocked(status);
        } finally {
            lock.unlock();
        }
        if (first) {
            changed.accept(fleet.clusterId());
        }
    }

    private boolean endLocked(Status status) {
        boolean first = !ended;
        ended = true;
        if (first) {
            span.end("the gateway left before it answered");
            if (waking != null) {
                waking.cancel(false);
            }
            if (leaving != null) {
                leaving.cancel(false);
            }
            fleet.remove(this, session.doubts());
            metrics.opened(protocol, -1);
            step().log("gateway {} of cluster {} left: {}", gateway, fleet.clusterId(), status);
            if (status.isOk()) {
                call.onCompleted();
            } else if (!call.isCancelled()) {
                call.onError(status.asRuntimeException());
            }
        }
        return first;
    }

    /** Joins the fleet, in the place of the gateway's older stream if there is one. To be called before the first request. */
    void begin() {
        metrics.opened(protocol, 1);
        AdsStream<?> older = fleet.add(this);
        if (older != null) {
            older.end(Refusals.REPLACED);
        }
        lock.lock();
        try {
            if (!sharesGateway) {
                session.doubt(fleet.takeDoubts(gateway));
            }
        } finally {
            lock.unlock();
        }
        refreshQuietly(); // An assignment may have come before the fleet knew the stream.
        changed.accept(fleet.clusterId());
    }

    static List<StreamInfo> infos(Fleet fleet) {
        return fleet.streams().stream().<StreamInfo>map(AdsStream::info).toList();
    }
}
