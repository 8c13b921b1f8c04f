package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is true of a Scheduler's pool now. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonClassDescription("What is true of this pool now.")
@SchemaCustomizer(value = ListSchema.class, input = "conditions:16:type instances:64:name")
public record SchedulerStatus(
        @JsonPropertyDescription("The generation of the spec that this status speaks of.") @Nullable
        Long observedGeneration,

        @JsonPropertyDescription("Ready and wanted instances, as ready/wanted.") @Nullable
        String summary,

        @JsonPropertyDescription("Proxies placed on the pool.") @Nullable
        Integer proxies,

        @JsonPropertyDescription("The pool's proxy instances.") @Nullable
        List<Instance> instances,

        @JsonPropertyDescription("Standard deviation of the instances' loads.") @Nullable
        String loadStdDev,

        @JsonPropertyDescription("The largest load of an instance, divided by the average. 1 is even.") @Nullable
        String peakToAverage,

        @JsonPropertyDescription("Proxies whose gateways were sent from one instance to another.") @Nullable
        Migrations migrations,

        @JsonPropertyDescription(
                "Proxies whose gateways were sent to an instance that did not hold their config before.")
        @Nullable
        Long coldConnects,

        @JsonPropertyDescription(
                "Share of decisions about placed Proxies by which they stayed, since this operator began.")
        @Nullable
        String affinityHitRatio,

        @JsonPropertyDescription("Ready: every wanted instance is. Balanced: no Proxy waits to be moved.") @Nullable
        List<Condition> conditions) {

    /** Proxies whose gateways were sent from one instance to another, ever. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Migrations(
            @JsonPropertyDescription("With both instances there: by load, or because the first was to go.")
            long planned,

            @JsonPropertyDescription("Because the first instance was gone.")
            long forced) {}

    /** One proxy instance. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Instance(
            @JsonPropertyDescription("Unique in the pool.") String name,

            @JsonPropertyDescription("Connected to the Master over ConfigSync.")
            boolean ready,

            @JsonPropertyDescription("Proxies placed on it, also those that it only stands by for.")
            int proxies,

            @JsonPropertyDescription("Gateways that are connected to it.") @Nullable
            Integer gateways,

            @JsonPropertyDescription("Gateways that are to connect to it.") @Nullable
            Long load,

            @JsonPropertyDescription(
                    "What is asked of it: Ready takes new Proxies; Suspect, perhaps gone, keeps what it has;"
                            + " Draining is to go; Lost is gone.")
            @Nullable
            String state,

            @JsonPropertyDescription("Where gateways reach it, host:port.") @Nullable
            String xdsAddress,

            @JsonPropertyDescription("Where its debug endpoints are, host:port.") @Nullable
            String debugAddress) {}
}
