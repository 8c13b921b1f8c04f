package dev.mpg.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrafficTest {
    private static Traffic traffic(long of, Map<String, Long> errorsByBackend) {
        return new Traffic(
                new Counts(10 * of, 2 * of, of),
                new Counts(20 * of, of, 0),
                new Counts(30 * of, of, 0),
                new Counts(5 * of, of, 0),
                errorsByBackend);
    }

    @Test
    void instancesTogetherSawTheSum() {
        Traffic a = traffic(1, Map.of("checkout", 3L, "cart", 2L));
        Traffic b = traffic(10, Map.of("cart", 2L, "search", 1L));
        assertThat(a.plus(b)).isEqualTo(traffic(11, Map.of("cart", 4L, "checkout", 3L, "search", 1L)));
        assertThat(a.plus(b)).isEqualTo(b.plus(a));
        assertThat(a.plus(Traffic.NONE)).isEqualTo(a);
        assertThat(a.plus(b).worstBackend()).contains("cart");
    }

    @Test
    void theWorstOfSeveralBackendsIsTheFirstByName() {
        assertThat(traffic(1, Map.of("b", 3L, "c", 3L, "a", 1L)).worstBackend()).contains("b");
        assertThat(Traffic.NONE.worstBackend()).isEmpty();
    }

    @Test
    void onlyTheWorstBackendsAreKept() {
        Map<String, Long> many = new HashMap<>();
        for (long i = 0; i < 100; i++) {
            many.put("backend-" + i, i);
        }
        assertThat(traffic(1, many).errorsByBackend())
                .hasSize(8)
                .containsEntry("backend-99", 99L)
                .containsEntry("backend-92", 92L);
        assertThat(traffic(1, Map.of("", 0L)).errorsByBackend()).isEmpty();
    }

    @Test
    void countsThatCannotBeAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Counts(1, 2, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Counts(2, 1, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> new Counts(2, 1, -1));
        assertThat(Counts.NONE.errorRatio()).isZero();
    }
}
