package dev.mpg.operator.scheduler;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Planned moves of the last minute. Not thread-safe. */
final class MoveBudget {
    private static final Duration WINDOW = Duration.ofMinutes(1);

    /** When each was, the oldest first. */
    private final Deque<Instant> moves = new ArrayDeque<>();

    /** How many may be made now. */
    int left(int perMinute, Instant now) {
        // Also those that seem to be of the future, after the clock was put back.
        moves.removeIf(move -> !move.plus(WINDOW).isAfter(now) || move.isAfter(now));
        return Math.max(0, perMinute - moves.size());
    }

    void spend(long count, Instant now) {
        for (long i = 0; i < count; i++) {
            moves.addLast(now);
        }
    }

    /** When the next one may be made, if none may now. */
    Optional<Instant> next() {
        return Optional.ofNullable(moves.peekFirst()).map(move -> move.plus(WINDOW));
    }
}
