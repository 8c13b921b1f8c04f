package dev.mpg.rollout;

/** Where a rollout stands. Spelled as in status. */
public enum Phase {
    /** There is no version yet. */
    Pending,
    /** Gateways are being brought to the target. */
    Progressing,
    /** Nothing grows: somebody asked for it, or the target failed and the policy is to pause. */
    Paused,
    /** Nobody is given the target any more; a gateway that had it has not ACKed stable yet. */
    RollingBack,
    /** The target failed, and everybody is back on stable. */
    RolledBack,
    /** The first version of all failed, and is served on: there's nothing to go back to. */
    Failed,
    /** Target and stable are one. */
    Complete
}
