package dev.mpg.operator.infrastructure.host;

import io.github.resilience4j.core.IntervalFunction;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all supervised processes share.
 *
 * @param loop the one thread on which they start, end and are started again
 * @param clock for how long a process ran
 * @param backoff milliseconds to wait before the nth start after n crashes in a row, n from 1
 */
record Supervision(ScheduledExecutorService loop, Clock clock, IntervalFunction backoff) {
    private static final Logger log = LoggerFactory.getLogger(Supervision.class);

    /** A process that ran this long is no crash loop: its next start comes as quickly as the first. */
    static final Duration RAN_WELL = Duration.ofSeconds(30);

    /** How long a process may take to end when it is asked to. */
    static final Duration GRACE = Duration.ofSeconds(5);

    /** Runs it on the loop. */
    void run(Runnable task) {
        loop.execute(reporting(task));
    }

    /** Runs it on the loop, later. */
    Future<?> runAfter(long milliseconds, Runnable task) {
        return loop.schedule(reporting(task), milliseconds, TimeUnit.MILLISECONDS);
    }

    /** As the loop itself would keep to itself what a task throws. */
    private static Runnable reporting(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                log.error("A process may not be as it is wanted", e);
            }
        };
    }

    /** 0.2 s doubling to 30 s, each ±50 %, so that what crashed together doesn't start together. */
    static IntervalFunction defaultBackoff() {
        return IntervalFunction.ofExponentialRandomBackoff(Duration.ofMillis(200), 2, 0.5, Duration.ofSeconds(30));
    }
}
