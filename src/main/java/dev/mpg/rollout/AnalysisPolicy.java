package dev.mpg.rollout;

/**
 * When the analysis finds that a wave made traffic worse. Immutable.
 *
 * @param minRequests with fewer requests on one side nothing is compared: at least 1
 * @param maxErrorRatioIncrease by how much the share of requests that fail may rise: 0 to 1. An increase up to it is
 *     tolerated however certain it is, so that a difference that nobody would act on stops nobody
 * @param onNoTraffic what becomes of a wave that too little traffic passed through to be judged
 */
public record AnalysisPolicy(long minRequests, double maxErrorRatioIncrease, OnNoTraffic onNoTraffic) {
    /**
     * 20 requests, 2 percentage points, and no traffic is no reason to wait. With 20 requests on each side a fault that hits most
     * of them is certain already. A change that costs 2 of 100 requests is one that people take back.
     */
    public static final AnalysisPolicy DEFAULT = new AnalysisPolicy(20, 0.02, OnNoTraffic.Continue);

    public AnalysisPolicy {
        if (minRequests < 1) {
            throw new IllegalArgumentException("at least 1 request is compared, not " + minRequests);
        }
        if (!(maxErrorRatioIncrease >= 0 && maxErrorRatioIncrease <= 1)) {
            throw new IllegalArgumentException("an error ratio increases by 0 to 1, not by " + maxErrorRatioIncrease);
        }
    }

    /** What becomes of a wave whose bake ends with too little traffic to judge it. */
    public enum OnNoTraffic {
        /** The next wave opens, as if there were no analysis. */
        Continue,
        /** The wave waits until there is enough traffic, or until somebody promotes it. */
        Pause
    }
}
