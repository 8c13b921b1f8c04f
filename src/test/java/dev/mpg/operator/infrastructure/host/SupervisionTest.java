package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.resilience4j.core.IntervalFunction;
import org.junit.jupiter.api.RepeatedTest;

class SupervisionTest {

    @RepeatedTest(20)
    void waitsLongerAfterEachCrash() {
        IntervalFunction backoff = Supervision.defaultBackoff();
        assertThat(backoff.apply(1)).isBetween(100L, 300L);
        assertThat(backoff.apply(2)).isBetween(200L, 600L);
        assertThat(backoff.apply(5)).isBetween(1_600L, 4_800L);
        assertThat(backoff.apply(1_000)).isBetween(15_000L, 30_000L);
    }
}
