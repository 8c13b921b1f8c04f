package dev.mpg.match;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.route.v3.FilterConfig;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What else of a listener may answer or change a request before its route is asked, or instead of it. Immutable.
 *
 * @param filters its HTTP filters
 * @param changesReplies whether the gateway's own answers may be changed
 */
record Caveats(List<HttpFilter> filters, boolean changesReplies) {
    private static final String FILTERS = "envoy.extensions.filters.http.";
    private static final String ROUTE_FILTER_CONFIG =
            FilterConfig.getDescriptor().getFullName();

    static final Caveats NONE = new Caveats(List.of(), false);

    static Caveats of(HttpConnectionManager manager) {
        LocalReplyConfig replies = manager.getLocalReplyConfig();
        // More headers change no answer.
        boolean changes = replies.hasBodyFormat()
                || replies.getMappersList().stream()
                        .anyMatch(
                                mapper -> mapper.hasStatusCode() || mapper.hasBody() || mapper.hasBodyFormatOverride());
        return new Caveats(manager.getHttpFiltersList(), changes);
    }

    /**
     * Those that this request has, in words.
     *
     * @param host the default one when the request belongs to none
     * @param route the default one when none takes the request
     */
    List<String> of(Request request, RouteConfiguration routes, VirtualHost host, Route route) {
        List<String> caveats = new ArrayList<>();
        List<Map<String, Any>> configs = List.of(
                route.getTypedPerFilterConfigMap(),
                host.getTypedPerFilterConfigMap(),
                routes.getTypedPerFilterConfigMap());
        for (HttpFilter filter : filters) {
            config(filter, configs)
                    .flatMap(config -> caveat(filter.getName(), config, request))
                    .ifPresent(caveats::add);
        }
        if (changesReplies) {
            caveats.add("local_reply_config may change what the gateway answers itself");
        }
        return caveats;
    }

    /** What a filter runs with, from the most specific place that says something; empty when it doesn't run. */
    private static Optional<Any> config(HttpFilter filter, List<Map<String, Any>> configs) {
        Optional<Any> specific = configs.stream()
                .flatMap(config -> Stream.ofNullable(config.get(filter.getName())))
                .findFirst();
        if (specific.isEmpty()) {
            return filter.getDisabled() ? Optional.empty() : Optional.of(filter.getTypedConfig());
        }
        if (!isOf(specific.get(), ROUTE_FILTER_CONFIG)) {
            return specific;
        }
        FilterConfig config = read(specific.get(), FilterConfig.getDefaultInstance());
        return config.getDisabled()
                ? Optional.empty()
                : Optional.of(config.hasConfig() ? config.getConfig() : filter.getTypedConfig());
    }

    private static Optional<String> caveat(String name, Any config, Request request) {
        String type = config.getTypeUrl().substring(config.getTypeUrl().lastIndexOf('/') + 1);
        if (!type.startsWith(FILTERS)) {
            return Optional.of(mayDoAnything(name));
        }
        return switch (type.substring(FILTERS.length())) {
            case "router.v3.Router",
                    "stateful_session.v3.StatefulSession",
                    "stateful_session.v3.StatefulSessionPerRoute" -> Optional.empty();
            case "cors.v3.Cors", "cors.v3.CorsPolicy" ->
                isPreflight(request)
                        ? Optional.of(
                                "HTTP filter " + name + " answers this preflight itself when it allows the origin")
                        : Optional.empty();
            case "fault.v3.HTTPFault" ->
                read(config, HTTPFault.getDefaultInstance()).hasAbort()
                        ? Optional.of("HTTP filter " + name + " may abort the request with an error of its own")
                        : Optional.empty();
            case "local_ratelimit.v3.LocalRateLimit" -> {
                LocalRateLimit limit = read(config, LocalRateLimit.getDefaultInstance());
                int status = limit.getStatus().getCodeValue();
                yield limit.hasTokenBucket() || limit.getDescriptorsCount() > 0
                        ? Optional.of("HTTP filter " + name + " may answer " + (status < 400 ? 429 : status)
                                + " when the limit is reached")
                        : Optional.empty();
            }
            default -> Optional.of(mayDoAnything(name));
        };
    }

    private static String mayDoAnything(String name) {
        return "HTTP filter " + name + " runs before and may answer or change the request";
    }

    private static boolean isPreflight(Request request) {
        return request.method().equals("OPTIONS")
                && request.headers().containsKey("origin")
                && request.headers().containsKey("access-control-request-method");
    }

    private static boolean isOf(Any any, String type) {
        return any.getTypeUrl().endsWith("/" + type);
    }

    @SuppressWarnings("unchecked")
    private static <T extends com.google.protobuf.Message> T read(Any any, T type) {
        try {
            return (T) type.getParserForType().parseFrom(any.getValue());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a filter's config cannot be read", e);
        }
    }
}
