package dev.mpg.match;

import java.util.regex.Pattern;

/**
 * A request as a client sends it, as far as routes look at it. Immutable.
 *
 * @param method a token (RFC 9110); case matters
 * @param host the Host header or {@code :authority}, perhaps with a port
 * @param path the request target: begins with a slash, perhaps has a query. Only visible ASCII, as on the wire
 */
public record Request(String method, String host, String path) {
    private static final Pattern METHOD = Pattern.compile("[-!#$%&'*+.^_`|~0-9A-Za-z]+");
    /** What Envoy takes for one (RFC 3986): it answers others with 400. */
    private static final Pattern HOST = Pattern.compile("[-A-Za-z0-9!$%&'()*+,.:;=@\\[\\]_~]+");

    private static final Pattern PATH = Pattern.compile("/[!-~]*");

    /** @throws IllegalArgumentException when one of them is none; the message says which and how it looks */
    public Request {
        if (!METHOD.matcher(method).matches() || method.equals("CONNECT")) {
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
    }
}
