package dev.mpg.operator.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a resource's conditions: each carries the generation that it speaks of, and keeps its transition time while its
 * status stays the same. For one pass over one resource; not thread-safe.
 */
public final class Conditions {
    /** Longest message the API convention allows. */
    private static final int MAX_MESSAGE = 32_768;

    private final List<Condition> earlier;
    private final @Nullable Long generation;
    private final Instant now;
    private final List<Condition> written = new ArrayList<>();

    /**
     * @param earlier the conditions in the resource's status, null while it has none
     * @param generation the resource's generation
     * @param now transition time of what changes
     */
    public Conditions(@Nullable List<Condition> earlier, @Nullable Long generation, Instant now) {
        this.earlier = earlier == null ? List.of() : earlier;
        this.generation = generation;
        this.now = now.truncatedTo(ChronoUnit.SECONDS);
    }

    /** Writes one condition. */
    public Conditions set(String type, boolean status, String reason, String message) {
        String value = status ? "True" : "False";
        String since = earlier.stream()
                .filter(condition -> type.equals(condition.getType()) && value.equals(condition.getStatus()))
                .map(Condition::getLastTransitionTime)
                .findFirst()
                .orElse(now.toString());
        written.add(new ConditionBuilder()
                .withType(type)
                .withStatus(value)
                .withReason(reason)
                .withMessage(message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message)
                .withObservedGeneration(generation)
                .withLastTransitionTime(since)
                .build());
        return this;
    }

    /** What was written, in that order. */
    public List<Condition> toList() {
        return List.copyOf(written);
    }
}
