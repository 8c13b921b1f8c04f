package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.time.Instant;

/**
 * Why a version isn't rolled out any further. Immutable.
 *
 * @param version the version that failed
 * @param reason the kind of failure
 * @param message what happened, with names, at most {@value #MAX_MESSAGE} characters
 * @param at when it was found
 */
public record Failure(ContentHash version, Reason reason, String message, Instant at) {
    private static final int MAX_MESSAGE = 512;

    public Failure {
        if (message.length() > MAX_MESSAGE) {
            message = message.substring(0, MAX_MESSAGE - 1) + "…";
        }
    }

    /** The kind of failure, as a condition's reason. */
    public enum Reason {
        /** A gateway of the cohort NACKed it. */
        Rejected,
        /** A connected gateway of the cohort did not ACK it in time. */
        AckTimeout,
        /** Traffic got worse. */
        Regression,
        /** Somebody aborted it. */
        Aborted
    }
}
