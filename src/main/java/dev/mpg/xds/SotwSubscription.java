package dev.mpg.xds;

import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known about the resources of one type that a state-of-the-world client has. */
final class SotwSubscription extends Subscription {
    /** What it accepted last, null when that isn't known. */
    @Nullable
    List<Resource> has;
    /** What it wanted by name then. */
    Names hasNames = Names.NONE;
    /** The snapshot whose new resources it is known to have, null when there is none. */
    @Nullable
    Snapshot arrived;
    /** Whether it has resources that the target hasn't and which it should drop last. */
    boolean lingers;
    /** Whether it waits for a response, even for one that it has had before. */
    boolean owesAnswer;
    /** Of the last response. */
    String nonce = "";

    @Nullable
    Pending pending;

    SotwSubscription(ResourceType type) {
        super(type);
    }

    @Override
    @Nullable
    String pendingNonce() {
        return pending == null ? null : nonce;
    }

    @Override
    boolean has(Snapshot target) {
        boolean sent = pending == null || pending.last || pending.live;
        return sent
                && refusal == null
                && arrived != null
                && arrived.configVersion().equals(target.configVersion());
    }

    boolean isArrived(Snapshot target) {
        return arrived != null && arrived.equals(target);
    }

    @Override
    boolean settled(Snapshot target) {
        return has(target) && !owesAnswer;
    }

    /**
     * A response that isn't answered yet.
     *
     * @param snapshot what its resources are from
     * @param names what the client wanted by name when it was sent
     * @param last whether it only lacks what lingered, which is no part of what the client runs
     * @param live whether it only has other live data than what the client has
     */
    record Pending(
            Snapshot snapshot, String version, List<Resource> resources, Names names, boolean last, boolean live) {}
}
