package dev.mpg.telemetry;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The registry of one process, with the JVM's and the process's own metrics in it. What is measured within a sampled span
 * has it as its exemplar: each bucket keeps one for as long as the process lives.
 */
public final class ProcessMetrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(new Exemplars(), new PrometheusRegistry(), Clock.SYSTEM, new CurrentSpan());
    private final JvmGcMetrics gc = new JvmGcMetrics();

    public ProcessMetrics() {
        registry.config()
                .meterFilter(new OwnHistograms())
                // Of the Operator SDK: the number of an attempt, which has no bound.
                .meterFilter(MeterFilter.ignoreTags("reconciliations.retries.number", "reconciliations.retries.last"));
        new ClassLoaderMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new VirtualThreads().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
    }

    /** Where this process registers what it measures. */
    public PrometheusMeterRegistry registry() {
        return registry;
    }

    @Override
    public void close() {
        gc.close();
        registry.close();
    }

    /**
     * A bucket that has counted anything leads to a trace, however long ago that was. By default an exemplar goes after 70 s,
     * and one that comes within 90 ms of another, of whatever bucket, is not taken.
     */
    private static final class Exemplars implements PrometheusConfig {
        private static final Duration KEPT = Duration.ofDays(365);

        @Override
        public Properties prometheusProperties() {
            Properties properties = new Properties();
            properties.setProperty(
                    "io.prometheus.exemplars.max_retention_period_seconds", Long.toString(KEPT.toSeconds()));
            properties.setProperty("io.prometheus.exemplars.sample_interval_milliseconds", "1");
            return properties;
        }

        @Override
        public @Nullable String get(String key) {
            return null;
        }
    }

    /** Libraries' timers would have some 70 buckets each; their count, sum and maximum do. */
    private static final class OwnHistograms implements MeterFilter {
        @Override
        public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
            return id.getName().startsWith("operator.sdk.")
                    ? DistributionStatisticConfig.builder()
                            .percentilesHistogram(false)
                            .percentiles()
                            .build()
                            .merge(config)
                    : config;
        }
    }
}
