package dev.mpg.placement;

import java.util.List;

/**
 * What became of a placement. Immutable.
 *
 * @param moves in the order in which they were decided: the primaries' before the standbys', the forced before the planned.
 *     Every Proxy whose instances changed is in it
 * @param left planned moves that wait for a larger budget: exact for primaries; for standbys, as things are until the
 *     primaries have moved
 * @param unplaced Proxies that have no instance, because none takes them
 * @param affinityHits of the Proxies that were restored, placed again or scheduled again: those whose primary stayed
 */
public record Settlement(List<Move> moves, int left, int unplaced, int affinityHits) {
    public Settlement {
        moves = List.copyOf(moves);
    }

    /** Primaries that moved although they could have waited. */
    public long plannedMigrations() {
        return moves.stream()
                .filter(move -> move.isMigration() && !move.reason().forced())
                .count();
    }

    /** Primaries whose instance was gone. */
    public long forcedMigrations() {
        return moves.stream()
                .filter(move -> move.isMigration() && move.reason().forced())
                .count();
    }

    /** Primaries, new ones too, that went to an instance that did not hold the Proxy. */
    public long coldConnects() {
        return moves.stream()
                .filter(move -> move.role() == Move.Role.Primary && !move.warm())
                .count();
    }
}
