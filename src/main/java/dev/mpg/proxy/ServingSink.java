package dev.mpg.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.mpg.proxy.RollbackMark.Trial;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.AssignmentSink;
import dev.mpg.telemetry.LogKeys;
import dev.mpg.telemetry.StepLog;
import dev.mpg.telemetry.TraceContext;
import dev.mpg.telemetry.Tracing;
import dev.mpg.xds.FleetListener;
import dev.mpg.xds.XdsServer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Keeps on disk, then serves, what the Master sends. What the disk doesn't take is served from memory, and so is gone when this
 * process ends. What gateways refuse is on disk before anybody is told. Thread-safe, apart from what {@link AssignmentSink}
 * says.
 */
final class ServingSink implements AssignmentSink {
    /** After how long a mark is written again that the disk did not take. */
    private static final Duration MARK_RETRY = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(ServingSink.class);

    private final AssignmentStore store;
    private final XdsServer xds;
    private final Tracer tracer;
    private final FleetListener served;
    private final Executor housekeeper;
    /** What is served from memory only, by cluster id. */
    private final Map<String, Unsaved> unsaved = new ConcurrentSkipListMap<>();
    /** What {@link #xds} has on trial, by cluster id: as there, the last one when nothing is. */
    @GuardedBy("trials")
    private final Map<String, Trial> trials = new HashMap<>();

    /** By cluster id: why what gateways refused isn't on disk. It is tried again. */
    private final Map<String, String> markErrors = new ConcurrentSkipListMap<>();

    private volatile Optional<String> forgetError = Optional.empty();

    /** @param reason why it isn't on disk */
    private record Unsaved(Assignment assignment, String reason) {}

    /**
     * @param served told the cluster id of each assignment from when it is served, and of each whose {@link #gateways} are to
     *     be told once more
     * @param housekeeper runs what nobody waits for
     * @param tracer makes a span of each assignment that a traced change made
     */
    ServingSink(AssignmentStore store, XdsServer xds, FleetListener served, Executor housekeeper, Tracer tracer) {
        this.store = store;
        this.xds = xds;
        this.tracer = tracer;
        this.served = served;
        this.housekeeper = housekeeper;
    }

    /** Serves what is on disk. */
    void serveHeld() {
        store.assignments().forEach(assignment -> serve(assignment, SpanContext.getInvalid()));
    }

    /** What is served, sorted by cluster id. */
    List<Assignment> assignments() {
        Map<String, Assignment> all = new TreeMap<>();
        store.assignments().forEach(assignment -> all.put(assignment.clusterId(), assignment));
        unsaved.forEach((clusterId, held) -> all.put(clusterId, held.assignment()));
        return List.copyOf(all.values());
    }

    /** What is served of a Proxy. */
    Optional<Assignment> assignment(String clusterId) {
        return Optional.ofNullable(unsaved.get(clusterId))
                .map(Unsaved::assignment)
                .or(() -> store.assignment(clusterId));
    }

    /** Why what is served of a Proxy is in memory only; empty when it is on disk. */
    Optional<String> unsaved(String clusterId) {
        return Optional.ofNullable(unsaved.get(clusterId)).map(Unsaved::reason);
    }

    /** Of how many Proxies what is served is in memory only. */
    int unsaved() {
        return unsaved.size();
    }

    @Override
    public Map<String, Set<ContentHash>> holdings() {
        Map<String, Set<ContentHash>> holdings = new TreeMap<>(store.holdings());
        unsaved.forEach((clusterId, held) -> holdings.merge(
                clusterId,
                snapshots(held.assignment()).map(Snapshot::version).collect(Collectors.toSet()),
                (disk, memory) -> Stream.concat(disk.stream(), memory.stream()).collect(Collectors.toSet())));
        return holdings;
    }

    @Override
    public Optional<Snapshot> snapshot(String clusterId, ContentHash version) {
        return Optional.ofNullable(unsaved.get(clusterId)).stream()
                .flatMap(held -> snapshots(held.assignment()))
                .filter(snapshot -> snapshot.version().equals(version))
                .findFirst()
                .or(() -> store.snapshot(clusterId, version));
    }

    private static Stream<Snapshot> snapshots(Assignment assignment) {
        Stream<Snapshot> configs = Stream.concat(assignment.stable().stream(), Stream.of(assignment.target()));
        return Stream.concat(configs, Stream.of(assignment.live()).filter(data -> data.size() > 0));
    }

    @Override
    public Snapshot live(String clusterId) {
        return assignment(clusterId).map(Assignment::live).orElse(Snapshot.EMPTY);
    }

    @Override
    public Optional<String> assign(Assignment assignment) {
        String clusterId = assignment.clusterId();
        Optional<Assignment> before =
                Optional.ofNullable(unsaved.get(clusterId)).map(Unsaved::assignment);
        if (!before.equals(Optional.of(assignment)) && hasOnlyOtherLiveData(assignment)) {
            // Nothing can be the worse for it after a crash, so it doesn't wait for the disk.
            StepLog.of(log, clusterId).log("Proxy {}: live data {}", clusterId, assignment.live());
            giveOut(assignment, SpanContext.getInvalid());
            before = Optional.of(assignment);
        }
        Optional<String> reason = before.equals(Optional.of(assignment)) ? save(assignment) : saveAndServe(assignment);
        if (reason.isPresent()) {
            // It may have failed for want of space.
            tidy();
        } else {
            tidySoon();
        }
        return reason;
    }

    private Optional<String> saveAndServe(Assignment assignment) {
        // What a new stream to the Master brings again is no change.
        boolean again = assignment(assignment.clusterId()).equals(Optional.of(assignment));
        Span span = again ? Span.getInvalid() : span(assignment);
        try {
            Optional<String> reason = save(assignment);
            span.addEvent(reason.isEmpty() ? "on disk" : "not on disk");
            reason.ifPresent(why -> span.setStatus(StatusCode.ERROR, why));
            serve(assignment, span.getSpanContext());
            return reason;
        } finally {
            span.end();
        }
    }

    private Span span(Assignment assignment) {
        Optional<SpanContext> change = TraceContext.parse(assignment.traceparent());
        return change.isEmpty()
                ? Span.getInvalid()
                : tracer.spanBuilder("proxy.apply")
                        .setParent(TraceContext.context(assignment.traceparent()))
                        .setAttribute(Tracing.CLUSTER_ID, assignment.clusterId())
                        .setAttribute(
                                Tracing.VERSION, assignment.target().version().abbreviated())
                        .startSpan();
    }

    private boolean hasOnlyOtherLiveData(Assignment assignment) {
        return assignment(assignment.clusterId())
                .filter(served -> !served.equals(assignment)
                        && served.withLive(assignment.live()).equals(assignment))
                .isPresent();
    }

    private Optional<String> save(Assignment assignment) {
        String clusterId = assignment.clusterId();
        try {
            store.put(assignment);
        } catch (UncheckedIOException e) {
            String reason = "version " + assignment.target()
                    + " is served from memory only: it is lost when this instance restarts, which then serves "
                    + store.assignment(clusterId)
                            .map(kept -> kept.target().equals(assignment.target())
                                    ? "this version as its disk has it"
                                    : "version " + kept.target() + " from its disk")
                            .orElse("nothing of this Proxy")
                    + " until the Master sends it again; writing it is tried again; "
                    + e.getMessage();
            unsaved.put(clusterId, new Unsaved(assignment, reason));
            return Optional.of(reason);
        }
        unsaved.remove(clusterId);
        return Optional.empty();
    }

    private void serve(Assignment assignment, SpanContext change) {
        LoggingEventBuilder line = log.atInfo()
                .addKeyValue(LogKeys.CLUSTER_ID, assignment.clusterId())
                .addKeyValue(LogKeys.VERSION, assignment.target().version().abbreviated());
        if (change.isSampled()) {
            line = line.addKeyValue(LogKeys.TRACE_ID, change.getTraceId());
        }
        line.log(
                "Proxy {}: target {}, stable {}",
                assignment.clusterId(),
                assignment.target(),
                assignment
                        .stable()
                        .map(Snapshot::version)
                        .map(ContentHash::abbreviated)
                        .orElse("none"));
        giveOut(assignment, change);
    }

    private void giveOut(Assignment assignment, SpanContext change) {
        synchronized (trials) {
            if (assignment.isTrial()) {
                begin(assignment);
            }
            xds.assign(assignment, change);
        }
        served.changed(assignment.clusterId());
    }

    /** What was refused of it before this process began, or in a trial that another one interrupted, still counts. */
    @GuardedBy("trials")
    private void begin(Assignment assignment) {
        String clusterId = assignment.clusterId();
        Trial trial = Trial.of(assignment);
        if (trial.equals(trials.put(clusterId, trial))) {
            return;
        }
        store.mark(clusterId, trial).ifPresent(mark -> {
            // To nobody first: the cohort must not get it before xds knows that it was refused.
            xds.assign(new Assignment(
                    clusterId,
                    assignment.stable(),
                    assignment.target(),
                    assignment.live(),
                    new Cohort(trial.wave(), List.of()),
                    assignment.members(),
                    assignment.traceparent()));
            xds.recall(clusterId, mark.refused());
        });
    }

    /**
     * The gateways that are connected now, to be told to others: what they refused of a target is on disk by then, as far as
     * the disk takes it.
     */
    List<GatewayReport> gateways(String clusterId) {
        List<GatewayReport> gateways = xds.gateways(clusterId);
        keepRefused(clusterId);
        return gateways;
    }

    private void keepRefused(String clusterId) {
        RollbackMark mark;
        synchronized (trials) {
            Trial trial = trials.get(clusterId);
            List<GatewayReport> refused = xds.refused(clusterId);
            if (trial == null || refused.isEmpty()) {
                return;
            }
            mark = new RollbackMark(clusterId, trial, refused);
        }
        try {
            store.keep(mark);
            markErrors.remove(clusterId);
        } catch (UncheckedIOException e) {
            String reason = "what gateways refused of Proxy " + clusterId
                    + " is in memory only: it is forgotten when this instance restarts; writing it is tried again; "
                    + e.getMessage();
            if (markErrors.put(clusterId, reason) == null) {
                log.error("{}", reason);
            }
            CompletableFuture.delayedExecutor(MARK_RETRY.toSeconds(), TimeUnit.SECONDS, housekeeper)
                    .execute(() -> served.changed(clusterId));
        }
    }

    /** The gateways that have stable instead of the target, which they refused; connected or not. Sorted. */
    List<String> putBack(Assignment assignment) {
        return assignment.isTrial()
                ? xds.refused(assignment.clusterId()).stream()
                        .filter(report ->
                                report.version().equals(assignment.target().version()))
                        .map(GatewayReport::gateway)
                        .sorted()
                        .toList()
                : List.of();
    }

    /** Stops serving whatever the disk does: where it fails, only the forgetting waits, for the next time. */
    @Override
    public void retain(Set<String> clusterIds) {
        for (String clusterId : xds.clusters()) {
            if (!clusterIds.contains(clusterId)) {
                synchronized (trials) {
                    xds.release(clusterId);
                    trials.remove(clusterId);
                }
                log.info("Proxy {} is not placed here any more: released", clusterId);
            }
        }
        unsaved.keySet().retainAll(clusterIds);
        markErrors.keySet().retainAll(clusterIds);
        try {
            store.retain(clusterIds);
            forgetError = Optional.empty();
        } catch (UncheckedIOException e) {
            forgetError = Optional.ofNullable(e.getMessage());
            log.warn("Proxies that are not served any more are still on disk: {}", e.getMessage());
        }
        tidySoon();
    }

    @Override
    public void drain(Set<String> clusterIds) {
        xds.drain(clusterIds);
    }

    private void tidySoon() {
        if (store.worthTidying()) {
            housekeeper.execute(this::tidy);
        }
    }

    private void tidy() {
        try {
            store.tidy();
        } catch (UncheckedIOException e) {
            log.warn("unused config still takes space on disk: {}", e.getMessage());
        }
    }

    /** What is wrong with the disk; empty when nothing is. */
    Optional<String> diskError() {
        return unsaved.entrySet().stream()
                .findFirst()
                .map(first -> "what is served of " + unsaved.size() + " Proxies is not on disk; " + first.getKey()
                        + ": " + first.getValue().reason())
                .or(() -> markErrors.values().stream().findFirst())
                .or(() -> forgetError)
                .or(store::problem);
    }
}
