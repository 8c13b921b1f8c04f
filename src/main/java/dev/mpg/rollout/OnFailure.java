package dev.mpg.rollout;

/** What becomes of a rollout whose target failed. Spelled as in the spec. */
public enum OnFailure {
    /** The cohort goes back to stable. */
    Rollback,
    /** The cohort stays as it is, until somebody decides. */
    Pause
}
