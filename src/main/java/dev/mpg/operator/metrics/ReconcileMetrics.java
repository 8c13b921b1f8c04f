package dev.mpg.operator.metrics;

import static java.util.Objects.requireNonNull;

import dev.mpg.telemetry.Histograms;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * How long the reconciles of one controller take, by result: {@code operator_reconcile_duration_seconds}. Every result is
 * there from the start. Thread-safe.
 */
public final class ReconcileMetrics {
    private final Map<Result, Timer> timers;

    /** What became of a reconcile. */
    private enum Result {
        SUCCESS,
        ERROR,
        /** It went well and wants to look again at a time. */
        RESCHEDULED,
        /** The resource is gone, or about to. */
        DELETED
    }

    public ReconcileMetrics(MeterRegistry registry, String controller) {
        timers = Collections.unmodifiableMap(Arrays.stream(Result.values())
                .collect(Collectors.toMap(
                        Function.identity(),
                        result -> Histograms.ofWork("operator.reconcile.duration")
                                .description("How long reconciles took")
                                .tag("controller", controller)
                                .tag("result", result.name().toLowerCase(Locale.ROOT))
                                .register(registry),
                        (a, b) -> a,
                        () -> new EnumMap<>(Result.class))));
    }

    /**
     * Does this and measures it. To be called within the reconcile's span, which becomes the exemplar.
     *
     * @param deleted whether the resource is gone, or about to
     */
    public <P extends HasMetadata> UpdateControl<P> time(boolean deleted, Supplier<UpdateControl<P>> reconcile) {
        long start = System.nanoTime();
        Result result = Result.ERROR;
        try {
            UpdateControl<P> control = reconcile.get();
            result = deleted
                    ? Result.DELETED
                    : control.getScheduleDelay().isPresent() ? Result.RESCHEDULED : Result.SUCCESS;
            return control;
        } finally {
            requireNonNull(timers.get(result)).record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
        }
    }
}
