package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What users ask of a Proxy. Any field may be absent, as the API server lets it be; {@code config.SpecReader} fills in the
 * defaults and checks what the schema cannot.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonClassDescription("What this Proxy's gateways should do.")
@SchemaCustomizer(
        value = ListSchema.class,
        input =
                "listeners:16:name routes:5000:name:atomic backends:5000:name:atomic envoyPatches:64 tests:1000:name:atomic")
@ValidationRule(
        value = ProxyRules.CLUSTER_ID_STAYS,
        messageExpression = ProxyRules.CLUSTER_ID_CHANGED,
        fieldPath = ".clusterId")
@ValidationRule(
        value = ProxyRules.PORTS_ARE_UNIQUE,
        messageExpression = ProxyRules.PORT_IS_SHARED,
        fieldPath = ".listeners")
@ValidationRule(
        value = ProxyRules.BACKENDS_EXIST,
        messageExpression = ProxyRules.BACKEND_IS_MISSING,
        fieldPath = ".routes")
public record ProxySpec(
        @JsonPropertyDescription("Name of this config plane, which gateways give as node.cluster. Unique; immutable."
                + " Default: <namespace>.<name>.")
        @Pattern("^" + ObjectName.DNS_NAME + "$")
        @Size(min = 1, max = 128)
        @Nullable
        String clusterId,

        @JsonPropertyDescription("The Scheduler whose proxy instances serve this Proxy.")
        @Default("default")
        @Pattern(ObjectName.PATTERN)
        @Size(min = 1, max = ObjectName.MAX_LENGTH)
        @Nullable
        String schedulerName,

        @JsonPropertyDescription("The fleet of gateways.") @Nullable
        Gateway gateway,

        @JsonPropertyDescription("Ports on which every gateway takes requests.") @Nullable
        List<ListenerSpec> listeners,

        @JsonPropertyDescription("Which request goes to which backends.") @Nullable
        List<RouteSpec> routes,

        @JsonPropertyDescription("Upstream services that routes refer to by name.") @Nullable
        List<BackendSpec> backends,

        @JsonPropertyDescription(
                "Changes to the Envoy resources that the rest compiles to, for what it can't say. In order;"
                        + " not validated beyond that they apply: Envoy may refuse the result.")
        @Nullable
        List<EnvoyPatch> envoyPatches,

        @JsonPropertyDescription(
                "What must become of which request: when one of these fails, the config doesn't go out.")
        @Nullable
        List<ConfigTest> tests,

        @JsonPropertyDescription("How a change reaches the fleet.") @Nullable
        Rollout rollout,

        @JsonPropertyDescription(
                "How many past versions are kept, as ControllerRevisions. Stable and target always are.")
        @Min(1)
        @Max(100)
        @Default("10")
        @Nullable
        Integer revisionHistoryLimit) {

    /** The fleet that is run for this Proxy. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Gateway(
            @JsonPropertyDescription("Gateways to run. 0: gateways are run elsewhere and just connect.")
            @Min(0)
            @Max(1000)
            @Default("1")
            @Nullable
            Integer replicas) {}

    /** A JSON Patch (RFC 6902) on one of the Envoy resources that the spec compiles to, in its JSON form. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "operations:1-64")
    public record EnvoyPatch(
            @JsonPropertyDescription("The kind of Envoy resource.") @Required
            EnvoyResource type,

            @JsonPropertyDescription(
                    "Its name, as in Envoy's config dump. Listener: the listener's. RouteConfiguration:"
                            + " routes. VirtualHost: routes/ and the host name, or routes/* for every other host. Cluster: the"
                            + " backend's. ClusterLoadAssignment: the backend's, when its endpoints are written down.")
            @Required
            @Size(min = 1, max = 320)
            String name,

            @JsonPropertyDescription("Done in order.") @Required
            List<PatchOperation> operations) {}

    /** The Envoy resources that can be patched. */
    public enum EnvoyResource {
        Listener,
        RouteConfiguration,
        VirtualHost,
        Cluster,
        ClusterLoadAssignment
    }

    /** One operation of a JSON Patch. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PatchOperation(
            @JsonPropertyDescription("What is done.") @Required
            PatchOp op,

            @JsonPropertyDescription(
                    "A JSON Pointer (RFC 6901) into the resource, whose field names are in snake_case.")
            @Required
            @Pattern("^(/.*)?$")
            @Size(max = 1024)
            String path,

            @JsonPropertyDescription("For move and copy: where it comes from.")
            @Pattern("^(/.*)?$")
            @Size(max = 1024)
            @Nullable
            String from,

            @JsonPropertyDescription("For add, replace and test.") @PreserveUnknownFields @Nullable
            JsonNode value) {}

    /** The operations of RFC 6902, spelled as there. */
    public enum PatchOp {
        add,
        remove,
        replace,
        move,
        copy,
        test
    }

    /** A request, and what must become of it. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ConfigTest(
            @JsonPropertyDescription("Unique among the tests; what a failure is called.")
            @Required
            @Size(min = 1, max = 128)
            String name,

            @JsonPropertyDescription("The request.") @Required
            TestRequest request,

            @JsonPropertyDescription("What must become of it. All given parts must hold.") @Required
            Expectation expect) {}

    /** A request as a client sends it. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "headers:32")
    public record TestRequest(
            @JsonPropertyDescription("The listener that takes it. Default: all that route must agree.")
            @Pattern(ObjectName.DNS_LABEL)
            @Size(min = 1, max = 63)
            @Nullable
            String listener,

            @JsonPropertyDescription("The method.")
            @Default("GET")
            @Pattern("^[A-Z]+$")
            @Size(min = 1, max = 32)
            @Nullable
            String method,

            @JsonPropertyDescription("The Host header, perhaps with a port.") @Required @Size(min = 1, max = 259)
            String host,

            @JsonPropertyDescription("The path, perhaps with a query.")
            @Default("/")
            @Pattern("^/[!-~]*$")
            @Size(max = 4096)
            @Nullable
            String path,

            @JsonPropertyDescription("Headers.") @Nullable List<RouteSpec.Header> headers) {}

    /** What must become of a request. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Expectation(
            @JsonPropertyDescription("Name of the route that takes it.")
            @Pattern(ObjectName.DNS_LABEL)
            @Size(min = 1, max = 63)
            @Nullable
            String route,

            @JsonPropertyDescription("A backend that it may go to.")
            @Pattern(ObjectName.DNS_LABEL)
            @Size(min = 1, max = 63)
            @Nullable
            String backend,

            @JsonPropertyDescription("The status with which the gateway answers itself: 404 when no route takes it.")
            @Min(200)
            @Max(599)
            @Nullable
            Integer status,

            @JsonPropertyDescription("Where a redirect leads to.") @Size(max = 4096) @Nullable
            String location) {}

    /** How a change reaches the fleet, and what stops it. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "steps:16")
    @ValidationRule(
            value = ProxyRules.ACK_TIMEOUT_IS_DURATION,
            messageExpression = ProxyRules.ACK_TIMEOUT_IS_NO_DURATION,
            fieldPath = ".ackTimeout")
    public record Rollout(
            @JsonPropertyDescription("The waves, in order; the whole fleet is added as the last one where it isn't."
                    + " None: one gateway, then all.")
            @Nullable
            List<Step> steps,

            @JsonPropertyDescription("How long a gateway may take to ACK: 1s to 24h.")
            @Default("15s")
            @Size(max = 28)
            @Nullable
            String ackTimeout,

            @JsonPropertyDescription(
                    "What becomes of a version that a gateway refused or did not ACK in time, or that made"
                            + " traffic worse. Rollback: the gateways that have it go back to the last one that all ran."
                            + " Pause: they keep it, and no other gets it.")
            @Default("Rollback")
            @Nullable
            OnFailure onFailure,

            @JsonPropertyDescription("What is asked of the traffic of the gateways that have the new version.")
            @Nullable
            Analysis analysis) {}

    /** One wave. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ShareSchema.class, input = "gateways")
    @ValidationRule(
            value = ProxyRules.BAKE_IS_DURATION,
            messageExpression = ProxyRules.BAKE_IS_NO_DURATION,
            fieldPath = ".bake")
    public record Step(
            @JsonPropertyDescription("How many gateways run the new version in this wave: 10% (rounded up) or 3.")
            @Required
            IntOrString gateways,

            @JsonPropertyDescription("How long all of them must have run it before the next wave: 0s to 24h.")
            @Default("0s")
            @Size(max = 28)
            @Nullable
            String bake) {}

    /** What becomes of a version that failed. */
    public enum OnFailure {
        /** The gateways that have it go back to the last version that the whole fleet ran. */
        Rollback,
        /** They keep it, and no other gateway gets it, until somebody decides. */
        Pause
    }

    /**
     * When traffic counts as having become worse: the error ratio of the gateways that have the new version is above that of
     * the others, and above their own before, by more than chance explains and by more than is let pass.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Analysis(
            @JsonPropertyDescription("Fewer requests than this, in a wave, say nothing.")
            @Min(1)
            @Max(1000000000)
            @Default("20")
            @Nullable
            Long minRequests,

            @JsonPropertyDescription("How much higher the share of failed requests may be: 0% to 100%.")
            @Default("2%")
            @Pattern("^(100|[0-9]{1,2}(\\.[0-9]{1,2})?)%$")
            @Nullable
            String maxErrorRatioIncrease,

            @JsonPropertyDescription("What a wave does whose bake time is over with fewer requests than that.")
            @Default("Continue")
            @Nullable
            OnNoTraffic onNoTraffic) {}

    /** What a wave does that had too little traffic to be judged. */
    public enum OnNoTraffic {
        /** It goes on; status says that it wasn't judged. */
        Continue,
        /** It waits for traffic, or for somebody. */
        Pause
    }
}
