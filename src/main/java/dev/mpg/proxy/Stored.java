package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Assignment;
import dev.mpg.sync.v1.Entry;
import dev.mpg.sync.v1.Manifest;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * An {@link AssignmentFile} with its manifests made whole. Immutable.
 *
 * @param baseHash of the base's manifest
 * @param base that manifest
 * @param message with whole manifests
 * @param hashes of all that these manifests name, and of the base's manifest
 */
record Stored(AssignmentFile file, ContentHash baseHash, Manifest base, Assignment message, Set<ContentHash> hashes) {
    private record Key(int type, String name) {
        static Key of(Entry entry) {
            return new Key(entry.getType(), entry.getName());
        }
    }

    /** @param baseManifest whose hash is the one that the file names */
    static Stored of(AssignmentFile file, AssignmentFile.Content content, ByteString baseManifest)
            throws CorruptFileException {
        Manifest base = Base.parse(baseManifest);
        Assignment.Builder message = content.message().toBuilder();
        message.setTarget(resolve(base, message.getTarget()));
        if (message.hasStable()) {
            boolean same =
                    message.getStable().getVersion().equals(message.getTarget().getVersion());
            message.setStable(same ? message.getTarget() : resolve(base, message.getStable()));
        }
        Set<ContentHash> hashes = new HashSet<>();
        try {
            Stream.of(base, message.getStable(), message.getTarget(), message.getLive())
                    .flatMap(manifest -> manifest.getEntriesList().stream())
                    .forEach(entry -> hashes.add(ContentHash.fromBytes(entry.getHash())));
        } catch (IllegalArgumentException e) {
            throw new CorruptFileException("a manifest has a broken entry: " + e.getMessage());
        }
        if (!content.base().equals(Base.EMPTY.hash())) {
            hashes.add(content.base());
        }
        return new Stored(file, content.base(), base, message.build(), hashes);
    }

    private static Manifest resolve(Manifest base, Manifest difference) throws CorruptFileException {
        if (!difference.getBase().equals(base.getVersion())) {
            throw new CorruptFileException("a manifest is the difference to another than its base");
        }
        Map<Key, Entry> entries = new LinkedHashMap<>();
        base.getEntriesList().forEach(entry -> entries.put(Key.of(entry), entry));
        difference.getRemovedList().forEach(entry -> entries.remove(Key.of(entry)));
        difference.getEntriesList().forEach(entry -> entries.put(Key.of(entry), entry));
        return Manifest.newBuilder()
                .setVersion(difference.getVersion())
                .addAllEntries(entries.values())
                .build();
    }
}
