package dev.mpg.sync;

/** A manifest names no snapshot that this end can assemble; the message says why. Nothing of it may be served. */
public final class UnresolvableManifestException extends Exception {
    private static final long serialVersionUID = 1;

    private final String reason;

    UnresolvableManifestException(String reason) {
        super(reason);
        this.reason = reason;
    }

    UnresolvableManifestException(String reason, Throwable cause) {
        super(reason, cause);
        this.reason = reason;
    }

    /** The message, which is never null. */
    String reason() {
        return reason;
    }
}
