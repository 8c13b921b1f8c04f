package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot being put together from a manifest, from resources that other snapshots have, and from blobs. Not thread-safe.
 */
final class Assembly {
    private final ResolvedManifest manifest;
    /** By index of the manifest's entries. */
    private final @Nullable Resource[] found;

    private int missing;

    Assembly(ResolvedManifest manifest) {
        this.manifest = manifest;
        this.found = new @Nullable Resource[manifest.entries().size()];
        this.missing = found.length;
    }

    /** Whether no resource is missing any more. */
    boolean isWhole() {
        return missing == 0;
    }

    /**
     * Takes what a snapshot has of it, in one pass over both. A resource is looked for under its own name only: its bytes
     * contain the name, so the same bytes are not found under another.
     */
    void take(Snapshot snapshot) {
        int index = 0;
        for (ResourceType type : ResourceType.values()) {
            int position = 0;
            List<Resource> resources = snapshot.resources(type);
            for (; index < found.length && manifest.entries().get(index).type() == type; index++) {
                ResolvedManifest.Entry entry = manifest.entries().get(index);
                int order = -1;
                while (position < resources.size()
                        && (order = resources.get(position).name().compareTo(entry.name())) < 0) {
                    position++;
                }
                if (found[index] == null
                        && order == 0
                        && resources.get(position).hash().equals(entry.hash())) {
                    found[index] = resources.get(position);
                    missing--;
                }
            }
        }
    }

    /** Hashes of what is missing. */
    Set<ContentHash> lacking() {
        Set<ContentHash> lacking = new HashSet<>();
        for (int i = 0; i < found.length; i++) {
            if (found[i] == null) {
                lacking.add(manifest.entries().get(i).hash());
            }
        }
        return lacking;
    }

    /**
     * The snapshot, with the rest of its resources from these blobs, which have been verified.
     *
     * @throws UnresolvableManifestException when it isn't the version that the manifest says
     */
    Snapshot assemble(Map<ContentHash, ByteString> blobs) throws UnresolvableManifestException {
        List<Resource> resources = new ArrayList<>(found.length);
        for (int i = 0; i < found.length; i++) {
            Resource resource = found[i];
            if (resource == null) {
                ResolvedManifest.Entry entry = manifest.entries().get(i);
                ByteString blob = blobs.get(entry.hash());
                if (blob == null) {
                    throw new IllegalStateException("the blob of " + entry + " is missing");
                }
                resource = Resource.ofVerified(entry.type(), entry.name(), entry.hash(), blob);
            }
            resources.add(resource);
        }
        Snapshot snapshot;
        try {
            snapshot = Snapshot.of(resources);
        } catch (IllegalArgumentException e) {
            throw new UnresolvableManifestException(
                    "the manifest of version " + manifest.version() + " is malformed: " + e.getMessage(), e);
        }
        if (!snapshot.version().equals(manifest.version())) {
            throw new UnresolvableManifestException("the manifest of version " + manifest.version()
                    + " adds up to version " + snapshot.version() + " instead");
        }
        return snapshot;
    }
}
