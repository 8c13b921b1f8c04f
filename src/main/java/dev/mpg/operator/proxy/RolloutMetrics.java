package dev.mpg.operator.proxy;

import static java.util.Objects.requireNonNull;

import dev.mpg.rollout.Failure;
import dev.mpg.rollout.Outcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Counts what becomes of rollouts. Every result is there from the start, with 0. Thread-safe. */
public final class RolloutMetrics {
    private final Counter completed;
    private final Counter waves;
    private final Map<Failure.Reason, Counter> failed;

    public RolloutMetrics(MeterRegistry registry) {
        this.completed = rollouts(registry, "complete");
        this.failed = Arrays.stream(Failure.Reason.values())
                .collect(Collectors.toMap(
                        reason -> reason,
                        reason -> rollouts(registry, snakeCase(reason.name())),
                        (a, b) -> a,
                        () -> new EnumMap<>(Failure.Reason.class)));
        this.waves = Counter.builder("mpg.rollout.waves")
                .description("Waves that were opened")
                .register(registry);
    }

    private static Counter rollouts(MeterRegistry registry, String result) {
        return Counter.builder("mpg.rollouts")
                .description("Versions that reached their whole fleet, or failed, by result")
                .tag("result", result)
                .register(registry);
    }

    private static String snakeCase(String camelCase) {
        return camelCase.replaceAll("(?<=.)(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    void count(List<Outcome> outcomes) {
        for (Outcome outcome : outcomes) {
            switch (outcome) {
                case Outcome.Completed(var version) -> completed.increment();
                case Outcome.Failed(var failure) ->
                    requireNonNull(failed.get(failure.reason())).increment();
                case Outcome.WaveOpened(var target, var wave) -> waves.increment();
                default -> {}
            }
        }
    }
}
