package dev.mpg.sync;

import java.time.Duration;

/** Sizes and times that both ends of ConfigSync agree on. */
public final class SyncLimits {
    /** Largest message in either direction, in bytes. A whole manifest of 50,000 resources takes about 6 MB. */
    public static final int MAX_MESSAGE_BYTES = 16 << 20;

    /** Largest blob, in bytes: it has to fit into a message. */
    public static final int MAX_BLOB_BYTES = MAX_MESSAGE_BYTES - (64 << 10);

    /** Blobs are sent in batches of this many bytes; a larger blob goes alone. */
    public static final int BLOB_BATCH_BYTES = 1 << 20;

    /** Most hashes in one Want. */
    public static final int MAX_WANTED = 10_000;

    /** Of how many Proxies that aren't placed on it an instance may speak; what it says of others is ignored. */
    public static final int MAX_UNPLACED = 10_000;

    /** Longest text, in characters, of why an instance could not take an assignment. */
    public static final int MAX_ERROR = 1_024;

    /** Longest name of a proxy instance, as DNS allows. */
    public static final int MAX_INSTANCE_NAME = 253;

    /** A peer that is silent for this long is asked for a sign of life. gRPC allows clients no shorter time. */
    public static final Duration KEEPALIVE_TIME = Duration.ofSeconds(10);

    /** A peer that gave no sign of life within this time is gone. */
    public static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(5);

    private SyncLimits() {}
}
