package dev.mpg.telemetry;

/** A request that makes no sense. */
public final class BadRequestException extends Exception {
    private final String reason;

    /** @param reason what is wrong and what would be right, for the requester */
    public BadRequestException(String reason) {
        super(reason);
        this.reason = reason;
    }

    /** The message, which is never null. */
    public String reason() {
        return reason;
    }
}
