package dev.mpg.xds;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import io.envoyproxy.envoy.config.core.v3.ControlPlane;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * The streams of one cluster's gateways, and what they share. Thread-safe.
 *
 * <p>A stream reads what it should have under its own lock, and is told to read again whenever that changed; so whatever the
 * order in which threads come, it ends with the newest.
 */
final class Fleet {
    private static final int MAX_DIFFS = 16;
    private static final int MAX_SHARED_NAMES = 64;
    private static final int MAX_DOUBTS = 1_024;

    /** A gateway that first connects later than this after a change has nothing to do with it. */
    private static final Duration TRACED = Duration.ofMinutes(10);

    private final String clusterId;
    private final InstantSource clock;
    private final Tracer tracer;
    private final Set<AdsStream<?>> streams = ConcurrentHashMap.newKeySet();
    private final Map<String, AdsStream<?>> gateways = new HashMap<>();
    private final ConcurrentMap<String, Effective> effective = new ConcurrentHashMap<>();
    /** Of gateways that aren't connected; the oldest are forgotten. */
    private final LinkedHashMap<String, Doubts> doubts = new LinkedHashMap<>();

    private final Recent<Versions, SnapshotDiff> diffs =
            new Recent<>(MAX_DIFFS, versions -> Snapshot.diff(versions.from, versions.to));
    private final Recent<Names, Names> names = new Recent<>(MAX_SHARED_NAMES, same -> same);
    private volatile @Nullable Serving serving;

    private record Versions(Snapshot from, Snapshot to) {}

    /**
     * What a gateway runs.
     *
     * @param before what it ran before that; null when that isn't known
     */
    private record Effective(
            ContentHash version, Instant since, @Nullable ContentHash before) {}

    /**
     * @param change because of which {@code assignment}'s target is served to whom it is
     * @param changedAt when that was
     */
    private record Serving(
            Assignment assignment,
            Trial trial,
            ByteString controlPlane,
            Map<ContentHash, Content> contents,
            SpanContext change,
            Instant changedAt) {}

    Fleet(String clusterId, InstantSource clock, Tracer tracer) {
        this.clusterId = clusterId;
        this.clock = clock;
        this.tracer = tracer;
    }

    String clusterId() {
        return clusterId;
    }

    /** What traces a gateway of this cluster. */
    ApplySpan span(String gateway) {
        return new ApplySpan(tracer, clusterId, gateway);
    }

    /** The difference between two snapshots; computed once for all streams. */
    SnapshotDiff diff(Snapshot from, Snapshot to) {
        return from.equals(to) ? SnapshotDiff.NONE : diffs.get(new Versions(from, to));
    }

    /** The one instance of these names that streams share. */
    Names shared(Names same) {
        return same.isEmpty() ? Names.NONE : names.get(same);
    }

    /**
     * From now on this is what gateways should have. The streams must be {@link AdsStream#refresh refreshed} then.
     *
     * @param change span of the change that made it; invalid when there is none
     */
    synchronized void assign(Assignment assignment, SpanContext change) {
        Map<ContentHash, Content> contents = new ConcurrentHashMap<>();
        Serving before = serving;
        if (before != null) {
            contents.putAll(before.contents);
            contents.keySet()
                    .removeIf(version -> !version.equals(assignment.target().version())
                            && assignment.stable().stream()
                                    .noneMatch(stable -> stable.version().equals(version)));
        }
        contents.replaceAll((version, content) -> content.with(assignment.live()));
        Trial trial = Trial.of(assignment, before == null ? null : before.trial, clock.instant());
        Serving goesOn = before != null
                        && !change.isValid()
                        && before.assignment.target().equals(assignment.target())
                ? before
                : null;
        serving = new Serving(
                assignment,
                trial,
                controlPlane(assignment.traceparent()),
                contents,
                goesOn == null ? change : goesOn.change,
                goesOn == null ? clock.instant() : goesOn.changedAt);
    }

    private static ByteString controlPlane(String traceparent) {
        if (traceparent.isEmpty()) {
            return ByteString.EMPTY;
        }
        String json = "{\"traceparent\":\"" + traceparent.replaceAll("[^0-9a-zA-Z-]", "") + "\"}";
        return ControlPlane.newBuilder().setIdentifier(json).build().toByteString();
    }

    /** Nobody is served from now on. The streams must be refreshed then. */
    synchronized void release() {
        serving = null;
    }

    /** What this gateway should have; null when it isn't served here. */
    @Nullable
    Target targetFor(String gateway) {
        Serving now = serving;
        if (now == null || !now.assignment.admits(gateway)) {
            return null;
        }
        Snapshot snapshot = now.trial.snapshotFor(gateway, now.assignment);
        Content content = now.contents.computeIfAbsent(
                snapshot.version(), version -> new Content(snapshot).with(now.assignment.live()));
        boolean traced = now.change.isValid()
                && snapshot.equals(now.assignment.target())
                && clock.instant().isBefore(now.changedAt.plus(TRACED));
        return new Target(content, now.controlPlane, traced ? now.change : SpanContext.getInvalid());
    }

    /**
     * Notes what a gateway says of what it was given.
     *
     * @return whether it refused the target just now: then {@link #targetFor} says something else
     */
    boolean note(GatewayReport report) {
        noteEffective(report);
        Serving now = serving;
        return now != null && now.trial.note(report, now.assignment, clock.instant());
    }

    private void noteEffective(GatewayReport report) {
        if (report.state() != GatewayReport.State.CURRENT) {
            return;
        }
        Effective known = effective.get(report.gateway());
        if (known == null || !known.version.equals(report.version())) {
            effective.put(
                    report.gateway(),
                    new Effective(report.version(), clock.instant(), known == null ? null : known.version));
        }
    }

    /** The version that this gateway ran at a time of late; empty when that isn't known. */
    Optional<ContentHash> effective(String gateway, Instant at) {
        Effective known = effective.get(gateway);
        if (known == null) {
            return Optional.empty();
        }
        return at.isBefore(known.since) ? Optional.ofNullable(known.before) : Optional.of(known.version);
    }

    /** Takes up what gateways refused of the target before this process began. */
    void recall(Collection<GatewayReport> refused) {
        Serving now = serving;
        if (now != null) {
            now.trial.recall(refused);
        }
    }

    /** What gateways refused of the target in the present wave, by gateway; also of those that aren't connected. */
    List<GatewayReport> refused() {
        Serving now = serving;
        return now == null ? List.of() : now.trial.refused();
    }

    /** Whether a wave is open, so that its traffic is of interest. */
    boolean isOnTrial() {
        Serving now = serving;
        return now != null
                && now.assignment.isTrial()
                && !now.assignment.cohort().gateways().isEmpty();
    }

    /** Whether this gateway runs a target that is on trial. */
    boolean triesTarget(String gateway) {
        Serving now = serving;
        Effective known = effective.get(gateway);
        return now != null
                && known != null
                && now.assignment.isTrial()
                && known.version.equals(now.assignment.target().version());
    }

    /** What the traffic of the open wave is like, as {@code loads} has it; empty when none is open. */
    Optional<XdsServer.WaveTraffic> traffic(LoadReports loads) {
        Serving now = serving;
        return now != null && isOnTrial()
                ? Optional.of(new XdsServer.WaveTraffic(
                        now.trial.wave(), loads.traffic(clusterId, now.trial.canary(now.assignment))))
                : Optional.empty();
    }

    /** Whether a gateway with this id belongs to the fleet. */
    boolean admits(String gateway) {
        Serving now = serving;
        return now != null && now.assignment.admits(gateway);
    }

    /** Whether this cluster is served here at all. */
    boolean isServed() {
        return serving != null;
    }

    /** Adds a stream. The one which it takes the place of, if any, is returned and is to be ended. */
    @Nullable
    AdsStream<?> add(AdsStream<?> stream) {
        streams.add(stream);
        if (stream.sharesGateway()) {
            return null;
        }
        synchronized (gateways) {
            return gateways.put(stream.gateway(), stream);
        }
    }

    /** Forgets a stream, but not what is in doubt about its gateway. */
    void remove(AdsStream<?> stream, Doubts left) {
        Serving now = serving;
        if (now != null && !stream.sharesGateway()) {
            now.trial.left(stream.gateway());
        }
        synchronized (gateways) {
            if (gateways.remove(stream.gateway(), stream) || stream.sharesGateway()) {
                effective.remove(stream.gateway());
            }
            if (!left.isEmpty() && !stream.sharesGateway()) {
                doubts.putLast(stream.gateway(), left);
                if (doubts.size() > MAX_DOUBTS) {
                    doubts.pollFirstEntry();
                }
            }
        }
        streams.remove(stream);
    }

    /** What was in doubt about this gateway when its last stream ended. */
    Doubts takeDoubts(String gateway) {
        synchronized (gateways) {
            Doubts known = doubts.remove(gateway);
            return known == null ? new Doubts() : known;
        }
    }

    Set<AdsStream<?>> streams() {
        return streams;
    }

    /** One report per gateway, sorted; of several streams of one gateway the worst. */
    List<GatewayReport> reports() {
        Map<String, GatewayReport> reports = new HashMap<>();
        for (AdsStream<?> stream : streams) {
            reports.merge(stream.gateway(), stream.report(), (a, b) -> severity(a) >= severity(b) ? a : b);
        }
        Serving now = serving;
        return reports.values().stream()
                .map(report -> now == null ? report : now.trial.said(report, now.assignment))
                .sorted(Comparator.comparing(GatewayReport::gateway))
                .toList();
    }

    private static int severity(GatewayReport report) {
        return switch (report.state()) {
            case CURRENT -> 0;
            case PENDING -> 1;
            case REJECTED -> 2;
        };
    }
}
