package dev.mpg.cli.offline;

import dev.mpg.match.Request;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A request as people type it.
 *
 * @param request what routes look at
 * @param port that the URL gives; empty when it gives none
 */
record HttpRequest(Request request, OptionalInt port) {
    /**
     * The request for a URL.
     *
     * @param headers each like {@code x-user: ann}
     * @throws IllegalArgumentException when it is none; the message says what to do
     */
    static HttpRequest of(String method, String url, List<String> headers) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "'" + url + "' is no URL: " + e.getReason() + " at index " + e.getIndex());
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || uri.getRawAuthority() == null) {
            throw new IllegalArgumentException(
                    "'" + url + "' is no URL of a request: write it like https://shop.example.com/checkout?step=1");
        }
        String host = uri.getRawAuthority();
        Map<String, List<String>> others = new LinkedHashMap<>();
        for (String header : headers) {
            int colon = header.indexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("'" + header + "' is no header: write it like 'x-user: ann'");
            }
            String name = header.substring(0, colon).strip();
            String value = header.substring(colon + 1).strip();
            if (name.equalsIgnoreCase("host")) {
                host = value;
            } else {
                others.computeIfAbsent(name, added -> new ArrayList<>()).add(value);
            }
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        return new HttpRequest(
                new Request(method, host, path + query, scheme, others),
                uri.getPort() < 0 ? OptionalInt.empty() : OptionalInt.of(uri.getPort()));
    }
}
