package dev.mpg.sync;

/** A manifest names no snapshot that this end can assemble; the message says why. Nothing of it may be served. */
public final class UnresolvableManifestException extends Exception {
    private static final long serialVersionUID = 1;

    UnresolvableManifestException(String message) {
        super(message);
    }

    UnresolvableManifestException(String message, Throwable cause) {
        super(message, cause);
    }
}
