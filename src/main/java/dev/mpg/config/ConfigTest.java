package dev.mpg.config;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A request, and what must become of it. Immutable.
 *
 * @param listener that takes the request; empty: all that route must agree
 * @param path perhaps with a query
 * @param expect at least one part of it is there
 */
public record ConfigTest(
        String name,
        Optional<String> listener,
        String method,
        String host,
        String path,
        List<Route.Header> headers,
        Expectation expect,
        Origin origin) {
    public ConfigTest {
        headers = List.copyOf(headers);
    }

    /**
     * All parts that are there must hold.
     *
     * @param route that takes the request
     * @param backend to which it may go
     * @param status with which the gateway answers
     * @param location where a redirect leads to
     */
    public record Expectation(
            Optional<String> route, Optional<String> backend, OptionalInt status, Optional<String> location) {}
}
