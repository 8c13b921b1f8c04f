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
        input = "listeners:16:name routes:5000:name:atomic backends:5000:name:atomic envoyPatches:64")
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
        @Pattern("^" + DNS_NAME + "$")
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
        List<Listener> listeners,

        @JsonPropertyDescription("Which request goes to which backends.") @Nullable
        List<Route> routes,

        @JsonPropertyDescription("Upstream services that routes refer to by name.") @Nullable
        List<Backend> backends,

        @JsonPropertyDescription(
                "Changes to the Envoy resources that the rest compiles to, for what it can't say. In order;"
                        + " not validated beyond that they apply: Envoy may refuse the result.")
        @Nullable
        List<EnvoyPatch> envoyPatches,

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

    /** A port on which every gateway of the fleet takes requests. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Listener(
            @JsonPropertyDescription("Unique among the listeners.")
            @Required
            @Pattern(DNS_LABEL)
            @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription("TCP port. Unique among the listeners.") @Required @Min(1) @Max(65535)
            Integer port,

            @JsonPropertyDescription("HTTP: HTTP/1.1 and HTTP/2 without TLS.") @Default("HTTP") @Nullable
            Protocol protocol) {}

    /** What a listener speaks with its clients. */
    public enum Protocol {
        HTTP
    }

    /** Sends matching requests to backends, in the shape of a Gateway API HTTPRoute rule. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "hostnames:16:set matches:64 backendRefs:1-16:name")
    public record Route(
            @JsonPropertyDescription("Unique among the routes; how status, traces and tests call the route.")
            @Required
            @Pattern(DNS_LABEL)
            @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription(
                    "Host names of the request (without port), with or without a leading '*.'. None: every host"
                            + " that no other route names: a request is matched only against the routes of the most"
                            + " specific host name that fits.")
            @Nullable
            List<@Pattern("^(\\*\\.)?" + DNS_NAME + "$") @Size(min = 1, max = 253) String> hostnames,

            @JsonPropertyDescription("The route takes a request that fits any of these. None: every path.") @Nullable
            List<Match> matches,

            @JsonPropertyDescription(
                    "Where requests go, in proportion to the weights. All 0: they are answered with 500.")
            @Required
            List<BackendRef> backendRefs,

            @JsonPropertyDescription("How long a request may take.") @Nullable
            Timeouts timeouts) {}

    /** What a request must look like. All given parts must fit. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Match(
            @JsonPropertyDescription("What the path must look like. None: every path.") @Nullable
            PathMatch path) {}

    /** How the path is matched. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PathMatch(
            @JsonPropertyDescription(
                    "Exact, or PathPrefix: whole path elements, so /foo fits /foo/bar but not /foobar.")
            @Default("PathPrefix")
            @Nullable
            PathMatchType type,

            @JsonPropertyDescription("Starts with a slash; without query.")
            @Required
            @Pattern("^/([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$")
            @Size(min = 1, max = 1024)
            String value) {}

    /** The kinds of path match, with the meaning that Gateway API gives them. */
    public enum PathMatchType {
        Exact,
        PathPrefix
    }

    /** A backend's share of a route's requests. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BackendRef(
            @JsonPropertyDescription("One of spec.backends. Unique in its route.")
            @Required
            @Pattern(DNS_LABEL)
            @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription("Share of requests: weight / sum of the weights.")
            @Min(0)
            @Max(1000000)
            @Default("1")
            @Nullable
            Integer weight) {}

    /** How long things may take, as Gateway API durations: 3s, 500ms, 1m30s. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = ProxyRules.TIMEOUT_IS_DURATION,
            messageExpression = ProxyRules.TIMEOUT_IS_NO_DURATION,
            fieldPath = ".request")
    public record Timeouts(
            @JsonPropertyDescription("From the request's end to the response's end, at most 24h. 0s: no limit.")
            @Size(max = 28)
            @Nullable
            String request) {}

    /** An upstream service: endpoints that are written down, or those of a Kubernetes Service. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "endpoints:64:host+port")
    @ValidationRule(
            value = ProxyRules.ENDPOINTS_ARE_FROM_ONE_PLACE,
            messageExpression = ProxyRules.ENDPOINTS_ARE_FROM_NONE_OR_TWO)
    public record Backend(
            @JsonPropertyDescription("Unique among the backends; what backendRefs say.")
            @Required
            @Pattern(DNS_LABEL)
            @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription("Addresses that share the backend's requests. None: requests get 503."
                    + " Either these or a service must be given.")
            @Nullable
            List<Endpoint> endpoints,

            @JsonPropertyDescription(
                    "A Service whose endpoints share the backend's requests, as they come and go: that is no"
                            + " change of the config, and makes no version. None is ready, nor serving while it ends: requests get 503.")
            @Nullable
            ServiceRef service,

            @JsonPropertyDescription("Limits beyond which requests are refused rather than queued.") @Nullable
            CircuitBreaker circuitBreaker) {}

    /** One address of an upstream service. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(value = ProxyRules.IS_IP, messageExpression = ProxyRules.IS_NO_IP, fieldPath = ".host")
    public record Endpoint(
            @JsonPropertyDescription("IPv4 or IPv6 address.") @Required @Size(max = 45)
            String host,

            @JsonPropertyDescription("TCP port.") @Required @Min(1) @Max(65535)
            Integer port) {}

    /** A port of a Kubernetes Service. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ServiceRef(
            @JsonPropertyDescription("A Service in the Proxy's namespace.")
            @Required
            @Pattern(DNS_LABEL)
            @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription("The Service's port, not that of its pods.") @Required @Min(1) @Max(65535)
            Integer port) {}

    /** Envoy's circuit-breaker thresholds, counted per gateway. Absent: Envoy's default, 1024 (retries: 3). */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CircuitBreaker(
            @JsonPropertyDescription("Open connections to the backend.") @Min(0) @Max(4294967295L) @Nullable
            Long maxConnections,

            @JsonPropertyDescription("Requests that wait for a connection.") @Min(0) @Max(4294967295L) @Nullable
            Long maxPendingRequests,

            @JsonPropertyDescription("Requests under way.") @Min(0) @Max(4294967295L) @Nullable
            Long maxParallelRequests,

            @JsonPropertyDescription("Retries under way.") @Min(0) @Max(4294967295L) @Nullable
            Long maxParallelRetries) {}

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

    private static final String DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
    private static final String DNS_NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*";
}
