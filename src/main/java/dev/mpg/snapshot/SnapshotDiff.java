package dev.mpg.snapshot;

import java.util.List;
import java.util.Map;

/**
 * What turns one snapshot into another, see {@link Snapshot#diff}. Immutable.
 *
 * @param types only the types in which something differs
 */
public record SnapshotDiff(Map<ResourceType, OfType> types) {
    /** Between equal snapshots. */
    public static final SnapshotDiff NONE = new SnapshotDiff(Map.of());

    /** The difference within one type, empty when there is none. */
    public OfType of(ResourceType type) {
        return types.getOrDefault(type, OfType.NONE);
    }

    public boolean isEmpty() {
        return types.isEmpty();
    }

    /**
     * The difference within one type.
     *
     * @param upserted resources that are new or have other bytes, sorted by name
     * @param removed names that are gone, sorted
     */
    public record OfType(List<Resource> upserted, List<String> removed) {
        /** No difference. */
        public static final OfType NONE = new OfType(List.of(), List.of());

        public boolean isEmpty() {
            return upserted.isEmpty() && removed.isEmpty();
        }
    }
}
