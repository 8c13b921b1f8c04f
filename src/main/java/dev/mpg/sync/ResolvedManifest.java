package dev.mpg.sync;

import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The resources of a snapshot by name and hash, without their bytes. Immutable.
 *
 * @param version what the entries are said to add up to; proven only when the snapshot is assembled
 * @param entries sorted by {@link Entry#ORDER}
 */
record ResolvedManifest(ContentHash version, List<Entry> entries) {
    ResolvedManifest {
        entries = List.copyOf(entries);
    }

    /** What a snapshot consists of. */
    static ResolvedManifest of(Snapshot snapshot) {
        List<Entry> entries = new ArrayList<>(snapshot.size());
        for (ResourceType type : ResourceType.values()) {
            for (Resource resource : snapshot.resources(type)) {
                entries.add(new Entry(type, resource.name(), resource.hash()));
            }
        }
        return new ResolvedManifest(snapshot.version(), entries);
    }

    /** One resource. */
    record Entry(ResourceType type, String name, ContentHash hash) {
        /** The order of a snapshot: by type, then by name. */
        static final Comparator<Entry> ORDER = Comparator.comparing(Entry::type).thenComparing(Entry::name);
    }
}
