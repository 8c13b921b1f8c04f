package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** What users ask of a Scheduler. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonClassDescription("What this pool of proxy instances should be.")
public record SchedulerSpec(
        @JsonPropertyDescription("Proxy instances in the pool.") @Min(1) @Max(64) @Default("1") @Nullable
        Integer instances) {}
