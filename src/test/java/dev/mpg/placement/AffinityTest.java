package dev.mpg.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.snapshot.RendezvousHash;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AffinityTest {
    private static final List<String> POOL = List.of("default-0", "default-1", "default-2");

    @Test
    void aPlacedProxyStaysWhenThePoolGrows() {
        for (String before : List.of("default-0", "default-1")) {
            assertThat(Affinity.place("shop", List.of(before), POOL, Set.copyOf(POOL), 1))
                    .containsExactly(before);
        }
    }

    @Test
    void itStaysOnAnInstanceThatIsNotConnectedNow() {
        assertThat(Affinity.place("shop", List.of("default-1"), POOL, Set.of("default-0"), 1))
                .containsExactly("default-1");
    }

    @Test
    void itLeavesAnInstanceThatIsNotWantedAnyMore() {
        assertThat(Affinity.place("shop", List.of("default-9"), POOL, Set.copyOf(POOL), 1))
                .isEqualTo(RendezvousHash.rank("shop", POOL).subList(0, 1));
    }

    @Test
    void oneThatMustBePlacedGoesToAConnectedInstance() {
        for (String connected : POOL) {
            assertThat(Affinity.place("shop", List.of(), POOL, Set.of(connected), 1))
                    .containsExactly(connected);
        }
    }

    @Test
    void withNobodyConnectedItIsPlacedAllTheSame() {
        assertThat(Affinity.place("shop", List.of(), POOL, Set.of(), 2))
                .isEqualTo(RendezvousHash.rank("shop", POOL).subList(0, 2));
    }
}
