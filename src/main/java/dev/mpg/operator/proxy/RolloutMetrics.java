package dev.mpg.operator.proxy;

import static java.util.Objects.requireNonNull;

import dev.mpg.rollout.Decision;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.Outcome;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Counts what becomes of rollouts, and how long they take. Every result is there from the start, with 0. Thread-safe. */
public final class RolloutMetrics {
    private final Counter completed;
    private final Counter waves;
    private final Map<Failure.Reason, Counter> failed;
    private final Convergence convergence;

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
        this.convergence = new Convergence(registry);
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

    /**
     * The spec asks for this version.
     *
     * @param state of the rollout, before it is decided what follows from that
     * @param seenAt when the spec was seen, if it was seen now for the first time
     */
    void desired(String clusterId, Optional<ContentHash> version, RolloutState state, Instant seenAt) {
        version.filter(asked -> !state.target().equals(Optional.of(asked)))
                .ifPresent(asked -> convergence.begin(clusterId, asked, seenAt));
    }

    /**
     * This was decided, and is in force.
     *
     * @param before the state that it was decided from
     * @param now when it was decided
     */
    void count(String clusterId, RolloutState before, Decision decision, Instant now) {
        for (Outcome outcome : decision.outcomes()) {
            switch (outcome) {
                case Outcome.Completed(var version) -> completed.increment();
                case Outcome.Failed(var failure) ->
                    requireNonNull(failed.get(failure.reason())).increment();
                case Outcome.WaveOpened(var target, var wave) -> waves.increment();
                default -> {}
            }
        }
        Acknowledgement.of(before, decision, now).ifPresent(ack -> convergence.acked(clusterId, ack));
    }

    /** This cluster id isn't served any more. */
    void forget(String clusterId) {
        convergence.forget(clusterId);
    }
}
