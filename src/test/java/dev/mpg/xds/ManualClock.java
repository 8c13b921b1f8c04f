package dev.mpg.xds;

import java.time.Instant;
import java.time.InstantSource;

/** Stands still until it's set. */
final class ManualClock implements InstantSource {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private volatile Instant now = START;

    /** So many seconds after the start. */
    static Instant time(double seconds) {
        return START.plusMillis(Math.round(seconds * 1_000));
    }

    void set(double seconds) {
        now = time(seconds);
    }

    @Override
    public Instant instant() {
        return now;
    }
}
