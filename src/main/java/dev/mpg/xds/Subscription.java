package dev.mpg.xds;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import org.jspecify.annotations.Nullable;

/** What a client wants of one type and what it said about it. */
abstract sealed class Subscription permits DeltaSubscription, SotwSubscription {
    final ResourceType type;
    /** Whether it has asked for anything of the type on this stream. */
    boolean open;
    /** Whether it wants all there is. */
    boolean wildcard;
    /** What it wants by name. */
    Names names = Names.NONE;
    /** Set while the target's resources of the type are refused. */
    @Nullable
    Refusal refusal;
    /** Set while live data is refused: that is no fault of the target. */
    @Nullable
    Refusal liveRefusal;
    /** The version text of the last response that it accepted. */
    String acked = "";

    String lastError = "";
    /** When the last response was sent, by the session's clock. */
    long sentAt;

    long resourceBytes;

    Subscription(ResourceType type) {
        this.type = type;
    }

    /** Nonce of the response that isn't answered yet, null when there is none. */
    abstract @Nullable String pendingNonce();

    /**
     * Whether the client has all that is new in the config of {@code target}; there may be things left that it should drop, and
     * its live data may be older.
     */
    abstract boolean has(Snapshot target);

    /** Whether the client runs exactly the config of {@code target}; what is to be removed last is no part of what it runs. */
    abstract boolean settled(Snapshot target);

    StreamInfo.OfType info() {
        String nonce = pendingNonce();
        return new StreamInfo.OfType(
                type.messageName(),
                wildcard,
                names.size(),
                acked,
                nonce == null ? "" : nonce,
                GatewayReport.Refusal.summary(lastError),
                resourceBytes);
    }
}
