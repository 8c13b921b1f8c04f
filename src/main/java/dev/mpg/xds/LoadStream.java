package dev.mpg.xds;

import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open stream of one gateway's load reports. Thread-safe. It sends only while the transport takes more, so a gateway that
 * doesn't read costs nothing.
 */
final class LoadStream {
    private static final Logger log = LoggerFactory.getLogger(LoadStream.class);

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofHours(1);

    private final String clusterId;
    private final String gateway;
    private final ServerCallStreamObserver<LoadStatsResponse> call;
    private final Function<String, Duration> interval;
    private final InstantSource clock;
    private final LoadLedger ledger;
    private final LoadReports.Counted counted;
    private final Consumer<LoadStream> ending;

    private final ReentrantLock lock = new ReentrantLock();
    private boolean ended;
    private @Nullable Duration told;
    private @Nullable Instant reportedAt;

    /**
     * @param ending is told when it ends, once
     */
    LoadStream(
            String clusterId,
            String gateway,
            ServerCallStreamObserver<LoadStatsResponse> call,
            Function<String, Duration> interval,
            InstantSource clock,
            LoadLedger ledger,
            LoadReports.Counted counted,
            Consumer<LoadStream> ending) {
        this.clusterId = clusterId;
        this.gateway = gateway;
        this.call = call;
        this.interval = interval;
        this.clock = clock;
        this.ledger = ledger;
        this.counted = counted;
        this.ending = ending;
    }

    String clusterId() {
        return clusterId;
    }

    String gateway() {
        return gateway;
    }

    /** Asks the gateway to report at the interval as it is now, unless it has been asked that. */
    void tellInterval() {
        lock.lock();
        try {
            Duration wanted = bounded(interval.apply(clusterId));
            if (!ended && !wanted.equals(told) && call.isReady()) {
                told = wanted;
                call.onNext(LoadStatsResponse.newBuilder()
                        .setSendAllClusters(true)
                        .setLoadReportingInterval(Durations.fromMillis(wanted.toMillis()))
                        .build());
            }
        } finally {
            lock.unlock();
        }
    }

    /** With an interval of 0 Envoy would report in a loop. */
    private static Duration bounded(Duration wanted) {
        return wanted.compareTo(SHORTEST) < 0 ? SHORTEST : wanted.compareTo(LONGEST) > 0 ? LONGEST : wanted;
    }

    void receive(List<ClusterStats> clusters) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            Load load = Load.of(clusters);
            Instant now = clock.instant();
            ledger.add(clusterId, gateway, start(now, load), now, load);
            reportedAt = now;
            counted.add(clusterId, gateway, load.counts());
        } catch (LimitExceeded e) {
            log.warn("gateway {} of cluster {}: {}", gateway, clusterId, e.getMessage());
            endLocked(Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()));
        } finally {
            lock.unlock();
        }
    }

    /**
     * When the report's time began: at the one before it, which came a little after it was made; or, by the gateway's own
     * measure, before that, as in the first report on a stream that took another one's place. The earlier is nearer to the
     * truth, and the other would take requests of an older config for those of a newer.
     */
    private Instant start(Instant now, Load load) {
        Instant measured = now.minus(load.period());
        return reportedAt == null || measured.isBefore(reportedAt) ? measured : reportedAt;
    }

    /** Ends the stream, with this status. */
    void end(Status status) {
        lock.lock();
        try {
            endLocked(status);
        } finally {
            lock.unlock();
        }
    }

    private void endLocked(Status status) {
        if (ended) {
            return;
        }
        ended = true;
        ending.accept(this);
        log.debug("gateway {} of cluster {} stopped to report its load: {}", gateway, clusterId, status);
        if (status.isOk()) {
            call.onCompleted();
        } else if (!call.isCancelled()) {
            call.onError(status.asRuntimeException());
        }
    }
}
