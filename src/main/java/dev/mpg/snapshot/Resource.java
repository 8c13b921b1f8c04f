package dev.mpg.snapshot;

import com.google.protobuf.ByteString;

/**
 * One xDS resource: its bytes as the Master marshalled them, once, and their hash. Every tier passes on these very bytes.
 * Immutable; equal when type, name and hash are.
 */
public final class Resource {
    private final ResourceType type;
    private final String name;
    private final ContentHash hash;
    private final String wireVersion;
    private final ByteString bytes;

    private Resource(ResourceType type, String name, ContentHash hash, ByteString bytes) {
        this.type = type;
        this.name = name;
        this.hash = hash;
        this.wireVersion = hash.wire();
        this.bytes = bytes;
    }

    /** A resource with these bytes, which are hashed here. */
    public static Resource of(ResourceType type, String name, ByteString bytes) {
        return new Resource(type, name, ContentHash.of(bytes), bytes);
    }

    /** A resource with bytes whose hash the caller has just computed or verified. */
    public static Resource ofVerified(ResourceType type, String name, ContentHash hash, ByteString bytes) {
        return new Resource(type, name, hash, bytes);
    }

    public ResourceType type() {
        return type;
    }

    /** Unique within the type. */
    public String name() {
        return name;
    }

    public ContentHash hash() {
        return hash;
    }

    /** {@link ContentHash#wire()}, computed once. */
    public String wireVersion() {
        return wireVersion;
    }

    /** The marshalled message of the type that {@link ResourceType#typeUrl()} names (the value of its Any). */
    public ByteString bytes() {
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Resource that && type == that.type && hash.equals(that.hash) && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return 31 * hash.hashCode() + name.hashCode();
    }

    @Override
    public String toString() {
        return type + " " + name + "@" + hash;
    }
}
