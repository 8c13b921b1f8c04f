package dev.mpg.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.Counts;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class XdsMetricsTest {
    @Test
    void everyRequestHasOneOutcome() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        new XdsMetrics(registry, () -> 0).requests(new Counts(23, 6, 1));
        assertThat(registry.counter("mpg.gateway.requests", "outcome", "success")
                        .count())
                .isEqualTo(17);
        assertThat(registry.counter("mpg.gateway.requests", "outcome", "error").count())
                .isEqualTo(5);
        assertThat(registry.counter("mpg.gateway.requests", "outcome", "dropped")
                        .count())
                .isEqualTo(1);
    }
}
