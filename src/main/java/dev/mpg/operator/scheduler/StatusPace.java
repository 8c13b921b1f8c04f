package dev.mpg.operator.scheduler;

import dev.mpg.api.SchedulerStatus;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How often statuses are written: one that differs from the last only in numbers at most once in {@link #INTERVAL}, any other at
 * once. Thread-safe.
 */
final class StatusPace {
    static final Duration INTERVAL = Duration.ofSeconds(1);

    /** By Scheduler. */
    private final Map<String, Instant> written = new ConcurrentHashMap<>();

    /**
     * How long this status has to wait; zero when it is to be written now.
     *
     * @param before as it was written last
     */
    Duration left(String scheduler, @Nullable SchedulerStatus before, SchedulerStatus next, Instant now) {
        Instant last = written.get(scheduler);
        if (last == null
                || last.isAfter(now)
                || before == null
                || !words(before).equals(words(next))) {
            return Duration.ZERO;
        }
        Instant due = last.plus(INTERVAL);
        return now.isBefore(due) ? Duration.between(now, due) : Duration.ZERO;
    }

    void wrote(String scheduler, Instant now) {
        written.put(scheduler, now);
    }

    void forget(String scheduler) {
        written.remove(scheduler);
    }

    /** All but numbers, and the messages that tell them. */
    private static List<Object> words(SchedulerStatus status) {
        return List.of(
                Objects.requireNonNullElse(status.observedGeneration(), 0L),
                Optional.ofNullable(status.instances()).stream()
                        .flatMap(List::stream)
                        .map(instance -> new SchedulerStatus.Instance(
                                instance.name(),
                                instance.ready(),
                                0,
                                null,
                                null,
                                instance.state(),
                                instance.xdsAddress(),
                                instance.debugAddress()))
                        .toList(),
                Optional.ofNullable(status.conditions()).stream()
                        .flatMap(List::stream)
                        .map(StatusPace::word)
                        .toList());
    }

    private static String word(Condition condition) {
        return condition.getType() + "=" + condition.getStatus() + ": " + condition.getReason();
    }
}
