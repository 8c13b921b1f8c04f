package dev.mpg.placement;

import java.util.Optional;

/**
 * A Proxy's primary or one of its standbys changes its instance. Immutable.
 *
 * @param from where it was; empty when it is new
 * @param to where it is now; empty when it isn't needed any more
 * @param warm whether {@code to} held the Proxy already: a standby that becomes primary. Then the instance that it came from
 *     may take the standby's place, which is no move of its own
 */
public record Move(String proxy, Role role, Optional<String> from, Optional<String> to, Reason reason, boolean warm) {
    /** What an instance is to a Proxy. */
    public enum Role {
        /** Gateways connect to it. */
        Primary,
        /** Holds the config, so that gateways can come at any time. */
        Standby
    }

    /** Why it moves. */
    public enum Reason {
        /** It wasn't anywhere. */
        Placed(true),
        /** Its instance is gone. */
        Lost(true),
        /** Its instance is going. */
        Draining(false),
        /** Its instance had more than the cap. */
        Overload(false),
        /** It was in its primary's zone. */
        ZoneSpread(false),
        /** It was asked to be scheduled again. */
        Rescheduled(false),
        /** There are more standbys than asked for. */
        Surplus(true);

        private final boolean forced;

        Reason(boolean forced) {
            this.forced = forced;
        }

        /** Whether it can't wait. What isn't forced is planned: it can be limited, and is done make-before-break. */
        public boolean forced() {
            return forced;
        }
    }

    /** Whether gateways go from one instance to another. */
    public boolean isMigration() {
        return role == Role.Primary && from.isPresent() && to.isPresent();
    }
}
