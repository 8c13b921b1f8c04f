package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.mpg.snapshot.ContentHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that begins with the SHA-256 of the rest.
 *
 * @param checksum the first 32 bytes
 * @param body what they vouch for
 */
record Checksummed(ContentHash checksum, ByteString body) {
    static Checksummed of(ByteString body) {
        return new Checksummed(ContentHash.of(body), body);
    }

    /**
     * Reads a file and checks that it is what was written.
     *
     * @throws IOException when it cannot be read, which says nothing of what it contains
     */
    static Checksummed read(Path file) throws IOException, CorruptFileException {
        ByteString content = UnsafeByteOperations.unsafeWrap(Files.readAllBytes(file));
        if (content.size() < ContentHash.BYTES) {
            throw new CorruptFileException("it has " + content.size() + " bytes, less than its checksum");
        }
        ByteString body = content.substring(ContentHash.BYTES);
        ContentHash checksum = ContentHash.fromBytes(content.substring(0, ContentHash.BYTES));
        if (!checksum.equals(ContentHash.of(body))) {
            throw new CorruptFileException("its " + content.size() + " bytes do not match its checksum");
        }
        return new Checksummed(checksum, body);
    }

    /** The file, whole. */
    ByteString content() {
        return checksum.toBytes().concat(body);
    }
}
