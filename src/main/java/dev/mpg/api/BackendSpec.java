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

/** An upstream service: endpoints that are written down, a name in the DNS, or a Kubernetes Service; and how it is used. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@SchemaCustomizer(value = ListSchema.class, input = "endpoints:64:host+port")
@ValidationRule(
        value = ProxyRules.ENDPOINTS_ARE_FROM_ONE_PLACE,
        messageExpression = ProxyRules.ENDPOINTS_ARE_FROM_NONE_OR_TWO)
public record BackendSpec(
        @JsonPropertyDescription("Unique among the backends; what backendRefs say.")
        @Required
        @Pattern(ObjectName.DNS_LABEL)
        @Size(min = 1, max = 63)
        String name,

        @JsonPropertyDescription("Addresses that share the backend's requests. None: requests get 503."
                + " Either these, a service or a dns name must be given.")
        @Nullable
        List<Endpoint> endpoints,

        @JsonPropertyDescription(
                "A Service whose endpoints share the backend's requests, as they come and go: that is no"
                        + " change of the config, and makes no version. None is ready, nor serving while it ends: requests get 503.")
        @Nullable
        ServiceRef service,

        @JsonPropertyDescription("A name that each gateway looks up in the DNS again and again.") @Nullable
        DnsName dns,

        @JsonPropertyDescription("HTTP1, or HTTP2: also without TLS, for h2c and gRPC. Default: HTTP1.") @Nullable
        Protocol protocol,

        @JsonPropertyDescription("TLS to the backend. None: plain.") @Nullable
        TLS tls,

        @JsonPropertyDescription("Limits beyond which requests are refused rather than queued.") @Nullable
        CircuitBreaker circuitBreaker,

        @JsonPropertyDescription("How endpoints are found unfit.") @Nullable
        HealthCheck healthCheck,

        @JsonPropertyDescription("How an endpoint is chosen. Default: RoundRobin.") @Nullable
        LoadBalancer loadBalancer,

        @JsonPropertyDescription("How long it may take to connect: 1ms to 1h. Default: 5s.")
        @Pattern(ProxyRules.DURATION)
        @Size(max = 28)
        @Nullable
        String connectTimeout,

        @JsonPropertyDescription("Finds connections whose other end is gone. None: the system's default.") @Nullable
        TcpKeepalive tcpKeepalive) {

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
            @Pattern(ObjectName.DNS_LABEL)
            @Size(min = 1, max = 63)
            String name,

            @JsonPropertyDescription("The Service's port, not that of its pods.") @Required @Min(1) @Max(65535)
            Integer port) {}

    /** A name in the DNS. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record DnsName(
            @JsonPropertyDescription(
                    "Such as api.example.com. All of its IPv4 addresses share the requests, or, where it has"
                            + " none, its IPv6 addresses.")
            @Required
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            String hostname,

            @JsonPropertyDescription("TCP port.") @Required @Min(1) @Max(65535)
            Integer port) {}

    /** What is spoken with the backend. */
    public enum Protocol {
        HTTP1,
        HTTP2
    }

    /**
     * TLS to the backend, in the shape of Gateway API's BackendTLSPolicy. The backend's certificate is always checked.
     *
     * @see <a href="https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/">Gateway API: BackendTLSPolicy</a>
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "subjectAltNames:16:set")
    public record TLS(
            @JsonPropertyDescription(
                    "The name that the backend is asked for (SNI) and, unless subjectAltNames are given,"
                            + " that its certificate must have.")
            @Required
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            String hostname,

            @JsonPropertyDescription(
                    "A Secret in the Proxy's namespace whose ca.crt has the authorities that are trusted."
                            + " Default: those of the gateway's system.")
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            @Nullable
            String caSecretName,

            @JsonPropertyDescription("Names in the DNS or URIs, one of which the backend's certificate must have.")
            @Nullable
            List<@Size(min = 1, max = 253) String> subjectAltNames) {}

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
            Long maxParallelRetries,

            @JsonPropertyDescription("Requests on one connection, which is closed then. Default: no limit.")
            @Min(1)
            @Max(4294967295L)
            @Nullable
            Long maxRequestsPerConnection,

            @JsonPropertyDescription("Limits for each endpoint.") @Nullable
            PerEndpoint perEndpoint) {}

    /** Limits for each endpoint. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PerEndpoint(
            @JsonPropertyDescription("Open connections to the endpoint.") @Min(0) @Max(4294967295L) @Nullable
            Long maxConnections) {}

    /** How endpoints are found unfit: by asking them, or by how they answer. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record HealthCheck(
            @JsonPropertyDescription("Endpoints are asked regularly, and those that don't answer well get no requests.")
            @Nullable
            ActiveHealthCheck active,

            @JsonPropertyDescription("Endpoints that answer badly get no requests for a while (outlier detection).")
            @Nullable
            PassiveHealthCheck passive) {}

    /** Each gateway asks each endpoint. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "expectedStatuses:32:set")
    public record ActiveHealthCheck(
            @JsonPropertyDescription("HTTP: a request. TCP: a connection.") @Default("HTTP") @Nullable
            HealthCheckType type,

            @JsonPropertyDescription("For HTTP: what is asked for.")
            @Pattern("^/[!-~]*$")
            @Size(min = 1, max = 1024)
            @Default("/")
            @Nullable
            String path,

            @JsonPropertyDescription("For HTTP: the host that is asked for. Default: the backend's name.")
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            @Nullable
            String hostname,

            @JsonPropertyDescription("For HTTP: good answers. Default: 200.") @Nullable
            List<@Min(100) @Max(599) Integer> expectedStatuses,

            @JsonPropertyDescription("How long an answer may take: 1ms to 1h.")
            @Default("1s")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String timeout,

            @JsonPropertyDescription("From one time to the next, also of endpoints that get no requests: 10ms to 1h.")
            @Default("3s")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String interval,

            @JsonPropertyDescription("So many bad answers in a row make an endpoint unhealthy.")
            @Min(1)
            @Max(100)
            @Default("3")
            @Nullable
            Integer unhealthyThreshold,

            @JsonPropertyDescription("So many good answers in a row make it healthy again.")
            @Min(1)
            @Max(100)
            @Default("1")
            @Nullable
            Integer healthyThreshold) {}

    /** How endpoints are asked. */
    public enum HealthCheckType {
        HTTP,
        TCP
    }

    /** Outlier detection, named as in Envoy Gateway. Each gateway judges for itself. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PassiveHealthCheck(
            @JsonPropertyDescription("So many 5xx in a row eject an endpoint. 0: they don't.")
            @Min(0)
            @Max(4294967295L)
            @Default("5")
            @Nullable
            Long consecutive5xxErrors,

            @JsonPropertyDescription("So many of 502, 503 and 504 in a row do. 0: they don't.")
            @Min(0)
            @Max(4294967295L)
            @Default("0")
            @Nullable
            Long consecutiveGatewayErrors,

            @JsonPropertyDescription("How often it is looked whether an endpoint may come back: 10ms to 1h.")
            @Default("3s")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String interval,

            @JsonPropertyDescription(
                    "How long it is out the first time; the second time twice as long, and so on:" + " 10ms to 1h.")
            @Default("30s")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String baseEjectionTime,

            @JsonPropertyDescription(
                    "At most this share of the endpoints is out, in percent, but always one may be. 0: none"
                            + " ever is.")
            @Min(0)
            @Max(100)
            @Default("10")
            @Nullable
            Integer maxEjectionPercent) {}

    /** How an endpoint is chosen for a request. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record LoadBalancer(
            @JsonPropertyDescription("LeastRequest: of two at random the one with fewer requests under way.")
            @Default("RoundRobin")
            @Nullable
            LoadBalancerType type,

            @JsonPropertyDescription("For ConsistentHash: by what.") @Nullable
            ConsistentHash consistentHash,

            @JsonPropertyDescription(
                    "For RoundRobin and LeastRequest: an endpoint that is new gets its full share of the"
                            + " requests only after this time: 1s to 1h.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String slowStart) {}

    /** Load-balancing policies, named as in Envoy Gateway. */
    public enum LoadBalancerType {
        RoundRobin,
        LeastRequest,
        Random,
        ConsistentHash
    }

    /** Requests that have the same in common go to the same endpoint. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ConsistentHash(
            @JsonPropertyDescription("What requests must have in common.") @Required
            HashBy type,

            @JsonPropertyDescription("For Header and Cookie: its name. A client without the cookie gets one.")
            @Pattern("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
            @Size(min = 1, max = 256)
            @Nullable
            String name,

            @JsonPropertyDescription(
                    "For Cookie: how long it lives, at least 1s. Default: until the browser is closed.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String ttl,

            @JsonPropertyDescription("Maglev: even. RingHash: an endpoint that comes or goes moves fewer.")
            @Default("Maglev")
            @Nullable
            HashAlgorithm algorithm,

            @JsonPropertyDescription(
                    "No endpoint gets more than this share of the average load, in percent; what would be"
                            + " more goes to the next. Default: no bound.")
            @Min(100)
            @Max(1000)
            @Nullable
            Integer maxLoadPercent) {}

    /** What is hashed. */
    public enum HashBy {
        SourceIP,
        Header,
        Cookie
    }

    /** Envoy's consistent hashes. */
    public enum HashAlgorithm {
        Maglev,
        RingHash
    }

    /** As the system's socket options. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record TcpKeepalive(
            @JsonPropertyDescription("After so many without an answer the connection is closed.")
            @Min(1)
            @Max(127)
            @Nullable
            Integer probes,

            @JsonPropertyDescription("How long nothing is received before the first probe: 1s to 9h.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String idleTime,

            @JsonPropertyDescription("From one probe to the next: 1s to 9h.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String interval) {}
}
