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
@SchemaCustomizer(
        value = ListSchema.class,
        input = "conditions:16:type fleet:16 rejections:16 instances:64 addresses:1000")
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

        @JsonPropertyDescription("Which gateways run which version.") @Nullable
        List<Running> fleet,

        @JsonPropertyDescription("What gateways refused, and why. At most 16; gateways.rejected counts all.") @Nullable
        List<Rejection> rejections,

        @JsonPropertyDescription("The proxy instances that serve this Proxy.") @Nullable
        List<String> instances,

        @JsonPropertyDescription("Where the gateways that are run for this Proxy take requests. At most 1000.")
        @Nullable
        List<Address> addresses,

        @JsonPropertyDescription("Id of the trace of the change that made this generation, if it is traced.") @Nullable
        String traceId,

        @JsonPropertyDescription("The W3C trace context of that change: what is done because of it goes on with it.")
        @Nullable
        String traceparent,

        @JsonPropertyDescription("Accepted: the spec is valid. Programmed: every gateway ACKed what it compiles to."
                + " Progressing: a version is being rolled out. Persisted: proxy instances have it on disk.")
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

    /**
     * How far the target version has come, and all that must be remembered of it. Versions are whole here: 64 hexadecimal
     * digits.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "failed:16 returning:10000 obeyed:64")
    public record Rollout(
            @JsonPropertyDescription(
                    "Pending: no version yet. Progressing: gateways are being brought to the target."
                            + " Paused: nothing grows. RollingBack: gateways are being put back. RolledBack: the target failed and"
                            + " nobody runs it. Failed: the first version of all failed. Complete: the whole fleet runs the target.")
            Phase phase,

            @JsonPropertyDescription("Which step the open wave belongs to, counted from 1.") @Nullable
            Integer step,

            @JsonPropertyDescription("How many steps there are.") @Nullable
            Integer steps,

            @JsonPropertyDescription("What it waits for, or why it ended, in words.") @Nullable
            String message,

            @JsonPropertyDescription("The last version that the whole fleet ran.") @Nullable
            String stable,

            @JsonPropertyDescription("The version that was wanted last.") @Nullable
            String target,

            @JsonPropertyDescription("The gateways that have the target although it is not stable.") @Nullable
            Wave wave,

            @JsonPropertyDescription("How many waves there have been.") @Nullable
            Integer waves,

            @JsonPropertyDescription("Somebody promoted the target.") @Nullable
            Boolean promoted,

            @JsonPropertyDescription("Why the rollout stopped without going back.") @Nullable
            Failure failure,

            @JsonPropertyDescription("Versions that are not tried again until another one has reached the whole fleet.")
            @Nullable
            List<Failure> failed,

            @JsonPropertyDescription("Gateways that should be back on stable and have not ACKed it yet.") @Nullable
            List<String> returning,

            @JsonPropertyDescription("Who asked for a pause.") @Nullable
            String pausedBy,

            @JsonPropertyDescription("Commands that have acted.") @Nullable
            List<String> obeyed,

            @JsonPropertyDescription("Since when there has been no gateway.") @Nullable
            String emptySince) {}

    /** The gateways that have a version that is not stable. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "cohort:10000 asked:10000 excused:10000")
    public record Wave(
            @JsonPropertyDescription("Counts all waves of this Proxy.")
            int number,

            @JsonPropertyDescription("Index of its step, counted from 0.")
            int step,

            @JsonPropertyDescription("The share of the fleet that it may be.")
            String gateways,

            @JsonPropertyDescription(
                    "The gateways, by node.id. None while there is no stable version: then all get it.")
            @Nullable
            List<String> cohort,

            @JsonPropertyDescription("When it was opened.") String openedAt,

            @JsonPropertyDescription("Who was sent the version and has not ACKed it.") @Nullable
            List<Asked> asked,

            @JsonPropertyDescription("Who had refused it before this wave, and has said nothing new.") @Nullable
            List<String> excused,

            @JsonPropertyDescription("When the last of them ACKed: the bake time begins.") @Nullable
            String ackedAt) {}

    /** One gateway that has not ACKed. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Asked(
            @JsonPropertyDescription("Its node.id.") String gateway,

            @JsonPropertyDescription("Since when.") String since) {}

    /** Why a version is not rolled out. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Failure(
            @JsonPropertyDescription("The version.") String version,

            @JsonPropertyDescription("Rejected, AckTimeout, Regression or Aborted.")
            String reason,

            @JsonPropertyDescription("What happened.") String message,
            @JsonPropertyDescription("When.") String at) {}

    /** Where a rollout stands. */
    public enum Phase {
        /** There is no version yet. */
        Pending,
        /** Gateways are being brought to the target. */
        Progressing,
        /** Nothing grows: somebody asked for it, or the target failed and the policy is to pause. */
        Paused,
        /** Nobody is given the target any more; a gateway that had it has not ACKed stable yet. */
        RollingBack,
        /** The target failed, and everybody is back on stable. */
        RolledBack,
        /** The first version of all failed, and is served on: there's nothing to go back to. */
        Failed,
        /** Target and stable are one. */
        Complete
    }

    /** What gateways refused, and why: one entry for all that said the same. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Rejection(
            @JsonPropertyDescription("The first gateway that refused, by name.")
            String gateway,

            @JsonPropertyDescription("How many gateways said the same.")
            int gateways,

            @JsonPropertyDescription("The version that they refused, in 12 digits.")
            String version,

            @JsonPropertyDescription("The refused xDS resource, or the likeliest of several, such as Listener http.")
            String resource,

            @JsonPropertyDescription("The object whose spec it was made from.") @Nullable
            String object,

            @JsonPropertyDescription("The fields that it was made from, the likeliest first.") @Nullable
            String field,

            @JsonPropertyDescription("Envoy's own words, without the config that it repeats.")
            String message) {}

    /** The gateways that run one version. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "names:16")
    public record Running(
            @JsonPropertyDescription("The version, in 12 digits; none for gateways that are not connected.") @Nullable
            String version,

            @JsonPropertyDescription(
                    "Current: they ACKed it. Pending: they have not answered yet. Rejected: they refused"
                            + " it and are back on stable. Away: they are not connected.")
            Standing state,

            @JsonPropertyDescription("How many there are.") int count,

            @JsonPropertyDescription("The first 16, by name.")
            List<String> names) {}

    /** Where gateways stand with a version. */
    public enum Standing {
        /** They ACKed it. */
        Current,
        /** They have not answered yet. */
        Pending,
        /** They refused it; where there is a stable version, they run that. */
        Rejected,
        /** They are not connected. */
        Away
    }

    /** Where one gateway listens. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Address(
            @JsonPropertyDescription("The gateway, as its node.id.")
            String gateway,

            @JsonPropertyDescription("The spec's listener.") String listener,
            @JsonPropertyDescription("host:port") String address) {}
}
