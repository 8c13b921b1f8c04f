package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** What users ask of a Scheduler. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonClassDescription("What this pool of proxy instances should be.")
@ValidationRule(
        value = ProxyRules.DRAIN_TIMEOUT_IS_DURATION,
        messageExpression = ProxyRules.DRAIN_TIMEOUT_IS_NO_DURATION,
        fieldPath = ".drainTimeout")
public record SchedulerSpec(
        @JsonPropertyDescription("Proxy instances in the pool.") @Min(1) @Max(64) @Default("1") @Nullable
        Integer instances,

        @JsonPropertyDescription(
                "How an instance is chosen for a Proxy. AffinityLeastLoaded: a placed Proxy stays, another goes"
                        + " to the least-loaded instance, and no instance has more than maxLoadFactor of the average. The others are"
                        + " for comparison: LeastLoaded, RoundRobin, Random.")
        @Default("AffinityLeastLoaded")
        @Nullable
        Policy policy,

        @JsonPropertyDescription(
                "How much of the average load an instance may have before Proxies move away from it, 1 to 10."
                        + " A Proxy weighs as much as its fleet has gateways. Close to 1 is even and moves more.")
        @Min(1)
        @Max(10)
        @Default("1.25")
        @Nullable
        Double maxLoadFactor,

        @JsonPropertyDescription(
                "Instances that hold each Proxy: one that its gateways connect to, the others ready to take over."
                        + " Fewer where the pool is smaller.")
        @Min(1)
        @Max(8)
        @Default("2")
        @Nullable
        Integer replicasPerProxy,

        @JsonPropertyDescription(
                "How many Proxies may be moved in a minute while nothing is lost. What an instance leaves behind"
                        + " that is gone is placed at once, however much it is.")
        @Min(0)
        @Max(10000)
        @Default("30")
        @Nullable
        Integer movesPerMinute,

        @JsonPropertyDescription(
                "How long the instance that a Proxy moved away from goes on to serve gateways that have not left"
                        + " yet, at most 1h. They need 15s: less counts as 15s.")
        @Default("30s")
        @Nullable
        String drainTimeout) {

    /** How an instance is chosen for a Proxy. */
    public enum Policy {
        AffinityLeastLoaded,
        LeastLoaded,
        RoundRobin,
        Random
    }

    /** A pool of this size, and the defaults. */
    public SchedulerSpec(@Nullable Integer instances) {
        this(instances, null, null, null, null, null);
    }
}
