package dev.mpg.xds;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Snapshot;

/**
 * What a gateway should have: a config with the live data that it refers to. Immutable, shared by streams.
 *
 * @param controlPlane a marshalled {@code ControlPlane} message; empty when there is nothing to say
 */
record Target(Content content, ByteString controlPlane) {
    static final Target NONE = new Target(new Content(Snapshot.EMPTY), ByteString.EMPTY);

    Snapshot snapshot() {
        return content.snapshot();
    }
}
