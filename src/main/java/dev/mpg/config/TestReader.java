package dev.mpg.config;

import dev.mpg.api.ProxySpec;
import dev.mpg.config.ConfigTest.Expectation;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads {@code spec.tests}: whether they can be asked, not whether they hold. */
final class TestReader {
    private static final int MIN_STATUS = 200;
    private static final int MAX_STATUS = 599;

    private final Findings findings;
    private final Set<String> listeners;
    private final Set<String> routes;
    private final Set<String> backends;

    TestReader(Findings findings, List<Listener> listeners, List<Route> routes, List<Backend> backends) {
        this.findings = findings;
        this.listeners = names(listeners, Listener::name);
        this.routes = names(routes, Route::name);
        this.backends = names(backends, Backend::name);
    }

    private static <T> Set<String> names(List<T> list, Function<T, String> name) {
        return list.stream().map(name).collect(Collectors.toSet());
    }

    ConfigTest read(ProxySpec.ConfigTest from, Origin origin) {
        ProxySpec.TestRequest request = findings.required(
                from.request(), origin.field("request"), new ProxySpec.TestRequest(null, null, "x", null, null));
        ProxySpec.Expectation expect = findings.required(
                from.expect(), origin.field("expect"), new ProxySpec.Expectation("x", null, null, null));
        Origin at = origin.field("request");
        return new ConfigTest(
                findings.required(from.name(), origin.field("name"), ""),
                known(request.listener(), listeners, at.field("listener"), "listener"),
                request.method() == null ? "GET" : request.method(),
                findings.required(request.host(), at.field("host"), "x"),
                request.path() == null ? "/" : request.path(),
                findings.each(
                        request.headers(),
                        at.field("headers"),
                        (header, where) -> RouteReader.header(findings, header, where)),
                from.expect() == null ? expectNothing() : expectation(expect, origin.field("expect")),
                origin);
    }

    private static Expectation expectNothing() {
        return new Expectation(Optional.empty(), Optional.empty(), OptionalInt.empty(), Optional.empty());
    }

    private Expectation expectation(ProxySpec.Expectation from, Origin origin) {
        if (from.route() == null && from.backend() == null && from.status() == null && from.location() == null) {
            findings.add(origin, "nothing is expected", "say a route, a backend, a status or a location");
        }
        return new Expectation(
                known(from.route(), routes, origin.field("route"), "route"),
                known(from.backend(), backends, origin.field("backend"), "backend"),
                from.status() == null
                        ? OptionalInt.empty()
                        : OptionalInt.of(
                                (int) findings.inRange(from.status(), MIN_STATUS, MAX_STATUS, origin.field("status"))),
                Optional.ofNullable(from.location()));
    }

    private Optional<String> known(@Nullable String name, Set<String> names, Origin origin, String kind) {
        if (name != null && !names.contains(name)) {
            findings.add(origin, "no " + kind + " is named " + name, "correct the name");
        }
        return Optional.ofNullable(name);
    }
}
