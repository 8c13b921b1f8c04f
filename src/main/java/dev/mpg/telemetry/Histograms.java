package dev.mpg.telemetry;

import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Timers whose buckets are fixed, so that those of several processes can be added up. */
public final class Histograms {
    private static final Duration BASE = Duration.ofMillis(10);
    private static final int SHORT_DOUBLINGS = 10;
    private static final int LONG_DOUBLINGS = 19;

    private Histograms() {}

    /** For what takes milliseconds to seconds: 1, 2.5 and 5 ms, then 10 ms × 2ⁿ with n from 0 to 9, which is 5.12 s. */
    public static Timer.Builder ofWork(String name) {
        return Timer.builder(name)
                .serviceLevelObjectives(Stream.concat(
                                Stream.of(Duration.ofMillis(1), Duration.ofNanos(2_500_000), Duration.ofMillis(5)),
                                doublings(SHORT_DOUBLINGS))
                        .toArray(Duration[]::new));
    }

    /** For what may take as long as somebody wants it to: 10 ms × 2ⁿ with n from 0 to 18, which is 44 minutes. */
    public static Timer.Builder ofWaiting(String name) {
        return Timer.builder(name)
                .serviceLevelObjectives(doublings(LONG_DOUBLINGS).toArray(Duration[]::new));
    }

    private static Stream<Duration> doublings(int count) {
        return IntStream.range(0, count).mapToObj(n -> BASE.multipliedBy(1L << n));
    }
}
