package dev.mpg.xds;

import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known about the resources of one type that a delta client has. Invariant: of each name that it wants and that is
 * in none of {@link #asked}, {@link #unsure}, {@link #leftovers}, {@link #refusedLive}, {@link #retriedLive}, {@link #askedRoutes} and
 * {@link #pending}, it has what {@link #base} has.
 */
final class DeltaSubscription extends Subscription {
    /** Shared with all other streams that are there. */
    Snapshot base = Snapshot.EMPTY;
    /** Names that the client waits for: it hasn't got them, or needs them once more. */
    Names asked = Names.NONE;
    /** Names of which the client may have anything: they must be sent or removed explicitly. */
    Names unsure = Names.NONE;
    /**
     * Names that the client may have and the target hasn't, but which what it still runs may use. Clusters and endpoints are
     * removed last, virtual hosts when their RouteConfiguration isn't wanted any more.
     */
    Names leftovers = Names.NONE;
    /** Names of live data that was refused: the client may have anything, and they wait for the next target. */
    Names refusedLive = Names.NONE;
    /** Of these, what is to be tried again, in a response of its own: nothing else may be refused along with it. */
    Names retriedLive = Names.NONE;
    /** Only for virtual hosts: RouteConfigurations whose virtual hosts the client waits for. */
    Names askedRoutes = Names.NONE;
    /** Only for virtual hosts: those that are to be removed unless their RouteConfiguration is wanted. */
    Names orphans = Names.NONE;
    /** Whether the client waits for a response, even if it's an empty one. */
    boolean owesAnswer;

    @Nullable
    Pending pending;

    DeltaSubscription(ResourceType type) {
        super(type);
    }

    /** Whether the client wants the resource with this name. Of virtual hosts, {@link VirtualHosts} knows. */
    boolean covers(String name) {
        return wildcard || names.contains(name);
    }

    @Override
    @Nullable
    String pendingNonce() {
        Pending sent = pending;
        return sent == null ? null : sent.nonce;
    }

    @Override
    boolean has(Snapshot target) {
        boolean sent = pending == null || pending.kind == Kind.LIVE || pending.kind == Kind.LAST;
        return sent && refusal == null && base.configVersion().equals(target.configVersion());
    }

    @Override
    boolean settled(Snapshot target) {
        return has(target)
                && asked.isEmpty()
                && orphans.isEmpty()
                && unsure.isEmpty()
                && askedRoutes.isEmpty()
                && !owesAnswer;
    }

    /** What a response is for. */
    enum Kind {
        /** To have the client have all of a snapshot. */
        WHOLE,
        /** The same, where it has the snapshot's config and only live data is another. */
        LIVE,
        /** To answer a question while the rest must wait. */
        ANSWER,
        /** To remove {@link #leftovers}, which are no part of what the client runs. */
        LAST
    }

    /**
     * A response that isn't answered yet.
     *
     * @param snapshot what its resources are from
     * @param leftover names which the client still has when it accepts although {@code snapshot} hasn't
     */
    record Pending(String nonce, Change change, Snapshot snapshot, Kind kind, List<String> leftover) {
        /** Whether the client has {@code snapshot}, but for {@code leftover}, when it accepts. */
        boolean advances() {
            return kind == Kind.WHOLE || kind == Kind.LIVE;
        }
    }
}
