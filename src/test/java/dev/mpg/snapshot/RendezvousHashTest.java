package dev.mpg.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RendezvousHashTest {
    private static final int KEYS = 10_000;
    private static final int NODES = 5;

    private static List<String> nodes(int count) {
        return IntStream.range(0, count).mapToObj(i -> "default-" + i).toList();
    }

    private static List<String> keys() {
        return IntStream.range(0, KEYS).mapToObj(i -> "edge/shop-" + i).toList();
    }

    private static String first(String key, List<String> nodes) {
        return RendezvousHash.rank(key, nodes).getFirst();
    }

    /** Computed by other means. Whoever changes a rank moves Proxies and gateways when the operator is upgraded. */
    @Test
    void ranksAreTheSameInAnyJvmAndRelease() {
        assertThat(RendezvousHash.rank("edge/shop", nodes(NODES)))
                .containsExactly("default-2", "default-4", "default-1", "default-3", "default-0");
        assertThat(RendezvousHash.rank("edge/blog", nodes(NODES)))
                .containsExactly("default-0", "default-3", "default-4", "default-1", "default-2");
    }

    @Test
    void theOrderOfTheNodesDoesNotMatter() {
        List<String> nodes = new ArrayList<>(nodes(20));
        List<String> rank = RendezvousHash.rank("edge/shop", nodes);
        assertThat(rank).containsExactlyInAnyOrderElementsOf(nodes);
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(nodes, new Random(seed));
            assertThat(RendezvousHash.rank("edge/shop", nodes)).isEqualTo(rank);
        }
    }

    @Test
    void aNodeCountsOnce() {
        assertThat(RendezvousHash.rank("edge/shop", List.of("a", "b", "a"))).hasSize(2);
        assertThat(RendezvousHash.rank("edge/shop", List.of())).isEmpty();
    }

    /** Key and node are hashed as two texts: else "a" with node "bc" and "ab" with node "c" would weigh the same. */
    @Test
    void keysRankNodesIndependently() {
        assertThat(keys().stream()
                        .map(key -> RendezvousHash.rank(key, nodes(3)))
                        .distinct())
                .hasSize(6);
    }

    @Test
    void removingANodeMovesOnlyItsKeysAndKeepsTheRankOfTheRest() {
        String gone = "default-2";
        List<String> left =
                nodes(NODES).stream().filter(node -> !node.equals(gone)).toList();
        for (String key : keys()) {
            List<String> rank = new ArrayList<>(RendezvousHash.rank(key, nodes(NODES)));
            rank.remove(gone);
            assertThat(RendezvousHash.rank(key, left)).isEqualTo(rank);
        }
    }

    @Test
    void addingANodeMovesItsShareAndOnlyToIt() {
        int moved = 0;
        for (String key : keys()) {
            String before = first(key, nodes(NODES));
            String after = first(key, nodes(NODES + 1));
            if (!before.equals(after)) {
                assertThat(after).isEqualTo("default-" + NODES);
                moved++;
            }
        }
        // 1667 are expected, with a standard deviation of 37.
        assertThat(moved).isCloseTo(KEYS / (NODES + 1), within(150));
    }

    @Test
    void keysSpreadEvenly() {
        Map<String, Integer> load = new HashMap<>();
        keys().forEach(key -> load.merge(first(key, nodes(NODES)), 1, Integer::sum));

        assertThat(load).hasSize(NODES);
        // 2000 are expected, with a standard deviation of 40.
        assertThat(load.values()).allSatisfy(count -> assertThat(count).isCloseTo(KEYS / NODES, within(160)));
    }
}
