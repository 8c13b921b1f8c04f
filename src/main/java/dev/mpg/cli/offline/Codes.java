package dev.mpg.cli.offline;

/** Exit codes. */
final class Codes {
    static final int OK = 0;
    static final int INVALID = 1;
    /** Of {@code diff}, as of diff(1). */
    static final int DIFFERENT = 1;

    static final int USAGE = 2;

    private Codes() {}

    /** Of files that were judged. What can't be read was named wrongly. */
    static int of(Review review) {
        return !review.manifests().readable() ? USAGE : review.hasErrors() ? INVALID : OK;
    }
}
