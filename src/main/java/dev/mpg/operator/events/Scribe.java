package dev.mpg.operator.events;

import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down, in order and one after the other, what nothing waits for: Events and history. When it falls behind by {@value
 * #MAX_WAITING} writes, newer ones are dropped. Thread-safe; never blocks its callers.
 */
public final class Scribe implements AutoCloseable {
    private static final int MAX_WAITING = 10_000;
    private static final Duration GRACE = Duration.ofSeconds(2);
    private static final Logger log = LoggerFactory.getLogger(Scribe.class);

    private final ThreadPoolExecutor thread = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            Thread.ofPlatform().daemon().name("scribe").factory());

    /** Has this done after all that was asked for before, within the span of whoever asks. */
    public void write(Runnable work) {
        try {
            thread.execute(Context.current().wrap(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) {
                    log.warn("something could not be written down: {}", e.toString());
                }
            }));
        } catch (RejectedExecutionException e) {
            log.debug("closed, or too far behind: something is not written down", e);
        }
    }

    /** Gives what waits a little time. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            thread.shutdownNow();
        }
    }
}
