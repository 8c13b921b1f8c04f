package dev.mpg.match;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A request as routes see it: its path is normalized. Immutable.
 *
 * @param path without the query
 * @param query with its question mark; empty when there is none
 */
record Arrived(Request request, String path, String query) {
    /** Headers of which Envoy 1.40 makes one on arrival, its values joined; those of others stay apart. Found by asking it. */
    private static final Set<String> JOINED = Set.of(
            "accept",
            "accept-encoding",
            "access-control-request-headers",
            "access-control-request-method",
            "access-control-request-private-network",
            "authorization",
            "cache-control",
            "cdn-loop",
            "content-encoding",
            "content-type",
            "grpc-accept-encoding",
            "grpc-timeout",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "origin",
            "pragma",
            "proxy-status",
            "referer",
            "user-agent",
            "x-client-trace-id",
            "x-forwarded-host");

    static Arrived of(Request request, String path) {
        int queryStart = request.path().indexOf('?');
        return new Arrived(request, path, queryStart < 0 ? "" : request.path().substring(queryStart));
    }

    /** The path with the query. */
    String target() {
        return path + query;
    }

    /**
     * The values of a header as routes are asked of them, one after another; empty when it is absent.
     *
     * @param name in lower case
     */
    List<String> header(String name) {
        return switch (name) {
            case ":method" -> List.of(request.method());
            case ":authority", "host" -> List.of(request.host());
            case ":path" -> List.of(target());
            case ":scheme" -> List.of(request.scheme());
            default -> {
                List<String> values = request.headers().getOrDefault(name, List.of());
                yield values.size() > 1 && JOINED.contains(name) ? List.of(joined(values)) : values;
            }
        };
    }

    private static String joined(List<String> values) {
        return values.stream().filter(value -> !value.isEmpty()).collect(Collectors.joining(","));
    }

    /** The first value of a query parameter, neither it nor the name unescaped; null when it is absent. */
    @Nullable
    String parameter(String name) {
        int start = 1;
        while (start < query.length()) {
            int end = query.indexOf('&', start);
            if (end < 0) {
                end = query.length();
            }
            if (query.startsWith(name, start)) {
                int after = start + name.length();
                if (after == end) {
                    return "";
                }
                if (after < end && query.charAt(after) == '=') {
                    return query.substring(after + 1, end);
                }
            }
            start = end + 1;
        }
        return null;
    }
}
