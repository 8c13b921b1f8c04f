package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.util.Optional;

/**
 * What somebody asked for. Acts once, however often it is seen. Immutable.
 *
 * @param id unique among the commands for a Proxy
 * @param action what is asked for
 * @param by who asks
 * @param version the target that is meant: when another one is the target by then, the command is ignored. Empty: whatever
 *     is the target
 */
public record Command(String id, Action action, String by, Optional<ContentHash> version) {
    /** From the most to the least cautious: of several new commands the first of these acts. */
    public enum Action {
        /** The target is given up: it's marked failed and everybody goes back to stable. Ends a pause. */
        Abort,
        /** No wave grows, also of later targets, until Resume, Promote or an Abort that had something to abort. */
        Pause,
        /**
         * Ends a pause. A rollout that a failure has stopped takes its wave once more; a target that is marked failed is
         * tried again from the first step.
         */
        Resume,
        /**
         * The whole fleet gets the target at once, without bake times, whatever the analysis says and also when it's marked
         * failed. Gateways that aren't connected are not waited for; those that are must ACK. Ends a pause.
         */
        Promote
    }
}
