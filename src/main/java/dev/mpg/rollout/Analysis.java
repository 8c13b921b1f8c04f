package dev.mpg.rollout;

import java.util.Locale;
import org.apache.commons.statistics.distribution.HypergeometricDistribution;

/**
 * Whether a wave made traffic worse. Pure; thread-safe.
 *
 * <h2>What is compared</h2>
 *
 * The share of the cohort's requests that fail, with two others:
 *
 * <ul>
 *   <li>with the rest of the fleet at the same time, because an upstream outage that hits everybody isn't the change's fault;
 *   <li>with the same gateways before they got the target, because a gateway that has always been worse, be it for its
 *       network or for its clients, isn't the change's fault either.
 * </ul>
 *
 * The cohort regressed when it's worse than both. Where only one of the two has enough requests, that one decides: the wave of
 * the whole fleet has no rest, and a new fleet has no before. Where neither has, nothing can be said. So in the wave of the
 * whole fleet an upstream outage can't be told from a fault of the change, and takes it back: the smaller harm.
 *
 * <h2>What worse means</h2>
 *
 * Both of: the share is higher by more than {@link AnalysisPolicy#maxErrorRatioIncrease}, and chance alone would make the
 * difference with a probability below 1 in 10,000, by Fisher's exact test, one-sided. Given how many requests failed on
 * both sides together, the failures among the cohort's are distributed hypergeometrically if the target makes no difference; the
 * probability is that of as many or more. The test is exact also for few requests and for few errors, where tests that
 * approximate by a normal distribution are not. R. A. Fisher, <i>The Design of Experiments</i>, 1935;
 * https://en.wikipedia.org/wiki/Fisher%27s_exact_test
 *
 * <h2>Why so small a level</h2>
 *
 * A wave is judged again with each load report, about every second of its bake, and one false alarm takes a good version back.
 * So it's the alarms per rollout that must be rare, not those per look. {@code AnalysisSimulationTest} rolls out versions that
 * change nothing to 10 gateways, in three waves of 30 looks, at 1 to 20 requests per second and gateway of which 0 to 30 %
 * fail. At most 0.2 % of the rollouts had a false alarm, with a level of 0.001 it was 1 %, with one of 0.05 a third. The price
 * is small: with 20 requests per second on the one gateway of the first wave, all faults that fail 1 of 10 requests were found
 * where hardly any failed before; with 2 per second nine of ten of those that fail 1 of 5, and all that fail half.
 *
 * <p>The test takes each request to fail on its own. Failures that come in bursts make it surer than it may be; against these
 * stand the two comparisons and the least increase.
 *
 * <h2>What it doesn't see</h2>
 *
 * Latency: a load report of Envoy counts requests and errors and measures no times. {@code UpstreamLocalityStats} has room for
 * {@code load_metric_stats}, but what is in them are utilizations that an upstream service says of itself in its responses
 * (ORCA), not what a gateway measured. A response that is slower than the route's timeout is an error, and is seen.
 * Nor requests that never get to an upstream cluster: see {@link Counts}. A target without routes shows as too little traffic.
 */
public final class Analysis {
    private static final double LEVEL = 0.0001;

    /**
     * A side with more requests than this is scaled down to it: the test then takes some milliseconds at most, is rather less
     * certain than it could be, and is still certain of an increase by 2 of 100.
     */
    private static final long ENOUGH = 30_000;

    private Analysis() {}

    /** What {@code seen} says of a wave. More errors in the cohort, all else equal, never make it clear. */
    public static Judgement judge(AnalysisPolicy policy, Traffic seen) {
        long needed = policy.minRequests();
        if (seen.cohort().requests() < needed) {
            return new Judgement.TooLittle(
                    seen.cohort().requests() + " requests in the cohort, at least " + needed + " needed");
        }
        boolean hasRest = seen.rest().requests() >= needed;
        boolean hasBefore = seen.before().requests() >= needed && seen.after().requests() >= needed;
        if (!hasRest && !hasBefore) {
            return new Judgement.TooLittle(cohort(seen) + "; nothing to compare with: "
                    + seen.rest().requests() + " requests in the rest of the fleet, "
                    + seen.before().requests() + " in the cohort before, at least " + needed + " needed");
        }
        boolean worseThanRest = hasRest && isWorse(policy, seen.cohort(), seen.rest());
        boolean worseThanBefore = hasBefore && isWorse(policy, seen.after(), seen.before());
        String figures = cohort(seen)
                + (hasRest ? ", " + share(seen.rest()) + " in the rest of the fleet" : "")
                + (hasBefore ? ", " + before(seen) : "");
        if ((worseThanRest || !hasRest) && (worseThanBefore || !hasBefore)) {
            return new Judgement.Regressed(figures
                    + seen.worstBackend()
                            .map(backend -> "; most by backend " + backend)
                            .orElse(""));
        } else if (worseThanRest) {
            return new Judgement.Clear(figures + ": worse than the rest of the fleet, but no worse than before");
        } else if (worseThanBefore) {
            return new Judgement.Clear(figures + ": worse than before, but no worse than the rest of the fleet");
        }
        return new Judgement.Clear(figures);
    }

    private static boolean isWorse(AnalysisPolicy policy, Counts cohort, Counts reference) {
        return cohort.errorRatio() - reference.errorRatio() > policy.maxErrorRatioIncrease()
                && chance(cohort, reference) < LEVEL;
    }

    /** The probability of as many errors or more in the cohort, were there no difference. */
    private static double chance(Counts cohort, Counts reference) {
        int requests = (int) Math.min(cohort.requests(), ENOUGH);
        int errors = (int) (cohort.requests() <= ENOUGH ? cohort.errors() : Math.floor(cohort.errorRatio() * ENOUGH));
        int referenceRequests = (int) Math.min(reference.requests(), ENOUGH);
        int referenceErrors = (int)
                (reference.requests() <= ENOUGH ? reference.errors() : Math.ceil(reference.errorRatio() * ENOUGH));
        return HypergeometricDistribution.of(requests + referenceRequests, errors + referenceErrors, requests)
                .survivalProbability(errors - 1);
    }

    private static String cohort(Traffic seen) {
        Counts counts = seen.cohort();
        return "errors " + percent(counts) + " (" + counts.errors() + " of " + counts.requests() + " requests"
                + (counts.dropped() == 0 ? "" : ", " + counts.dropped() + " by circuit breakers") + ") in the cohort";
    }

    /** Where not all of the cohort is known from before, the figures of those that are. */
    private static String before(Traffic seen) {
        return seen.after().equals(seen.cohort())
                ? share(seen.before()) + " in the cohort before"
                : share(seen.before()) + " before and " + share(seen.after())
                        + " now in that part of the cohort which is known from before";
    }

    private static String share(Counts counts) {
        return percent(counts) + " (" + counts.errors() + " of " + counts.requests() + ")";
    }

    private static String percent(Counts counts) {
        return String.format(Locale.ROOT, "%.1f%%", counts.errorRatio() * 100);
    }
}
