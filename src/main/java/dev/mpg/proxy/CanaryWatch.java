package dev.mpg.proxy;

import dev.mpg.rollout.Canary;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.xds.LoadReports;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * While a wave is open, asks its gateways for their load more often and tells what their traffic is like: who has run the
 * target since when is noted here, on this instance's clock. Thread-safe.
 */
final class CanaryWatch implements AutoCloseable {
    private static final Duration PACE = LoadReports.WAVE_INTERVAL;
    private static final Logger log = LoggerFactory.getLogger(CanaryWatch.class);

    private final InstantSource clock;
    private final Map<String, Watched> waves = new HashMap<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("canary").factory());

    /** The open wave of one Proxy. */
    private static final class Watched {
        private final ContentHash target;
        private final int wave;
        private final Set<String> cohort;
        private final Instant openedAt;
        private final Map<String, Instant> currentSince = new HashMap<>();
        /** Read and written by the one thread that tells. */
        private Optional<Traffic> told = Optional.empty();

        Watched(Assignment assignment, Instant now) {
            this.target = assignment.target().version();
            this.wave = assignment.cohort().wave();
            this.cohort = new HashSet<>(assignment.cohort().gateways());
            this.openedAt = now;
        }

        boolean isOf(Assignment assignment) {
            return wave == assignment.cohort().wave()
                    && target.equals(assignment.target().version())
                    && cohort.equals(new HashSet<>(assignment.cohort().gateways()));
        }

        Canary canary() {
            return new Canary(target, openedAt, cohort, currentSince);
        }
    }

    private record Question(String clusterId, Watched watched, Canary canary) {}

    /** Hears of a wave's traffic. */
    @FunctionalInterface
    interface Listener {
        void seen(String clusterId, int wave, Traffic traffic);
    }

    CanaryWatch(InstantSource clock) {
        this.clock = clock;
    }

    /** Begins to ask {@code loads}, once a second. */
    void start(LoadReports loads, Listener listener) {
        var _ = thread.scheduleWithFixedDelay(
                () -> tell(loads, listener), PACE.toMillis(), PACE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** How often gateways of this cluster id are to report. */
    synchronized Duration interval(String clusterId) {
        return waves.containsKey(clusterId) ? LoadReports.WAVE_INTERVAL : LoadReports.USUAL_INTERVAL;
    }

    /** This is served from now on. Whether the interval is another one now. */
    synchronized boolean served(Assignment assignment) {
        String clusterId = assignment.clusterId();
        Watched before = waves.get(clusterId);
        boolean open = assignment.isTrial() && !assignment.cohort().gateways().isEmpty();
        if (!open) {
            return waves.remove(clusterId) != null;
        }
        if (before == null || !before.isOf(assignment)) {
            Watched now = new Watched(assignment, clock.instant());
            if (before != null && before.target.equals(now.target)) {
                now.currentSince.putAll(before.currentSince);
            }
            waves.put(clusterId, now);
        }
        return before == null;
    }

    /** This isn't served any more. */
    synchronized void released(String clusterId) {
        waves.remove(clusterId);
    }

    /** Gateways say this. */
    synchronized void reported(String clusterId, List<GatewayReport> reports) {
        Watched watched = waves.get(clusterId);
        if (watched == null) {
            return;
        }
        Set<String> current = new HashSet<>();
        for (GatewayReport report : reports) {
            if (report.state() == GatewayReport.State.CURRENT
                    && report.version().equals(watched.target)) {
                current.add(report.gateway());
            }
        }
        watched.currentSince.keySet().retainAll(current);
        current.forEach(gateway -> watched.currentSince.putIfAbsent(gateway, clock.instant()));
    }

    private void tell(LoadReports loads, Listener listener) {
        try {
            for (Question question : questions()) {
                Traffic traffic = loads.traffic(question.clusterId(), question.canary());
                Watched watched = question.watched();
                if (!watched.told.equals(Optional.of(traffic))) {
                    watched.told = Optional.of(traffic);
                    listener.seen(question.clusterId(), watched.wave, traffic);
                }
            }
        } catch (RuntimeException e) {
            log.error("the traffic of a wave could not be told", e);
        }
    }

    private synchronized List<Question> questions() {
        return waves.entrySet().stream()
                .map(wave -> new Question(
                        wave.getKey(), wave.getValue(), wave.getValue().canary()))
                .toList();
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
