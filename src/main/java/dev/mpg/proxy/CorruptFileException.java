package dev.mpg.proxy;

/** A file of the store is not what was written: torn, altered, or put there by someone else. The reason says how. */
final class CorruptFileException extends Exception {
    private final String reason;

    CorruptFileException(String reason) {
        super(reason);
        this.reason = reason;
    }

    /** The message, which is never null. */
    String reason() {
        return reason;
    }
}
