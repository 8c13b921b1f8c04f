package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is true of a Proxy now. Versions are abbreviated to 12 hexadecimal digits. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonClassDescription("What is true of this Proxy now.")
@SchemaCustomizer(value = ListSchema.class, input = "conditions:16:type rejections:16 instances:64 addresses:1000")
public record ProxyStatus(
        @JsonPropertyDescription("The generation of the spec that this status speaks of.") @Nullable
        Long observedGeneration,

        @JsonPropertyDescription("The cluster id in force.") @Nullable
        String clusterId,

        @JsonPropertyDescription("The versions that matter, each the hash of a whole config, in 12 digits.") @Nullable
        Versions versions,

        @JsonPropertyDescription("How many gateways are where.") @Nullable
        Gateways gateways,

        @JsonPropertyDescription("How far the target version has come.") @Nullable
        Rollout rollout,

        @JsonPropertyDescription("What gateways refused, and why. At most 16; gateways.rejected counts all.") @Nullable
        List<Rejection> rejections,

        @JsonPropertyDescription("The proxy instances that serve this Proxy.") @Nullable
        List<String> instances,

        @JsonPropertyDescription("Where the gateways that are run for this Proxy take requests. At most 1000.")
        @Nullable
        List<Address> addresses,

        @JsonPropertyDescription("Accepted: the spec is valid. Programmed: every gateway ACKed what it compiles to.")
        @Nullable
        List<Condition> conditions) {

    /** The versions that matter, each the hash of a whole config. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Versions(
            @JsonPropertyDescription("What the last accepted spec compiles to.") @Nullable
            String desired,

            @JsonPropertyDescription("The last version that the whole fleet ran.") @Nullable
            String stable,

            @JsonPropertyDescription("What is being rolled out.") @Nullable
            String target) {}

    /** How many gateways are where. {@code total = current + pending + rejected}. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Gateways(
            @JsonPropertyDescription("The fleet's size.") int total,

            @JsonPropertyDescription("Gateways that ACKed the target version.")
            int current,

            @JsonPropertyDescription("Gateways that have not answered yet, or are not connected.")
            int pending,

            @JsonPropertyDescription("Gateways that refused the target version.")
            int rejected,

            @JsonPropertyDescription("current/total") String summary) {}

    /** How far the target version has come. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Rollout(
            @JsonPropertyDescription("Pending: nothing sent yet. Progressing: gateways are being brought to the target."
                    + " Complete: all ACKed it. Rejected: a gateway refused it.")
            Phase phase) {}

    /** Where a rollout stands. */
    public enum Phase {
        /** Nothing has been sent: no accepted spec, or no proxy instance yet. */
        Pending,
        /** Gateways are being brought to the target. */
        Progressing,
        /** Every gateway of the fleet ACKed the target. */
        Complete,
        /** A gateway refused the target. */
        Rejected
    }

    /** One refused resource. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Rejection(
            @JsonPropertyDescription("The gateway that refused.")
            String gateway,

            @JsonPropertyDescription("The xDS type of the refused response, such as Listener.")
            String type,

            @JsonPropertyDescription("Envoy's own words.") String message) {}

    /** Where one gateway listens. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Address(
            @JsonPropertyDescription("The gateway, as its node.id.")
            String gateway,

            @JsonPropertyDescription("The spec's listener.") String listener,
            @JsonPropertyDescription("host:port") String address) {}
}
