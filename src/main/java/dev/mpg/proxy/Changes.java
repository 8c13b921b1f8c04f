package dev.mpg.proxy;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes which clusters changed and hands each to a consumer a little later, once for all its changes till then: a thousand
 * gateways that ACK together make a few reports, not a thousand. The pause after each round grows with what the round took,
 * so that large fleets cost a bounded share of the processor; a change that comes later than that is told at once.
 * Thread-safe; noting never blocks on the consumer.
 */
final class Changes implements AutoCloseable {
    /** What changes within this time of the first change is told with it. */
    private static final Duration SETTLE = Duration.ofMillis(1);

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(5);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    /** A round may take this part of the time at most. */
    private static final int SHARE = 5;

    private static final Logger log = LoggerFactory.getLogger(Changes.class);

    private final Consumer<String> consumer;
    private final ScheduledExecutorService worker;
    private final Set<String> noted = new LinkedHashSet<>();
    /** The next round begins no earlier, {@link System#nanoTime()}. */
    private long earliest = System.nanoTime();

    private boolean telling;

    Changes(String name, Consumer<String> consumer) {
        this.consumer = consumer;
        this.worker = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /** Notes a change. */
    synchronized void note(String clusterId) {
        boolean first = noted.isEmpty();
        noted.add(clusterId);
        // While a round runs nobody knows yet when the next one may: its end schedules it.
        if (first && !telling) {
            schedule();
        }
    }

    private void schedule() {
        long delay = Math.max(SETTLE.toNanos(), earliest - System.nanoTime());
        try {
            var _ = worker.schedule(this::round, delay, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("closed: a change is not told", e);
        }
    }

    private void round() {
        long start = System.nanoTime();
        take().forEach(this::tell);
        pause((System.nanoTime() - start) * SHARE);
    }

    private synchronized List<String> take() {
        List<String> taken = List.copyOf(noted);
        noted.clear();
        telling = true;
        return taken;
    }

    private synchronized void pause(long nanos) {
        earliest = System.nanoTime() + Math.clamp(nanos, SHORTEST_PAUSE.toNanos(), LONGEST_PAUSE.toNanos());
        telling = false;
        if (!noted.isEmpty()) {
            schedule();
        }
    }

    private void tell(String clusterId) {
        try {
            consumer.accept(clusterId);
        } catch (RuntimeException e) {
            log.error("a change of {} could not be told", clusterId, e);
        }
    }

    /** Drops what was noted. */
    @Override
    public void close() {
        worker.shutdownNow();
    }
}
