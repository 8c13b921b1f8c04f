package dev.mpg.xds;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Snapshot;
import io.opentelemetry.api.trace.SpanContext;

/**
 * What a gateway should have: a config with the live data that it refers to. Immutable, shared by streams.
 *
 * @param controlPlane a marshalled {@code ControlPlane} message; empty when there is nothing to say
 * @param change span of the change because of which it's to be had; invalid when that isn't traced, or was long ago
 */
record Target(Content content, ByteString controlPlane, SpanContext change) {
    static final Target NONE = new Target(new Content(Snapshot.EMPTY), ByteString.EMPTY);

    /** One that no traced change made. */
    Target(Content content, ByteString controlPlane) {
        this(content, controlPlane, SpanContext.getInvalid());
    }

    Snapshot snapshot() {
        return content.snapshot();
    }
}
