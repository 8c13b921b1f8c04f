package dev.mpg.operator.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.SchedulerStatus;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatusPaceTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final StatusPace pace = new StatusPace();

    private static SchedulerStatus status(int proxies, String state, String reason, String message) {
        return new SchedulerStatus(
                1L,
                "1/1",
                proxies,
                List.of(new SchedulerStatus.Instance("a-0", true, proxies, proxies, (long) proxies, state, null, null)),
                proxies + ".00",
                null,
                null,
                null,
                null,
                List.of(new ConditionBuilder()
                        .withType("Balanced")
                        .withStatus("False")
                        .withReason(reason)
                        .withMessage(message)
                        .build()));
    }

    private Duration left(SchedulerStatus next, int millis) {
        return pace.left("a", status(1, "Ready", "Moving", "1 waits"), next, NOW.plusMillis(millis));
    }

    @Test
    void whatDiffersInNumbersOnlyWaitsForItsTime() {
        SchedulerStatus next = status(2, "Ready", "Moving", "2 wait");
        assertThat(left(next, 0)).as("the first one").isZero();
        pace.wrote("a", NOW);
        assertThat(left(next, 400)).isEqualTo(Duration.ofMillis(600));
        assertThat(left(next, 1000)).isZero();
        assertThat(left(next, -1)).as("the clock was put back").isZero();
        pace.forget("a");
        assertThat(left(next, 400)).isZero();
    }

    @Test
    void whatSaysMoreIsWrittenAtOnce() {
        pace.wrote("a", NOW);
        assertThat(left(status(1, "Suspect", "Moving", "1 waits"), 1)).isZero();
        assertThat(left(status(1, "Ready", "Balanced", "1 waits"), 1)).isZero();
        assertThat(pace.left("a", null, status(1, "Ready", "Moving", "1 waits"), NOW))
                .isZero();
    }
}
