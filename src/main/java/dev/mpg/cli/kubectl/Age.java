package dev.mpg.cli.kubectl;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How long ago things were, as kubectl says it: {@code 12s}, {@code 3m10s}, {@code 2h5m}, {@code 4d}. */
final class Age {
    private static final long MINUTE = 60;
    private static final long HOUR = 60 * MINUTE;
    private static final long DAY = 24 * HOUR;

    private Age() {}

    /** A duration in at most two units; one below zero, from a clock that is ahead, is 0s. */
    static String text(Duration age) {
        long seconds = Math.max(0, age.toSeconds());
        if (seconds < 2 * MINUTE) {
            return seconds + "s";
        }
        if (seconds < 10 * MINUTE) {
            return two(seconds / MINUTE, "m", seconds % MINUTE, "s");
        }
        if (seconds < 3 * HOUR) {
            return seconds / MINUTE + "m";
        }
        if (seconds < 8 * HOUR) {
            return two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "m");
        }
        if (seconds < 2 * DAY) {
            return seconds / HOUR + "h";
        }
        return seconds / DAY + "d";
    }

    private static String two(long first, String unit, long second, String smaller) {
        return first + unit + (second == 0 ? "" : second + smaller);
    }

    /** Of a time in RFC 3339; empty when there's none or it can't be read. */
    static Optional<Duration> since(@Nullable String time, Instant now) {
        return instant(time).map(then -> Duration.between(then, now));
    }

    /** As {@link #since}, in words. */
    static Optional<String> textSince(@Nullable String time, Instant now) {
        return since(time, now).map(Age::text);
    }

    static Optional<Instant> instant(@Nullable String time) {
        try {
            return Optional.ofNullable(time).map(Instant::parse);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
