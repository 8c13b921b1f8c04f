package dev.mpg.cli.offline;

import dev.mpg.match.Request;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
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
        for (String header : headers) {
            int colon = header.indexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("'" + header + "' is no header: write it like 'x-user: ann'");
            }
            if (!header.substring(0, colon).strip().equalsIgnoreCase("host")) {
                throw new IllegalArgumentException("routes don't look at the header "
                        + header.substring(0, colon).strip() + ": only Host changes which one takes a request");
            }
            host = header.substring(colon + 1).strip();
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        return new HttpRequest(
                new Request(method, host, path + query),
                uri.getPort() < 0 ? OptionalInt.empty() : OptionalInt.of(uri.getPort()));
    }
}
