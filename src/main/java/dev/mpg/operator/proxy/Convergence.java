package dev.mpg.operator.proxy;

import static java.util.Objects.requireNonNull;

import dev.mpg.operator.proxy.Acknowledgement.Place;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.telemetry.Histograms;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;

/**
 * From when a change of a spec is seen to the last ACK of a wave. A change that an earlier process of the operator saw isn't
 * measured. Thread-safe.
 */
final class Convergence {
    private static final int NO_WAVE = -1;

    private final Map<Place, Timer> timers;
    private final ConcurrentMap<String, Change> changes = new ConcurrentHashMap<>();

    /** @param measured the last wave that was: a gateway can leave it and come back, and then it is ACKed once more */
    private record Change(ContentHash version, Instant seenAt, int measured) {}

    Convergence(MeterRegistry registry) {
        timers = Arrays.stream(Place.values())
                .collect(Collectors.toMap(
                        place -> place,
                        place -> Histograms.ofWaiting("mpg.config.convergence")
                                .description("From when a change of a spec was seen to the last ACK of a wave")
                                .tag("wave", place.name().toLowerCase(Locale.ROOT))
                                .register(registry),
                        (a, b) -> a,
                        () -> new EnumMap<>(Place.class)));
    }

    /** A spec asks for a version that isn't the target yet. To say it again changes nothing. */
    void begin(String clusterId, ContentHash version, Instant seenAt) {
        changes.compute(
                clusterId,
                (id, known) ->
                        known != null && known.version.equals(version) ? known : new Change(version, seenAt, NO_WAVE));
    }

    /** To be called within the span of the change, or of what takes it further. */
    void acked(String clusterId, Acknowledgement ack) {
        changes.computeIfPresent(clusterId, (id, change) -> {
            if (!change.version.equals(ack.version()) || ack.wave() <= change.measured) {
                return change;
            }
            // A timer ignores what a clock that was put back makes negative.
            requireNonNull(timers.get(ack.place())).record(Duration.between(change.seenAt, ack.at()));
            return ack.place() == Place.LAST ? null : new Change(change.version, change.seenAt, ack.wave());
        });
    }

    void forget(String clusterId) {
        changes.remove(clusterId);
    }
}
