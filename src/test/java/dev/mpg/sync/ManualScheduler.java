package dev.mpg.sync;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Runs at once what is to be run at once, on one thread; what is to be run later waits until the test says so. */
final class ManualScheduler extends ScheduledThreadPoolExecutor {
    private final List<Delay> delays = new CopyOnWriteArrayList<>();

    ManualScheduler() {
        super(1);
    }

    @Override
    public void execute(Runnable command) {
        // The superclass would schedule it with delay 0.
        var _ = super.schedule(command, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        Delay delayed = new Delay(command, unit.toMillis(delay));
        delays.add(delayed);
        return delayed;
    }

    /** Milliseconds of what waits, from short to long. */
    List<Long> waiting() {
        return delays.stream()
                .filter(delay -> !delay.isDone())
                .map(Delay::millis)
                .sorted()
                .toList();
    }

    /** Lets the time pass after which the first of what waits runs. */
    void runNext() {
        Delay next = delays.stream()
                .filter(delay -> !delay.isDone())
                .min(Comparator.comparingLong(Delay::millis))
                .orElseThrow();
        delays.remove(next);
        execute(next);
    }

    private static final class Delay extends FutureTask<Void> implements ScheduledFuture<Void> {
        private final long millis;

        Delay(Runnable command, long millis) {
            super(command, null);
            this.millis = millis;
        }

        long millis() {
            return millis;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(millis, TimeUnit.MILLISECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(TimeUnit.MILLISECONDS), other.getDelay(TimeUnit.MILLISECONDS));
        }
    }
}
