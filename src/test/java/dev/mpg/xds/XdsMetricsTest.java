package dev.mpg.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.Counts;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class XdsMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private double requests(String config, String outcome) {
        return registry.counter("mpg.gateway.requests", "config", config, "outcome", outcome)
                .count();
    }

    @ParameterizedTest
    @CsvSource({"true, target, stable", "false, stable, target"})
    void everyRequestHasOneOutcomeOfOneConfig(boolean tried, String config, String other) {
        new XdsMetrics(registry, () -> 0).requests(tried, new Counts(23, 6, 1));
        assertThat(requests(config, "success")).isEqualTo(17);
        assertThat(requests(config, "error")).isEqualTo(5);
        assertThat(requests(config, "dropped")).isEqualTo(1);
        assertThat(requests(other, "success")).isZero();
    }
}
