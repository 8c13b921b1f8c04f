package dev.mpg.sync;

import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import dev.mpg.sync.v1.Entry;
import dev.mpg.sync.v1.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Snapshots as the manifests of ConfigSync, and back. Pure. */
public final class ManifestCodec {
    private ManifestCodec() {}

    /** Says only which version it is, for a peer that knows it. */
    public static Manifest known(ContentHash version) {
        return Manifest.newBuilder()
                .setVersion(version.toBytes())
                .setBase(version.toBytes())
                .build();
    }

    /** Names every resource. */
    public static Manifest whole(Snapshot snapshot) {
        Manifest.Builder manifest =
                Manifest.newBuilder().setVersion(snapshot.version().toBytes());
        for (ResourceType type : ResourceType.values()) {
            for (Resource resource : snapshot.resources(type)) {
                manifest.addEntries(entry(resource));
            }
        }
        return manifest.build();
    }

    /** Names what differs: {@code diff} leads from {@code base} to {@code version}. */
    public static Manifest difference(ContentHash base, ContentHash version, SnapshotDiff diff) {
        Manifest.Builder manifest =
                Manifest.newBuilder().setVersion(version.toBytes()).setBase(base.toBytes());
        for (ResourceType type : ResourceType.values()) {
            for (Resource resource : diff.of(type).upserted()) {
                manifest.addEntries(entry(resource));
            }
            for (String name : diff.of(type).removed()) {
                manifest.addRemoved(Entry.newBuilder().setType(type.number()).setName(name));
            }
        }
        return manifest.build();
    }

    private static Entry entry(Resource resource) {
        return Entry.newBuilder()
                .setType(resource.type().number())
                .setName(resource.name())
                .setHash(resource.hash().toBytes())
                .build();
    }

    /**
     * The whole of a manifest. Whether its entries add up to its version is not checked here.
     *
     * @param bases the manifests that a difference may build upon
     * @throws UnresolvableManifestException when it is malformed, names a type that this program doesn't know, or builds
     *     upon another base than it says or than {@code bases} has
     */
    static ResolvedManifest resolve(Manifest manifest, Function<ContentHash, Optional<ResolvedManifest>> bases)
            throws UnresolvableManifestException {
        try {
            ContentHash version = ContentHash.fromBytes(manifest.getVersion());
            List<ResolvedManifest.Entry> entries = new ArrayList<>(manifest.getEntriesCount());
            for (Entry entry : manifest.getEntriesList()) {
                entries.add(new ResolvedManifest.Entry(
                        type(entry), entry.getName(), ContentHash.fromBytes(entry.getHash())));
            }
            entries.sort(ResolvedManifest.Entry.ORDER);
            if (manifest.getBase().isEmpty()) {
                return new ResolvedManifest(version, entries);
            }
            ContentHash baseVersion = ContentHash.fromBytes(manifest.getBase());
            ResolvedManifest base = bases.apply(baseVersion)
                    .orElseThrow(() -> new UnresolvableManifestException(
                            "version " + version + " is the difference to " + baseVersion + ", which is not held"));
            return baseVersion.equals(version)
                    ? base
                    : new ResolvedManifest(version, merge(base.entries(), entries, removed(manifest)));
        } catch (IllegalArgumentException e) {
            throw new UnresolvableManifestException("malformed manifest: " + e.getMessage(), e);
        }
    }

    private static List<ResolvedManifest.Entry> removed(Manifest manifest) throws UnresolvableManifestException {
        // The hash of what is gone is of no interest; any will do.
        ContentHash none = Snapshot.EMPTY.version();
        List<ResolvedManifest.Entry> removed = new ArrayList<>(manifest.getRemovedCount());
        for (Entry entry : manifest.getRemovedList()) {
            removed.add(new ResolvedManifest.Entry(type(entry), entry.getName(), none));
        }
        removed.sort(ResolvedManifest.Entry.ORDER);
        return removed;
    }

    private static ResourceType type(Entry entry) throws UnresolvableManifestException {
        return ResourceType.ofNumber(entry.getType())
                .orElseThrow(() -> new UnresolvableManifestException("resource type " + entry.getType() + " of "
                        + entry.getName() + " is unknown here; the Master may be newer than this proxy"));
    }

    /** One pass over three sorted lists. */
    private static List<ResolvedManifest.Entry> merge(
            List<ResolvedManifest.Entry> base,
            List<ResolvedManifest.Entry> upserted,
            List<ResolvedManifest.Entry> removed)
            throws UnresolvableManifestException {
        List<ResolvedManifest.Entry> merged = new ArrayList<>(base.size() + upserted.size());
        int next = 0;
        int gone = 0;
        for (ResolvedManifest.Entry entry : base) {
            while (next < upserted.size() && ResolvedManifest.Entry.ORDER.compare(upserted.get(next), entry) < 0) {
                merged.add(upserted.get(next++));
            }
            if (next < upserted.size() && ResolvedManifest.Entry.ORDER.compare(upserted.get(next), entry) == 0) {
                merged.add(upserted.get(next++));
            } else if (gone < removed.size() && ResolvedManifest.Entry.ORDER.compare(removed.get(gone), entry) == 0) {
                gone++;
            } else {
                merged.add(entry);
            }
        }
        merged.addAll(upserted.subList(next, upserted.size()));
        if (gone < removed.size()) {
            throw new UnresolvableManifestException(
                    "it removes " + removed.get(gone).name() + ", which its base doesn't have");
        }
        return merged;
    }
}
