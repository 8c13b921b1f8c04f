package dev.mpg.match;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A request as an external client sends it, as far as routes look at it. Immutable.
 *
 * @param method a token (RFC 9110); case matters
 * @param host the Host header or {@code :authority}, perhaps with a port
 * @param path the request target: begins with a slash, perhaps has a query. Only visible ASCII, as on the wire
 * @param scheme https when the client's connection to the gateway has TLS, else http
 * @param headers the others, by their names in lower case, each with its values in order; names given in different cases are
 *     one. Values have only visible ASCII, spaces and tabs, and none of the latter around them
 */
public record Request(String method, String host, String path, String scheme, Map<String, List<String>> headers) {
    private static final Pattern TOKEN = Pattern.compile("[-!#$%&'*+.^_`|~0-9A-Za-z]+");
    /** What Envoy takes for one (RFC 3986): it answers others with 400. */
    private static final Pattern HOST = Pattern.compile("[-A-Za-z0-9!$%&'()*+,.:;=@\\[\\]_~]+");

    private static final Pattern PATH = Pattern.compile("/[!-~]*");
    private static final Pattern VALUE = Pattern.compile("[ -~\\t]*");
    private static final Set<String> SCHEMES = Set.of("http", "https");

    /** @throws IllegalArgumentException when one of them is none; the message says which and how it looks */
    public Request {
        if (!TOKEN.matcher(method).matches() || method.equals("CONNECT")) {
            throw new IllegalArgumentException(
                    "'" + method + "' is not the method of a request with a path, such as GET");
        }
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException(
                    "'" + host + "' is not a host, such as shop.example.com or shop.example.com:8080");
        }
        if (!PATH.matcher(path).matches()) {
            throw new IllegalArgumentException(
                    "'" + path + "' is not a path: it begins with a slash and has only visible ASCII characters");
        }
        if (!SCHEMES.contains(scheme)) {
            throw new IllegalArgumentException("'" + scheme + "' is not a scheme: it is http or https");
        }
        headers = normalized(headers);
    }

    /** One over plain HTTP without other headers. */
    public Request(String method, String host, String path) {
        this(method, host, path, "http", Map.of());
    }

    private static Map<String, List<String>> normalized(Map<String, List<String>> headers) {
        if (headers.isEmpty()) {
            return Map.of();
        }
        Map<String, List<String>> normalized = new LinkedHashMap<>();
        headers.forEach((name, values) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            if (!TOKEN.matcher(name).matches() || lower.equals("host")) {
                throw new IllegalArgumentException(
                        "'" + name + "' is not the name of a header beside the host, such as x-team");
            }
            for (String value : values) {
                if (!VALUE.matcher(value).matches()) {
                    throw new IllegalArgumentException("'" + value + "' is not a value of the header " + name
                            + ": it has only visible ASCII characters, spaces and tabs");
                }
                normalized.computeIfAbsent(lower, _ -> new ArrayList<>()).add(value.strip());
            }
        });
        normalized.replaceAll((_, values) -> List.copyOf(values));
        return Map.copyOf(normalized);
    }
}
