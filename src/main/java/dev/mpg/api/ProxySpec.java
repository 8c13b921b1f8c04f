package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What users ask of a Proxy. Any field may be absent, as the API server lets it be; {@code config.SpecReader} fills in the
 * defaults and checks what the schema cannot.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@SchemaCustomizer(value = ListSchema.class, input = "listeners:16:name routes:500:name backends:256:name")
@ValidationRule(
        value = "has(self.clusterId) == has(oldSelf.clusterId)"
                + " && (!has(self.clusterId) || self.clusterId == oldSelf.clusterId)",
        message = "clusterId is immutable: create another Proxy instead",
        fieldPath = ".clusterId")
@ValidationRule(
        value = "!has(self.listeners) || self.listeners.all(l, self.listeners.exists_one(m, m.port == l.port))",
        message = "two listeners have one port: give each listener a port of its own",
        fieldPath = ".listeners")
@ValidationRule(
        value = "!has(self.routes) || self.routes.all(r, r.backendRefs.all(ref,"
                + " has(self.backends) && self.backends.exists(b, b.name == ref.name)))",
        messageExpression =
                "'no backend is named ' + self.routes.filter(r, r.backendRefs.exists(ref, !has(self.backends)"
                        + " || !self.backends.exists(b, b.name == ref.name)))[0].backendRefs.filter(ref, !has(self.backends)"
                        + " || !self.backends.exists(b, b.name == ref.name))[0].name + ': add it to spec.backends or correct the"
                        + " backendRef'",
        fieldPath = ".routes")
public record ProxySpec(
        @JsonPropertyDescription("Name of this config plane, which gateways give as node.cluster. Unique; immutable."
                + " Default: <namespace>.<name>.")
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
        @Size(min = 1, max = 128)
        @Nullable
        String clusterId,

        @JsonPropertyDescription("The Scheduler whose proxy instances serve this Proxy.")
        @Default("default")
        @Size(min = 1, max = 253)
        @Nullable
        String schedulerName,

        @JsonPropertyDescription("The fleet of gateways.") @Nullable
        Gateway gateway,

        @JsonPropertyDescription("Ports on which every gateway takes requests.") @Nullable
        List<Listener> listeners,

        @JsonPropertyDescription("Which request goes to which backends.") @Nullable
        List<Route> routes,

        @JsonPropertyDescription("Upstream services that routes refer to by name.") @Nullable
        List<Backend> backends) {

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
            @Required @Pattern(DNS_LABEL) @Size(min = 1, max = 63)
            String name,

            @Required @Min(1) @Max(65535) Integer port,

            @JsonPropertyDescription("HTTP: HTTP/1.1 and HTTP/2 without TLS.") @Default("HTTP") @Nullable
            Protocol protocol) {}

    /** What a listener speaks with its clients. */
    public enum Protocol {
        HTTP
    }

    /** Sends matching requests to backends, in the shape of a Gateway API HTTPRoute rule. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "hostnames:16 matches:8 backendRefs:8:name")
    public record Route(
            @Required @Pattern(DNS_LABEL) @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription(
                    "Host names of the request (without port), with or without a leading '*.'." + " None: every host.")
            @Nullable
            List<
                            @Pattern("^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
                            @Size(min = 1, max = 253) String>
                    hostnames,

            @JsonPropertyDescription("The route takes a request that fits any of these. None: every path.") @Nullable
            List<Match> matches,

            @JsonPropertyDescription("Where requests go, in proportion to the weights.") @Required
            List<BackendRef> backendRefs,

            @Nullable Timeouts timeouts) {}

    /** What a request must look like. All given parts must fit. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Match(@Nullable PathMatch path) {}

    /** How the path is matched. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PathMatch(
            @JsonPropertyDescription(
                    "Exact, or PathPrefix: whole path elements, so /foo fits /foo/bar but not /foobar.")
            @Default("PathPrefix")
            @Nullable
            PathMatchType type,

            @Required @Pattern("^/[^?#\\s]*$") @Size(min = 1, max = 1024)
            String value) {}

    /** The kinds of path match, with the meaning that Gateway API gives them. */
    public enum PathMatchType {
        Exact,
        PathPrefix
    }

    /** A backend's share of a route's requests. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BackendRef(
            @Required @Pattern(DNS_LABEL) @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription("Share of requests: weight / sum of the weights.")
            @Min(0)
            @Max(1000000)
            @Default("1")
            @Nullable
            Integer weight) {}

    /** How long things may take, as Gateway API durations: 3s, 500ms, 1m30s. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Timeouts(
            @JsonPropertyDescription("From the request's end to the response's end. 0s: no limit.")
            @Pattern("^([0-9]{1,5}(h|m|s|ms)){1,4}$")
            @Nullable
            String request) {}

    /** An upstream service. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "endpoints:256")
    public record Backend(
            @Required @Pattern(DNS_LABEL) @Size(min = 1, max = 63)
            String name,

            @Required List<Endpoint> endpoints,

            @JsonPropertyDescription("Limits beyond which requests are refused rather than queued.") @Nullable
            CircuitBreaker circuitBreaker) {}

    /** One address of an upstream service. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "isIP(self.host)",
            messageExpression = "'not an IP address: ' + self.host + '; give an IPv4 or IPv6 address'",
            fieldPath = ".host")
    public record Endpoint(
            @JsonPropertyDescription("IPv4 or IPv6 address.") @Required @Size(min = 1, max = 45)
            String host,

            @Required @Min(1) @Max(65535) Integer port) {}

    /** Envoy's circuit-breaker thresholds, counted per gateway. Absent: Envoy's default, 1024 (retries: 3). */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CircuitBreaker(
            @Min(0) @Max(4294967295L) @Nullable Long maxConnections,
            @Min(0) @Max(4294967295L) @Nullable Long maxPendingRequests,
            @Min(0) @Max(4294967295L) @Nullable Long maxParallelRequests,
            @Min(0) @Max(4294967295L) @Nullable Long maxParallelRetries) {}

    private static final String DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
}
