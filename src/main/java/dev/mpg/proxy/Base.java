package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.ManifestCodec;
import dev.mpg.sync.v1.Manifest;

/**
 * What the manifests in an {@link AssignmentFile} are differences to, so that a small change makes a small file. Its
 * manifest, whole, lies in the {@link Packs} as one more blob, beside all that it names. Immutable.
 *
 * @param snapshot a version that the Proxy had
 * @param manifest its manifest as it lies on disk
 * @param hash of {@code manifest}
 */
record Base(Snapshot snapshot, ByteString manifest, ContentHash hash) {
    /** Needs nothing on disk. */
    static final Base EMPTY = of(Snapshot.EMPTY);

    static Base of(Snapshot snapshot) {
        ByteString manifest = ManifestCodec.whole(snapshot).toByteString();
        return new Base(snapshot, manifest, ContentHash.of(manifest));
    }

    static Manifest parse(ByteString manifest) throws CorruptFileException {
        try {
            return Manifest.parseFrom(manifest);
        } catch (InvalidProtocolBufferException e) {
            throw new CorruptFileException("its base is no manifest: " + e.getMessage());
        }
    }
}
