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

/** A port on which every gateway of the fleet takes requests. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(value = ProxyRules.TLS_IS_FOR_HTTPS, message = ProxyRules.TLS_IS_NOT_FOR_HTTPS, fieldPath = ".tls")
public record ListenerSpec(
        @JsonPropertyDescription("Unique among the listeners.")
        @Required
        @Pattern(ObjectName.DNS_LABEL)
        @Size(min = 1, max = 63)
        String name,

        @JsonPropertyDescription("TCP port. Unique among the listeners.") @Required @Min(1) @Max(65535)
        Integer port,

        @JsonPropertyDescription("HTTP: HTTP/1.1 and HTTP/2 without TLS. HTTPS: both with TLS.")
        @Default("HTTP")
        @Nullable
        Protocol protocol,

        @JsonPropertyDescription("For HTTPS: certificates and what is spoken.") @Nullable
        TLS tls,

        @JsonPropertyDescription("Answers every request with a redirect to HTTPS; routes are not asked.") @Nullable
        HttpsRedirect httpsRedirect,

        @JsonPropertyDescription(
                "Connections begin with the PROXY protocol (version 1 or 2), as some load balancers in front"
                        + " send it; others are closed.")
        @Nullable
        Boolean proxyProtocol,

        @JsonPropertyDescription(
                "More connections than this to one gateway are closed at once; of HTTPS, the connections"
                        + " that get one certificate are counted together. Default: no limit.")
        @Min(1)
        @Max(4294967295L)
        @Nullable
        Long maxConnections,

        @JsonPropertyDescription("A line on the gateway's standard output for each request. None: there is none.")
        @Nullable
        AccessLog accessLog) {

    /** What a listener speaks with its clients. */
    public enum Protocol {
        HTTP,
        HTTPS
    }

    /** How clients are served over TLS. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "certificates:1-64 alpn:2:set")
    public record TLS(
            @JsonPropertyDescription("Which certificate is for which host names. At least one.") @Required
            List<Certificate> certificates,

            @JsonPropertyDescription("Older versions of TLS are refused.") @Default("V1_2") @Nullable
            Version minVersion,

            @JsonPropertyDescription("What may be spoken, most wanted first. Default: h2, http/1.1.") @Nullable
            List<@Pattern("^(h2|http/1\\.1)$") String> alpn) {}

    /** A certificate with its key. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "hostnames:64:set")
    public record Certificate(
            @JsonPropertyDescription(
                    "A Secret of type kubernetes.io/tls in the Proxy's namespace. It is followed: a new"
                            + " certificate reaches every gateway at once, and makes no version.")
            @Required
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            String secretName,

            @JsonPropertyDescription("For clients that ask for these host names (SNI), with or without a leading '*.'."
                    + " None: for all that ask for no other's, or for none at all.")
            @Nullable
            List<@Pattern("^(\\*\\.)?" + ObjectName.DNS_NAME + "$") @Size(min = 1, max = 253) String> hostnames) {}

    /** Versions of TLS. */
    public enum Version {
        V1_2,
        V1_3
    }

    /** Where requests without TLS are sent. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = ProxyRules.IS_REDIRECT_STATUS,
            message = ProxyRules.IS_NO_REDIRECT_STATUS,
            fieldPath = ".statusCode")
    public record HttpsRedirect(
            @JsonPropertyDescription("The port that clients use for HTTPS.")
            @Min(1)
            @Max(65535)
            @Default("443")
            @Nullable
            Integer port,

            @JsonPropertyDescription("301, 302, 303, 307 or 308.") @Default("301") @Nullable
            Integer statusCode) {}

    /** A log of requests. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record AccessLog(
            @JsonPropertyDescription("The line, with Envoy's command operators, such as %REQ(:PATH)% %RESPONSE_CODE%."
                    + " Default: Envoy's.")
            @Size(min = 1, max = 4096)
            @Nullable
            String format) {}
}
