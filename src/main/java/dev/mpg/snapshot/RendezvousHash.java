package dev.mpg.snapshot;

import com.google.protobuf.ByteString;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Rendezvous (highest random weight) hashing: every key ranks the nodes in an order of its own, the same in any JVM and
 * whatever the order of the input. When a node goes, only the keys that it had move.
 *
 * @see <a href="https://doi.org/10.1109/90.663936">Thaler and Ravishankar, 1998</a>
 */
public final class RendezvousHash {
    private static final Comparator<Weighted> HEAVIEST_FIRST = Comparator.comparing(
                    Weighted::weight, Long::compareUnsigned)
            .reversed()
            .thenComparing(Weighted::node);

    private RendezvousHash() {}

    private record Weighted(String node, long weight) {}

    /** The nodes, the one that should serve {@code key} first. */
    public static List<String> rank(String key, Collection<String> nodes) {
        return nodes.stream()
                .distinct()
                .map(node -> new Weighted(node, weight(key, node)))
                .sorted(HEAVIEST_FIRST)
                .map(Weighted::node)
                .toList();
    }

    /** The key's length comes first, so that no two pairs are hashed as one text. */
    private static long weight(String key, String node) {
        return ContentHash.of(ByteString.copyFromUtf8(key.length() + ":" + key + node))
                .word0();
    }
}
