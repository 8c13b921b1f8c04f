package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.CohortCodec;
import dev.mpg.sync.ManifestCodec;
import dev.mpg.sync.v1.Manifest;
import dev.mpg.sync.v1.Pack;
import dev.mpg.sync.v1.StoredAssignment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * How the assignment of one Proxy lies on disk: the SHA-256 of the rest (32 bytes); the hash of the {@link Base} (32 bytes);
 * a {@link StoredAssignment}, preceded by its length, whose configs' manifests are differences to the base; a {@link Pack} with those
 * of the named blobs that are few enough not to be in the {@link Packs}.
 */
record AssignmentFile(Checksummed file) {
    static final String SUFFIX = ".assignment";

    /** What may be a file's name as it stands: lower case, no separator, no leading dot. */
    private static final Pattern DNS_LIKE = Pattern.compile("[a-z0-9](?:[a-z0-9.-]{0,198}[a-z0-9])?");
    /** Begins the names of the others; no DNS-like name has it. */
    private static final String ENCODED = "~";

    private static final int MAX_HEX_BYTES = 100;

    /**
     * What a file says.
     *
     * @param base hash of its base
     * @param inline blobs by their hash, which is computed here
     */
    record Content(ContentHash base, dev.mpg.sync.v1.Assignment message, Map<ContentHash, ByteString> inline) {}

    /**
     * The file that holds this assignment. Equal ones make equal files.
     *
     * @param manifests of its configs, as differences to the base
     */
    static AssignmentFile of(
            Assignment assignment,
            ContentHash base,
            Map<ContentHash, Manifest> manifests,
            Collection<ByteString> inline) {
        ContentHash target = assignment.target().version();
        dev.mpg.sync.v1.Assignment.Builder message = dev.mpg.sync.v1.Assignment.newBuilder()
                .setClusterId(assignment.clusterId())
                .setTarget(manifests.get(target))
                .setCohort(CohortCodec.encode(assignment.cohort()))
                .setTraceparent(assignment.traceparent())
                .addAllMembers(assignment.members());
        // Equal to the target it is named, not written twice.
        assignment
                .stable()
                .map(Snapshot::version)
                .ifPresent(stable ->
                        message.setStable(stable.equals(target) ? ManifestCodec.known(target) : manifests.get(stable)));
        if (assignment.live().size() > 0) {
            message.setLive(ManifestCodec.whole(assignment.live()));
        }
        ByteString.Output body = ByteString.newOutput();
        try {
            base.toBytes().writeTo(body);
            StoredAssignment.newBuilder().setAssignment(message).build().writeDelimitedTo(body);
            Pack.newBuilder().addAllBlobs(inline).build().writeTo(body);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
        return new AssignmentFile(Checksummed.of(body.toByteString()));
    }

    /**
     * Reads a file and checks that it is what was written.
     *
     * @throws IOException when it cannot be read, which says nothing of what it contains
     */
    static AssignmentFile read(Path file) throws IOException, CorruptFileException {
        return new AssignmentFile(Checksummed.read(file));
    }

    /** What it says. */
    Content parse() throws CorruptFileException {
        ByteString body = file.body();
        if (body.size() < ContentHash.BYTES) {
            throw new CorruptFileException("it ends before its base");
        }
        try {
            InputStream rest = body.substring(ContentHash.BYTES).newInput();
            StoredAssignment stored = StoredAssignment.parseDelimitedFrom(rest);
            if (stored == null) {
                throw new CorruptFileException("it has no assignment");
            }
            Map<ContentHash, ByteString> inline = new HashMap<>();
            for (ByteString blob : Pack.parseFrom(rest).getBlobsList()) {
                inline.put(ContentHash.of(blob), blob);
            }
            return new Content(
                    ContentHash.fromBytes(body.substring(0, ContentHash.BYTES)), stored.getAssignment(), inline);
        } catch (IOException e) {
            throw new CorruptFileException("it is no assignment: " + e.getMessage());
        }
    }

    /** The file, whole. */
    ByteString content() {
        return file.content();
    }

    ContentHash checksum() {
        return file.checksum();
    }

    int size() {
        return ContentHash.BYTES + file.body().size();
    }

    /** The file's name: the cluster id where that is harmless, else its hexadecimal digits, else their hash. */
    static String nameFor(String clusterId) {
        return stemFor(clusterId) + SUFFIX;
    }

    /** As {@link #nameFor}, without the suffix. */
    static String stemFor(String clusterId) {
        if (DNS_LIKE.matcher(clusterId).matches()) {
            return clusterId;
        }
        byte[] bytes = clusterId.getBytes(StandardCharsets.UTF_8);
        String encoded = bytes.length <= MAX_HEX_BYTES
                ? HexFormat.of().formatHex(bytes)
                : "sha256-"
                        + ContentHash.of(UnsafeByteOperations.unsafeWrap(bytes)).hex();
        return ENCODED + encoded;
    }
}
