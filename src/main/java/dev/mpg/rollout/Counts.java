package dev.mpg.rollout;

/**
 * Requests that gateways sent to upstream services, as Envoy's load reports count them: one for each attempt, so a request
 * that was retried twice counts three times. Immutable; sums with {@link #plus}.
 *
 * <p>Requests that never reach an upstream cluster aren't in it: what a gateway answers itself (a redirect, 404 without a
 * route, 503 for a cluster that doesn't exist). Nor are those whose client went away.
 *
 * @param requests all that ended, well or badly
 * @param errors those of them that failed: status 5xx (for gRPC the codes that mean a fault of the server), reset, timed out,
 *     connection refused, or dropped
 * @param dropped those of the errors that the gateway didn't send because a circuit breaker was open
 */
public record Counts(long requests, long errors, long dropped) {
    public static final Counts NONE = new Counts(0, 0, 0);

    public Counts {
        if (dropped < 0 || errors < dropped || requests < errors) {
            throw new IllegalArgumentException(
                    "not 0 <= " + dropped + " dropped <= " + errors + " errors <= " + requests);
        }
    }

    /** The sum of both. */
    public Counts plus(Counts other) {
        return new Counts(requests + other.requests, errors + other.errors, dropped + other.dropped);
    }

    /** The share of requests that failed: 0 to 1; 0 without requests. */
    public double errorRatio() {
        return requests == 0 ? 0 : (double) errors / requests;
    }
}
