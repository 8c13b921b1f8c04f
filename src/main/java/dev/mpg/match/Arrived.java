package dev.mpg.match;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as routes see it: its path is normalized. Immutable.
 *
 * @param path without the query
 * @param query with its question mark; empty when there is none
 */
record Arrived(Request request, String path, String query) {
    static Arrived of(Request request, String path) {
        int queryStart = request.path().indexOf('?');
        return new Arrived(request, path, queryStart < 0 ? "" : request.path().substring(queryStart));
    }

    /** The path with the query. */
    String target() {
        return path + query;
    }

    /**
     * The values of a header, joined as Envoy joins them; null when it is absent.
     *
     * @param name in lower case
     */
    @Nullable
    String header(String name) {
        return switch (name) {
            case ":method" -> request.method();
            case ":authority", "host" -> request.host();
            case ":path" -> target();
            case ":scheme" -> request.scheme();
            default -> {
                List<String> values = request.headers().get(name);
                if (values == null) {
                    yield null;
                }
                yield values.size() == 1 ? values.getFirst() : String.join(name.equals("cookie") ? "; " : ",", values);
            }
        };
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
