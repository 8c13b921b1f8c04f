package dev.mpg.rollout;

import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the analysis of a wave's traffic looks at. Immutable. Each gateway reports to one proxy instance at a time, so the
 * traffic of a fleet is the {@linkplain #plus sum} of what its instances saw.
 *
 * @param cohort of the cohort's gateways, since they run the target
 * @param rest of the fleet's other gateways, since the wave opened
 * @param before of the cohort's gateways, before they were given the target
 * @param after the part of {@code cohort} by those gateways of which {@code before} has something: only these two may be
 *     compared, else a gateway that has always been worse, and of which nothing is known from before, looks like a change
 * @param errorsByBackend the errors in {@code cohort} by upstream cluster: at most {@value #MAX_BACKENDS}, those with most.
 *     Approximate: it names, it doesn't account
 */
public record Traffic(Counts cohort, Counts rest, Counts before, Counts after, Map<String, Long> errorsByBackend) {
    private static final int MAX_BACKENDS = 8;

    /** Nothing was seen. */
    public static final Traffic NONE = new Traffic(Counts.NONE, Counts.NONE, Counts.NONE, Counts.NONE, Map.of());

    public Traffic {
        TreeMap<String, Long> most = new TreeMap<>();
        errorsByBackend.entrySet().stream()
                .filter(backend -> backend.getValue() > 0)
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(MAX_BACKENDS)
                .forEach(backend -> most.put(backend.getKey(), backend.getValue()));
        errorsByBackend = Collections.unmodifiableMap(most);
    }

    /** What two proxy instances saw together. */
    public Traffic plus(Traffic other) {
        TreeMap<String, Long> errors = new TreeMap<>(errorsByBackend);
        other.errorsByBackend.forEach((backend, count) -> errors.merge(backend, count, Long::sum));
        return new Traffic(
                cohort.plus(other.cohort),
                rest.plus(other.rest),
                before.plus(other.before),
                after.plus(other.after),
                errors);
    }

    /** The backend that failed most requests of the cohort; of several the first by name. */
    public Optional<String> worstBackend() {
        return errorsByBackend.entrySet().stream()
                .max(Map.Entry.<String, Long>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }
}
