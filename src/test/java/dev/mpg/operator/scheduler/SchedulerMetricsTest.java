package dev.mpg.operator.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.placement.InstanceState;
import dev.mpg.placement.LoadStatistics;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SchedulerMetricsTest {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final SchedulerMetrics metrics = new SchedulerMetrics(registry);

    /** Prometheus finds a name twice, and fails, when it is taken away and given again while it reads. */
    @Test
    void what_stays_is_never_taken_away() {
        List<Meter.Id> removed = new ArrayList<>();
        registry.config().onMeterRemoved(meter -> removed.add(meter.getId()));

        metrics.set("default", 2, pool(Map.of("a", 1L, "b", 2L)));
        metrics.set("default", 2, pool(Map.of("a", 3L, "b", 4L)));

        assertThat(removed).isEmpty();
        assertThat(registry.scrape())
                .contains("mpg_scheduler_load{proxy_instance=\"a\",scheduler=\"default\"} 3.0")
                .contains("mpg_scheduler_load{proxy_instance=\"b\",scheduler=\"default\"} 4.0")
                .contains("mpg_scheduler_load_stddev{scheduler=\"default\"} 0.5")
                .contains("mpg_scheduler_instances{scheduler=\"default\",state=\"ready\"} 2.0");
    }

    @Test
    void an_instance_and_a_pool_that_are_gone_are_no_longer_shown() {
        metrics.set("default", 2, pool(Map.of("a", 1L, "b", 2L)));
        metrics.set("other", 1, pool(Map.of("c", 1L)));

        metrics.set("default", 1, pool(Map.of("a", 3L)));
        metrics.forget("other");

        assertThat(registry.scrape())
                .contains("mpg_scheduler_load{proxy_instance=\"a\",scheduler=\"default\"} 3.0")
                .contains("mpg_scheduler_instances{scheduler=\"default\",state=\"wanted\"} 1.0")
                .doesNotContain("proxy_instance=\"b\"")
                .doesNotContainPattern("(?m)^mpg_scheduler_(load|instances|moves_waiting).*other");
    }

    private static Outlook pool(Map<String, Long> loads) {
        Map<String, InstanceState> states = new TreeMap<>();
        loads.keySet().forEach(instance -> states.put(instance, InstanceState.Ready));
        return new Outlook(
                states,
                Map.of(),
                new LoadStatistics(new TreeMap<>(loads), new TreeMap<>(), 0.5, 1.25),
                Totals.NONE,
                0,
                0,
                Optional.empty());
    }
}
