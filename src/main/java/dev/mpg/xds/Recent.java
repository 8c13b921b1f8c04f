package dev.mpg.xds;

import java.util.LinkedHashMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The values that were computed last: each is computed once, also when several threads want it at the same time, and the
 * least recently used go when there are too many or they weigh too much. Thread-safe; nobody waits for the computation of
 * another key.
 */
final class Recent<K, V> {
    private final int maxEntries;
    private final long maxWeight;
    private final ToLongFunction<K> weigh;
    private final Function<K, V> compute;
    private final LinkedHashMap<K, Slot> slots = new LinkedHashMap<>(16, 0.75f, true);
    private long weight;

    /** At most {@code maxEntries} values. */
    Recent(int maxEntries, Function<K, V> compute) {
        this(maxEntries, Long.MAX_VALUE, key -> 0, compute);
    }

    /** At most {@code maxEntries} values whose weights are at most {@code maxWeight} in sum, but always the last one. */
    Recent(int maxEntries, long maxWeight, ToLongFunction<K> weigh, Function<K, V> compute) {
        this.maxEntries = maxEntries;
        this.maxWeight = maxWeight;
        this.weigh = weigh;
        this.compute = compute;
    }

    V get(K key) {
        return slot(key).value();
    }

    private synchronized Slot slot(K key) {
        Slot known = slots.get(key);
        if (known != null) {
            return known;
        }
        Slot slot = new Slot(key);
        slots.put(key, slot);
        weight += slot.weight;
        while (slots.size() > 1 && (slots.size() > maxEntries || weight > maxWeight)) {
            weight -= slots.pollFirstEntry().getValue().weight;
        }
        return slot;
    }

    private final class Slot {
        private final K key;
        private final long weight;
        private @Nullable V value;

        Slot(K key) {
            this.key = key;
            this.weight = weigh.applyAsLong(key);
        }

        synchronized V value() {
            V known = value;
            if (known == null) {
                known = compute.apply(key);
                value = known;
            }
            return known;
        }
    }
}
