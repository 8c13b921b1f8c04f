package dev.mpg.operator.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.placement.LoadStatistics;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class OutlookTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static Outlook lookAgain(Optional<Instant> at) {
        return new Outlook(
                Map.of(), Map.of(), new LoadStatistics(new TreeMap<>(), new TreeMap<>(), 0, 0), Totals.NONE, 0, 0, at);
    }

    @Test
    void aTimeThatPassedWhileThePoolWasLookedAtIsNow() {
        assertThat(lookAgain(Optional.of(NOW.plusMillis(5))).lookAgainIn(NOW)).contains(Duration.ofMillis(5));
        assertThat(lookAgain(Optional.of(NOW)).lookAgainIn(NOW.plusMillis(4))).contains(Duration.ZERO);
        assertThat(lookAgain(Optional.empty()).lookAgainIn(NOW)).isEmpty();
    }
}
