package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.v1.Entry;
import dev.mpg.sync.v1.Manifest;
import dev.mpg.sync.v1.StoredAssignment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * How the assignment of one Proxy lies on disk: the SHA-256 of the message (32 bytes), then the message, a
 * {@link StoredAssignment} with whole manifests. The bytes of the resources are in the {@link Packs}.
 *
 * @param checksum the first 32 bytes
 * @param message what they vouch for
 */
record AssignmentFile(ContentHash checksum, ByteString message) {
    static final String SUFFIX = ".assignment";

    /** What may be a file's name as it stands: lower case, no separator, no leading dot. */
    private static final Pattern DNS_LIKE = Pattern.compile("[a-z0-9](?:[a-z0-9.-]{0,198}[a-z0-9])?");
    /** Begins the names of the others; no DNS-like name has it. */
    private static final String ENCODED = "~";

    private static final int MAX_HEX_BYTES = 100;

    /** The file that holds this assignment. Equal assignments make equal files. */
    static AssignmentFile of(Assignment assignment) {
        dev.mpg.sync.v1.Assignment.Builder message = dev.mpg.sync.v1.Assignment.newBuilder()
                .setClusterId(assignment.clusterId())
                .setTarget(manifest(assignment.target()))
                .setTraceparent(assignment.traceparent())
                .addAllMembers(assignment.members());
        assignment.stable().ifPresent(stable -> message.setStable(manifest(stable)));
        ByteString bytes =
                StoredAssignment.newBuilder().setAssignment(message).build().toByteString();
        return new AssignmentFile(ContentHash.of(bytes), bytes);
    }

    private static Manifest manifest(Snapshot snapshot) {
        Manifest.Builder manifest =
                Manifest.newBuilder().setVersion(snapshot.version().toBytes());
        for (Resource resource : snapshot.resources()) {
            manifest.addEntries(Entry.newBuilder()
                    .setType(resource.type().number())
                    .setName(resource.name())
                    .setHash(resource.hash().toBytes()));
        }
        return manifest.build();
    }

    /**
     * Reads a file and checks that it is what was written.
     *
     * @throws IOException when it cannot be read, which says nothing of what it contains
     */
    static AssignmentFile read(Path file) throws IOException, CorruptFileException {
        ByteString content = UnsafeByteOperations.unsafeWrap(Files.readAllBytes(file));
        if (content.size() < ContentHash.BYTES) {
            throw new CorruptFileException("it has " + content.size() + " bytes, less than its checksum");
        }
        ByteString message = content.substring(ContentHash.BYTES);
        ContentHash checksum = ContentHash.fromBytes(content.substring(0, ContentHash.BYTES));
        if (!checksum.equals(ContentHash.of(message))) {
            throw new CorruptFileException("its " + content.size() + " bytes do not match its checksum");
        }
        return new AssignmentFile(checksum, message);
    }

    /** The message. */
    dev.mpg.sync.v1.Assignment parse() throws CorruptFileException {
        try {
            return StoredAssignment.parseFrom(message).getAssignment();
        } catch (InvalidProtocolBufferException e) {
            throw new CorruptFileException("it is no assignment: " + e.getMessage());
        }
    }

    /** What the file contains. */
    ByteString content() {
        return checksum.toBytes().concat(message);
    }

    int size() {
        return ContentHash.BYTES + message.size();
    }

    /** The file's name: the cluster id where that is harmless, else its hexadecimal digits, else their hash. */
    static String nameFor(String clusterId) {
        if (DNS_LIKE.matcher(clusterId).matches()) {
            return clusterId + SUFFIX;
        }
        byte[] bytes = clusterId.getBytes(StandardCharsets.UTF_8);
        String encoded = bytes.length <= MAX_HEX_BYTES
                ? HexFormat.of().formatHex(bytes)
                : "sha256-"
                        + ContentHash.of(UnsafeByteOperations.unsafeWrap(bytes)).hex();
        return ENCODED + encoded + SUFFIX;
    }
}
