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

        @JsonPropertyDescription("Ready: every wanted instance is.") @Nullable
        List<Condition> conditions) {

    /** One proxy instance. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Instance(
            @JsonPropertyDescription("Unique in the pool.") String name,

            @JsonPropertyDescription("Connected to the Master over ConfigSync.")
            boolean ready,

            @JsonPropertyDescription("Proxies placed on it.")
            int proxies,

            @JsonPropertyDescription("Where gateways reach it, host:port.") @Nullable
            String xdsAddress,

            @JsonPropertyDescription("Where its debug endpoints are, host:port.") @Nullable
            String debugAddress) {}
}
