package dev.mpg.xds;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ResourceType;
import org.jspecify.annotations.Nullable;

/**
 * A response that a session wants sent.
 *
 * @param type null when {@code typeUrl} is none of our types
 * @param version the text that the gateway will show as the version
 * @param nonce unique within the stream
 * @param controlPlane see {@link Target#controlPlane}
 */
record Response(
        StreamInfo.Protocol protocol,
        String typeUrl,
        @Nullable ResourceType type,
        String version,
        Change change,
        String nonce,
        ByteString controlPlane) {}
