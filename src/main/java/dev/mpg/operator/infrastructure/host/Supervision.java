package dev.mpg.operator.infrastructure.host;

import io.github.resilience4j.core.IntervalFunction;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all supervised processes share. Thread-safe. */
final class Supervision {
    private static final Logger log = LoggerFactory.getLogger(Supervision.class);

    /** See {@link #ranWell}. */
    static final Duration RAN_WELL = Duration.ofSeconds(30);

    /** How long a process may take to end when it is asked to. */
    static final Duration GRACE = Duration.ofSeconds(5);

    private final ScheduledExecutorService loop;
    private final Clock clock;
    private final IntervalFunction backoff;
    private final Duration ranWell;
    private volatile boolean stopping;

    /**
     * @param loop the one thread on which processes start, end and are started again
     * @param clock for how long a process ran
     * @param backoff milliseconds to wait before the nth start after n crashes in a row, n from 1
     * @param ranWell see {@link #ranWell}
     */
    Supervision(ScheduledExecutorService loop, Clock clock, IntervalFunction backoff, Duration ranWell) {
        this.loop = loop;
        this.clock = clock;
        this.backoff = backoff;
        this.ranWell = ranWell;
    }

    Instant now() {
        return clock.instant();
    }

    long backoff(int crashes) {
        return backoff.apply(crashes);
    }

    /**
     * A process that ran this long is no crash loop: the failure before is forgotten, and its next start comes as quickly
     * as the first.
     */
    Duration ranWell() {
        return ranWell;
    }

    /** Runs it on the loop. */
    void run(Runnable task) {
        loop.execute(whileSupervised(task));
    }

    /** Runs it on the loop, later. */
    Future<?> runAfter(long milliseconds, Runnable task) {
        return loop.schedule(whileSupervised(task), milliseconds, TimeUnit.MILLISECONDS);
    }

    /** Whether {@link #stop} has begun: then nothing may be started any more. */
    boolean isStopping() {
        return stopping;
    }

    /** Drops what waits for the loop, and waits for what is at work on it. Processes stay as they are then. */
    void stop() {
        stopping = true;
        // From within, so that nothing is interrupted half done.
        loop.execute(loop::shutdownNow);
        try {
            if (!loop.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("A process is still being started; the next operator will see to it");
            }
        } catch (InterruptedException e) {
            loop.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    /** Tells what a task throws, as the loop itself would keep it to itself. */
    private Runnable whileSupervised(Runnable task) {
        return () -> {
            if (stopping) {
                return;
            }
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
