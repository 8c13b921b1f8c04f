package dev.mpg.placement;

import dev.mpg.snapshot.RendezvousHash;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Places a Proxy where it is already, as long as that instance is wanted. One that must be placed goes to an instance that is
 * connected, if there is any, by {@link RendezvousHash}.
 */
public final class Affinity {
    private Affinity() {}

    /**
     * The instances that should serve {@code key}.
     *
     * @param before those that serve it now, in order
     * @param pool those that are wanted
     * @param connected those that can take it at once
     * @param count how many should serve it
     */
    public static List<String> place(
            String key, List<String> before, List<String> pool, Set<String> connected, int count) {
        return Stream.of(
                        before.stream().filter(pool::contains).toList(),
                        RendezvousHash.rank(
                                key, pool.stream().filter(connected::contains).toList()),
                        RendezvousHash.rank(key, pool))
                .flatMap(List::stream)
                .distinct()
                .limit(count)
                .toList();
    }
}
