package dev.mpg.sync;

import dev.mpg.snapshot.ContentHash;
import java.util.Optional;
import java.util.Set;

/**
 * What an instance says that it holds of a Proxy. Immutable.
 *
 * @param versions held whole
 * @param error why it could not take the last assignment; empty when it could, or has not tried yet
 * @param unsaved why what it serves is in its memory only, and lost when it restarts; empty when it is on disk
 */
public record InstanceHolding(
        String clusterId, Set<ContentHash> versions, Optional<String> error, Optional<String> unsaved) {
    public InstanceHolding {
        versions = Set.copyOf(versions);
    }
}
