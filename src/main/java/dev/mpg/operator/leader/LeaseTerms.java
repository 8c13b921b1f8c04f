package dev.mpg.operator.leader;

import java.time.Duration;

/**
 * For how long what holds. With the proportions of Kubernetes' own components: 15 s, 10 s, 2 s.
 *
 * @param lease a candidate takes a Lease that hasn't changed for this long; whole seconds
 * @param renewal a leader that could not renew it for this long stops leading. Shorter than the lease: the rest is for what
 *     it has sent to the API server before
 * @param retry how often a leader renews it, and a candidate looks at it
 */
public record LeaseTerms(Duration lease, Duration renewal, Duration retry) {
    /** Below this a busy machine would lose its lease to its own scheduling. */
    private static final int LEAST_SECONDS = 3;

    public LeaseTerms {
        if (lease.toSeconds() < LEAST_SECONDS || lease.toNanosPart() != 0) {
            throw new IllegalArgumentException(
                    "a lease lasts at least %d whole seconds, not %s".formatted(LEAST_SECONDS, lease));
        }
        if (renewal.compareTo(lease) >= 0 || retry.compareTo(renewal) >= 0 || !retry.isPositive()) {
            throw new IllegalArgumentException(
                    "a lease of %s cannot be renewed within %s every %s".formatted(lease, renewal, retry));
        }
    }

    /** Renewed within two thirds of the lease, seven or eight times while it lasts. */
    public static LeaseTerms of(Duration lease) {
        return new LeaseTerms(
                lease, lease.multipliedBy(2).dividedBy(3), lease.multipliedBy(2).dividedBy(15));
    }
}
