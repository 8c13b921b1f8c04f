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
 * Sends matching requests to backends, or answers them, in the shape of a Gateway API HTTPRoute rule.
 *
 * @see <a href="https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule">Gateway API: HTTPRouteRule</a>
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@SchemaCustomizer(value = ListSchema.class, input = "hostnames:16:set matches:64 filters:16 backendRefs:16:name")
@ValidationRule(value = ProxyRules.ROUTE_LEADS_SOMEWHERE, messageExpression = ProxyRules.ROUTE_LEADS_NOWHERE)
public record RouteSpec(
        @JsonPropertyDescription("Unique among the routes; how status, traces and tests call the route.")
        @Required
        @Pattern(ObjectName.DNS_LABEL)
        @Size(min = 1, max = 63)
        String name,

        @JsonPropertyDescription(
                "Host names of the request (without port), with or without a leading '*.'. None: every host"
                        + " that no other route names: a request is matched only against the routes of the most"
                        + " specific host name that fits.")
        @Nullable
        List<@Pattern("^(\\*\\.)?" + ObjectName.DNS_NAME + "$") @Size(min = 1, max = 253) String> hostnames,

        @JsonPropertyDescription("The route takes a request that fits any of these. None: every path.") @Nullable
        List<Match> matches,

        @JsonPropertyDescription("What is done with requests and responses. Each type at most once, but RequestMirror.")
        @Nullable
        List<Filter> filters,

        @JsonPropertyDescription("Where requests go, in proportion to the weights. All 0: they are answered with 500."
                + " Must be given, unless a filter answers requests itself.")
        @Nullable
        List<BackendRef> backendRefs,

        @JsonPropertyDescription("How long a request may take.") @Nullable
        Timeouts timeouts,

        @JsonPropertyDescription("Which requests are sent to a backend again. None: none is.") @Nullable
        Retry retry,

        @JsonPropertyDescription(
                "How many requests each gateway lets through, of each host name and match of the route."
                        + " None: all.")
        @Nullable
        RateLimit rateLimit,

        @JsonPropertyDescription(
                "Keeps a client on the endpoint that answered it first. Of several backends, which one it"
                        + " is is drawn anew for each request.")
        @Nullable
        SessionPersistence sessionPersistence) {

    /** What a request must look like. All given parts must fit. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "headers:16:name queryParams:16:name")
    public record Match(
            @JsonPropertyDescription("What the path must look like. None: every path.") @Nullable
            PathMatch path,

            @JsonPropertyDescription("The method. None: every one.") @Nullable
            Method method,

            @JsonPropertyDescription("Headers that the request must have, all of them. Of a header that is there"
                    + " several times any value may fit.")
            @Nullable
            List<NamedMatch> headers,

            @JsonPropertyDescription("Query parameters that the request must have, all of them, as they are written in"
                    + " the URL: %20 is no space. Of one that is there several times, the first counts.")
            @Nullable
            List<NamedMatch> queryParams) {}

    /** How the path is matched. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(PathSchema.class)
    public record PathMatch(
            @JsonPropertyDescription("Exact, PathPrefix: whole path elements, so /foo fits /foo/bar but not /foobar,"
                    + " or RegularExpression: the whole path, in RE2 syntax.")
            @Default("PathPrefix")
            @Nullable
            PathMatchType type,

            @JsonPropertyDescription("Starts with a slash, unless it is a regular expression; without query.")
            @Required
            @Size(min = 1, max = 1024)
            String value) {}

    /** The kinds of path match, with the meaning that Gateway API gives them. */
    public enum PathMatchType {
        Exact,
        PathPrefix,
        RegularExpression
    }

    /** The methods of RFC 9110 and PATCH, but CONNECT. */
    public enum Method {
        GET,
        HEAD,
        POST,
        PUT,
        DELETE,
        OPTIONS,
        TRACE,
        PATCH
    }

    /** What a header or a query parameter must look like. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record NamedMatch(
            @JsonPropertyDescription("Exact, or RegularExpression: the whole value, in RE2 syntax.")
            @Default("Exact")
            @Nullable
            ValueMatchType type,

            @JsonPropertyDescription("Of a header in any case, of a query parameter in this case.")
            @Required
            @Pattern(TOKEN)
            @Size(min = 1, max = 256)
            String name,

            @JsonPropertyDescription("What the value must be.") @Required @Size(min = 1, max = 4096)
            String value) {}

    /** How a value is matched. */
    public enum ValueMatchType {
        Exact,
        RegularExpression
    }

    /** A backend's share of a route's requests. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BackendRef(
            @JsonPropertyDescription("One of spec.backends. Unique in its route.")
            @Required
            @Pattern(ObjectName.DNS_LABEL)
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
            @JsonPropertyDescription("From the request's end to the response's end, retries included, at most 24h."
                    + " 0s: no limit. Default: 15s.")
            @Size(max = 28)
            @Nullable
            String request,

            @JsonPropertyDescription("The same of each try, at most the request's. 0s: no limit of its own.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String backendRequest,

            @JsonPropertyDescription(
                    "How long nothing may be sent in either direction, at most 24h. 0s: no limit. Default: 5m.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String idle) {}

    /**
     * Which requests are sent again.
     *
     * @see <a href="https://gateway-api.sigs.k8s.io/geps/gep-1731/">GEP-1731</a>
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "codes:32:set")
    public record Retry(
            @JsonPropertyDescription(
                    "Statuses of responses upon which a request is sent again. No response always counts:"
                            + " a backend that can't be connected to, that breaks the connection off before it answers, or"
                            + " that takes longer than timeouts.backendRequest.")
            @Nullable
            List<@Min(400) @Max(599) Integer> codes,

            @JsonPropertyDescription("How many times it is sent again at most.")
            @Min(1)
            @Max(100)
            @Default("1")
            @Nullable
            Integer attempts,

            @JsonPropertyDescription("How long to wait before the first time; then twice as long each time, at most ten"
                    + " times as long, at random below that. 1ms to 1h; default: 25ms.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String backoff) {}

    /**
     * Requests beyond the limit are answered with 429. Each gateway counts for itself, and of a route with several host names or
     * matches each pair of them.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RateLimit(
            @JsonPropertyDescription("So many requests are let through in each unit of time.")
            @Required
            @Min(1)
            @Max(4294967295L)
            Long requests,

            @JsonPropertyDescription("The unit of time.") @Required
            RateUnit unit,

            @JsonPropertyDescription("So many may come at once. Default: as many as in a unit of time.")
            @Min(1)
            @Max(4294967295L)
            @Nullable
            Long burst) {}

    /** A unit of time, spelled as Gateway API's implementations do. */
    public enum RateUnit {
        Second,
        Minute,
        Hour
    }

    /**
     * By a cookie that the gateway sets and that names the endpoint; when that is gone or unhealthy, another is chosen.
     *
     * @see <a href="https://gateway-api.sigs.k8s.io/geps/gep-1619/">GEP-1619</a>
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record SessionPersistence(
            @JsonPropertyDescription("Name of the cookie. Default: mpg-session.")
            @Pattern(TOKEN)
            @Size(min = 1, max = 128)
            @Nullable
            String sessionName,

            @JsonPropertyDescription("How long the cookie lives, at least 1s. Default: until the browser is closed.")
            @Pattern(ProxyRules.DURATION)
            @Size(max = 28)
            @Nullable
            String absoluteTimeout,

            @JsonPropertyDescription("For which paths the cookie is. Default: /.")
            @Pattern("^/[-A-Za-z0-9/._~!$&'()*+,=:@%]*$")
            @Size(min = 1, max = 1024)
            @Nullable
            String path) {}

    /** One thing that is done with requests or responses; the part that the type names is given, and no other. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(value = ProxyRules.FILTER_HAS_ITS_PART, message = ProxyRules.FILTER_LACKS_ITS_PART)
    public record Filter(
            @JsonPropertyDescription("What is done.") @Required
            FilterType type,

            @JsonPropertyDescription("Changes headers on their way to the backend.") @Nullable
            HeaderModifier requestHeaderModifier,

            @JsonPropertyDescription("Changes headers on their way to the client.") @Nullable
            HeaderModifier responseHeaderModifier,

            @JsonPropertyDescription("Answers with a redirect.") @Nullable
            RequestRedirect requestRedirect,

            @JsonPropertyDescription("Changes what the backend sees of the URL.") @Nullable
            URLRewrite urlRewrite,

            @JsonPropertyDescription("Sends a copy of the request to another backend, and ignores its answer.")
            @Nullable
            RequestMirror requestMirror,

            @JsonPropertyDescription("What scripts of other origins may do.") @Nullable
            CORS cors,

            @JsonPropertyDescription("Delays requests or answers them with an error, to see how clients take it.")
            @Nullable
            Fault fault,

            @JsonPropertyDescription("Answers itself.") @Nullable
            DirectResponse directResponse) {}

    /** What a filter does. CORS and above as Gateway API names them. */
    public enum FilterType {
        RequestHeaderModifier,
        ResponseHeaderModifier,
        RequestRedirect,
        URLRewrite,
        RequestMirror,
        CORS,
        Fault,
        DirectResponse
    }

    /** Changes of headers: first those to remove, then those to set, then those to add. Each header is named once. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(value = ListSchema.class, input = "set:16:name add:16:name remove:16:set")
    public record HeaderModifier(
            @JsonPropertyDescription("Replaces the values that are there.") @Nullable
            List<Header> set,

            @JsonPropertyDescription("Adds to the values that are there.") @Nullable
            List<Header> add,

            @JsonPropertyDescription("Names of headers that are taken away.") @Nullable
            List<@Pattern(TOKEN) @Size(min = 1, max = 256) String> remove) {}

    /** A header, as it is sent: nothing in its value is replaced. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Header(
            @JsonPropertyDescription("In any case.") @Required @Pattern(TOKEN) @Size(min = 1, max = 256)
            String name,

            @JsonPropertyDescription("Sent as it is written.") @Required @Size(min = 1, max = 4096)
            String value) {}

    /** A redirect. What isn't given stays as in the request. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = ProxyRules.IS_REDIRECT_STATUS,
            message = ProxyRules.IS_NO_REDIRECT_STATUS,
            fieldPath = ".statusCode")
    public record RequestRedirect(
            @JsonPropertyDescription("The scheme.") @Nullable
            Scheme scheme,

            @JsonPropertyDescription("The host, without port.")
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            @Nullable
            String hostname,

            @JsonPropertyDescription("The path.") @Nullable PathModifier path,

            @JsonPropertyDescription(
                    "The port. Default: with a scheme its own (80, 443), with only a hostname that of the"
                            + " request's scheme, else the request's.")
            @Min(1)
            @Max(65535)
            @Nullable
            Integer port,

            @JsonPropertyDescription("301, 302, 303, 307 or 308.") @Default("302") @Nullable
            Integer statusCode) {}

    /** The schemes of HTTP, spelled as in URLs. */
    public enum Scheme {
        http,
        https
    }

    /** How a path is changed; the query stays. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(value = ProxyRules.PATH_HAS_ITS_PART, message = ProxyRules.PATH_LACKS_ITS_PART)
    public record PathModifier(
            @JsonPropertyDescription("What is replaced: all of the path, or the prefix by which the route matched.")
            @Required
            PathModifierType type,

            @JsonPropertyDescription("For ReplaceFullPath.") @Size(max = 1024) @Nullable
            String replaceFullPath,

            @JsonPropertyDescription(
                    "For ReplacePrefixMatch: /foo replaced by /bar makes /bar/x of /foo/x, and / makes /x."
                            + " All matches of the route must be of type PathPrefix.")
            @Size(max = 1024)
            @Nullable
            String replacePrefixMatch) {}

    /** What of a path is replaced. */
    public enum PathModifierType {
        ReplaceFullPath,
        ReplacePrefixMatch
    }

    /** What the backend sees of the URL. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record URLRewrite(
            @JsonPropertyDescription("The host.")
            @Pattern("^" + ObjectName.DNS_NAME + "$")
            @Size(min = 1, max = 253)
            @Nullable
            String hostname,

            @JsonPropertyDescription("The path.") @Nullable PathModifier path) {}

    /** Where copies go. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RequestMirror(
            @JsonPropertyDescription("One of spec.backends.") @Required
            MirrorRef backendRef,

            @JsonPropertyDescription("How many of the requests are copied, in percent.")
            @Min(0)
            @Max(100)
            @Default("100")
            @Nullable
            Integer percent) {}

    /** The backend that gets copies. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record MirrorRef(
            @JsonPropertyDescription("One of spec.backends.")
            @Required
            @Pattern(ObjectName.DNS_LABEL)
            @Size(min = 1, max = 63)
            String name) {}

    /**
     * Cross-origin resource sharing: preflight requests are answered by the gateway.
     *
     * @see <a href="https://gateway-api.sigs.k8s.io/geps/gep-1767/">GEP-1767</a>
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @SchemaCustomizer(
            value = ListSchema.class,
            input = "allowOrigins:64:set allowMethods:16:set allowHeaders:64:set exposeHeaders:64:set")
    public record CORS(
            @JsonPropertyDescription("Origins that may: https://shop.example.com, https://*.example.com, or *.")
            @Nullable
            List<@Size(min = 1, max = 253) String> allowOrigins,

            @JsonPropertyDescription("Whether they may send cookies and the like.") @Nullable
            Boolean allowCredentials,

            @JsonPropertyDescription("Methods that they may use, or *.") @Nullable
            List<@Pattern("^([A-Z]+|\\*)$") @Size(min = 1, max = 32) String> allowMethods,

            @JsonPropertyDescription("Headers that they may send, or *.") @Nullable
            List<@Pattern(TOKEN) @Size(min = 1, max = 256) String> allowHeaders,

            @JsonPropertyDescription("Headers of responses that they may read, or *.") @Nullable
            List<@Pattern(TOKEN) @Size(min = 1, max = 256) String> exposeHeaders,

            @JsonPropertyDescription("How long browsers may remember the answer, in seconds.")
            @Min(1)
            @Max(86400)
            @Default("5")
            @Nullable
            Integer maxAge) {}

    /** Errors on purpose. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Fault(
            @JsonPropertyDescription("Requests wait before they are sent on.") @Nullable
            Delay delay,

            @JsonPropertyDescription("Requests are answered with an error instead of being sent on.") @Nullable
            Abort abort) {}

    /** A delay. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Delay(
            @JsonPropertyDescription("How long: 1ms to 1h.") @Required @Pattern(ProxyRules.DURATION) @Size(max = 28)
            String fixed,

            @JsonPropertyDescription("Of how many requests, in percent.") @Min(0) @Max(100) @Default("100") @Nullable
            Integer percent) {}

    /** An error. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Abort(
            @JsonPropertyDescription("The status of the answer.") @Required @Min(200) @Max(599)
            Integer status,

            @JsonPropertyDescription("Of how many requests, in percent.") @Min(0) @Max(100) @Default("100") @Nullable
            Integer percent) {}

    /** An answer of the gateway's own. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record DirectResponse(
            @JsonPropertyDescription("The status.") @Required @Min(200) @Max(599)
            Integer status,

            @JsonPropertyDescription("The body, as plain text of at most 4096 bytes. None: it has none.")
            @Size(max = 4096)
            @Nullable
            String body) {}

    /** What a header's name may consist of (RFC 9110). */
    private static final String TOKEN = "^[-!#$%&'*+.^_`|~0-9A-Za-z]+$";
}
