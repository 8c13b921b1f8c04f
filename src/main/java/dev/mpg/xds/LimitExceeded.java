package dev.mpg.xds;

/** A client asked for more than one stream may hold. The message is for the client. */
final class LimitExceeded extends RuntimeException {
    private static final long serialVersionUID = 1;

    LimitExceeded(String message) {
        super(message);
    }
}
