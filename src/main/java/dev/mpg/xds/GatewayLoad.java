package dev.mpg.xds;

import dev.mpg.rollout.Canary;
import dev.mpg.rollout.Counts;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one gateway reported of late: at most {@value #MAX_INTERVALS} intervals of the last minute. Takes about 1 KB at the
 * usual interval and 8 KB while waves are open. Not thread-safe.
 */
final class GatewayLoad {
    static final Duration RETENTION = Duration.ofSeconds(60);

    /** An ACK comes 12 to 22 ms before the gateway's workers use what it's for; more when it's busy. */
    private static final Duration SETTLING = Duration.ofMillis(100);

    private static final int MAX_INTERVALS = 64;

    private final ArrayDeque<Interval> recent = new ArrayDeque<>();
    private @Nullable Baseline baseline;

    private record Interval(Instant start, Instant end, Counts counts, String worstBackend, long worstErrors) {}

    /**
     * What it did before it was given this version. Kept while the analysis asks for it: a wave's bake may be longer than what
     * is kept otherwise, and one that forgets its baseline would blame the version for what has always been so.
     */
    private record Baseline(ContentHash target, Counts counts, Instant askedAt) {}

    void add(Instant start, Instant end, Load load) {
        forgetOlder(end);
        if (load.counts().requests() > 0) {
            recent.addLast(new Interval(start, end, load.counts(), shared(load.worstBackend()), load.worstErrors()));
            if (recent.size() > MAX_INTERVALS) {
                recent.removeFirst();
            }
        }
    }

    /** The same name is kept once, not once in each interval. */
    private String shared(String name) {
        for (Interval interval : recent) {
            if (interval.worstBackend.equals(name)) {
                return interval.worstBackend;
            }
        }
        return name;
    }

    private void forgetOlder(Instant now) {
        Instant oldest = now.minus(RETENTION);
        // Also what seems to be of the future, after the clock was put back; but not what came since somebody read the
        // clock.
        Instant newest = now.plus(RETENTION);
        recent.removeIf(interval -> interval.end.isBefore(oldest) || interval.end.isAfter(newest));
    }

    /** Whether there's nothing in it that anybody could ask for. */
    boolean isForgotten(Instant now) {
        forgetOlder(now);
        return recent.isEmpty() && (baseline == null || isStale(baseline, now));
    }

    /** Its part in the traffic of its fleet. */
    Traffic traffic(Canary canary, String gateway, Instant now) {
        forgetOlder(now);
        if (!canary.cohort().contains(gateway)) {
            baseline = null;
            Counts rest = sum(since(canary.openedAt()));
            return new Traffic(Counts.NONE, rest, Counts.NONE, Counts.NONE, Map.of());
        }
        Instant current = canary.currentSince().get(gateway);
        Instant switched = current == null || current.isAfter(canary.openedAt()) ? canary.openedAt() : current;
        Counts before = before(canary.target(), switched, now);
        if (current == null) {
            return Traffic.NONE;
        }
        Predicate<Interval> onTarget = since(current.plus(SETTLING));
        Counts after = sum(onTarget);
        boolean comparable = before.requests() > 0 && after.requests() > 0;
        return new Traffic(
                after,
                Counts.NONE,
                comparable ? before : Counts.NONE,
                comparable ? after : Counts.NONE,
                recent.stream()
                        .filter(onTarget)
                        .collect(Collectors.toMap(Interval::worstBackend, Interval::worstErrors, Long::sum)));
    }

    private static Predicate<Interval> since(Instant time) {
        return interval -> !interval.start.isBefore(time);
    }

    private Counts before(ContentHash target, Instant switched, Instant now) {
        Baseline known = baseline;
        Counts before = known != null && known.target.equals(target) && !isStale(known, now)
                ? known.counts
                : sum(interval -> !interval.end.isAfter(switched));
        baseline = new Baseline(target, before, now);
        return before;
    }

    private static boolean isStale(Baseline baseline, Instant now) {
        return baseline.askedAt.plus(RETENTION).isBefore(now);
    }

    private Counts sum(Predicate<Interval> of) {
        return recent.stream().filter(of).map(Interval::counts).reduce(Counts.NONE, Counts::plus);
    }
}
