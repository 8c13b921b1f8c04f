package dev.mpg.telemetry;

import com.sun.net.httpserver.HttpExchange;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a page may know of a request. Immutable.
 *
 * @param path without the query
 * @param query parameters, decoded; of one that is given twice, the last
 * @param accept the Accept header, empty when there is none
 */
public record HttpRequest(String path, Map<String, String> query, String accept) {
    public HttpRequest {
        query = Map.copyOf(query);
    }

    static HttpRequest of(HttpExchange exchange) throws BadRequestException {
        return new HttpRequest(
                exchange.getRequestURI().getPath(),
                parse(exchange.getRequestURI().getRawQuery()),
                String.join(",", exchange.getRequestHeaders().getOrDefault("Accept", List.of())));
    }

    private static Map<String, String> parse(@Nullable String query) throws BadRequestException {
        Map<String, String> parameters = new HashMap<>();
        for (String parameter : query == null ? new String[0] : query.split("&", -1)) {
            int equals = parameter.indexOf('=');
            if (equals >= 0) {
                parameters.put(decode(parameter.substring(0, equals)), decode(parameter.substring(equals + 1)));
            } else if (!parameter.isEmpty()) {
                parameters.put(decode(parameter), "");
            }
        }
        return parameters;
    }

    private static String decode(String text) throws BadRequestException {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new BadRequestException("the query has a broken % escape: " + text);
        }
    }

    /** A parameter, empty when it was not given. */
    public Optional<String> parameter(String name) {
        return Optional.ofNullable(query.get(name));
    }

    /**
     * Whether people want to read the page: {@code ?format=text}, or an Accept header that names {@code text/plain} and not
     * JSON.
     */
    public boolean wantsText() throws BadRequestException {
        Optional<String> format = parameter("format");
        if (format.isPresent()) {
            return switch (format.get()) {
                case "text" -> true;
                case "json" -> false;
                default -> throw new BadRequestException("format is text or json, not " + format.get());
            };
        }
        return accept.contains("text/plain") && !accept.contains("json");
    }
}
