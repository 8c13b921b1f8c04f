package dev.mpg.snapshot;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;

/**
 * A SHA-256 (FIPS 180-4): 32 bytes, kept as four big-endian words so that equality and map look-ups cost no allocation.
 * Immutable. Equal content has the equal hash in any JVM.
 */
public record ContentHash(long word0, long word1, long word2, long word3) {
    /** Length in bytes. */
    public static final int BYTES = 32;

    private static final int WIRE_BYTES = 16;
    private static final int ABBREVIATED_DIGITS = 12;

    /** The hash of {@code content}. */
    public static ContentHash of(ByteString content) {
        MessageDigest digest = sha256();
        for (ByteBuffer chunk : content.asReadOnlyByteBufferList()) {
            digest.update(chunk);
        }
        return ofDigest(digest.digest());
    }

    static ContentHash ofDigest(byte[] digest) {
        ByteBuffer words = ByteBuffer.wrap(digest);
        return new ContentHash(words.getLong(), words.getLong(), words.getLong(), words.getLong());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /**
     * Reads what {@link #toBytes()} wrote.
     *
     * @throws IllegalArgumentException when {@code bytes} isn't 32 bytes long
     */
    public static ContentHash fromBytes(ByteString bytes) {
        if (bytes.size() != BYTES) {
            throw new IllegalArgumentException("a content hash has " + BYTES + " bytes, not " + bytes.size());
        }
        return ofDigest(bytes.toByteArray());
    }

    /** The 32 bytes of the digest. */
    public ByteString toBytes() {
        return ByteString.copyFrom(toArray());
    }

    private byte[] toArray() {
        return ByteBuffer.allocate(BYTES)
                .putLong(word0)
                .putLong(word1)
                .putLong(word2)
                .putLong(word3)
                .array();
    }

    void update(MessageDigest digest) {
        digest.update(toArray());
    }

    /** All 64 hexadecimal digits. */
    public String hex() {
        return HexFormat.of().formatHex(toArray());
    }

    /** The first 12 hexadecimal digits, as people are shown it. Never compare by it. */
    public String abbreviated() {
        return hex().substring(0, ABBREVIATED_DIGITS);
    }

    /**
     * The first 128 bits in base64url without padding, 22 characters: a resource's version on the xDS wire, short because
     * a gateway that reconnects sends one back for every resource that it has.
     */
    public String wire() {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(ByteBuffer.allocate(WIRE_BYTES)
                        .putLong(word0)
                        .putLong(word1)
                        .array());
    }

    @Override
    public String toString() {
        return abbreviated();
    }
}
