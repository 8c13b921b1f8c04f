package dev.mpg.match;

import dev.mpg.config.ConfigTest;
import dev.mpg.config.Listener;
import dev.mpg.config.Problem;
import dev.mpg.config.Route;
import dev.mpg.config.TrafficConfig;
import dev.mpg.match.Answer.Attempt;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Runs the tests that a config brings along, on what it compiles to, patches included. */
public final class ConfigTests {
    private final TrafficConfig config;
    private final RouteTable table;
    private final List<Problem> failures = new ArrayList<>();

    private ConfigTests(TrafficConfig config, Snapshot snapshot) {
        this.config = config;
        this.table = RouteTable.of(snapshot);
    }

    /**
     * The tests that don't hold, each at the part of what it expects that isn't so.
     *
     * @param snapshot what the config compiles to
     */
    public static List<Problem> failures(TrafficConfig config, Snapshot snapshot) {
        if (config.tests().isEmpty()) {
            return List.of();
        }
        ConfigTests tests = new ConfigTests(config, snapshot);
        config.tests().forEach(tests::run);
        return List.copyOf(tests.failures);
    }

    private void run(ConfigTest test) {
        List<Listener> listeners = config.listeners().stream()
                .filter(listener -> test.listener()
                        .map(listener.name()::equals)
                        .orElse(listener.httpsRedirect().isEmpty()))
                .toList();
        if (listeners.isEmpty()) {
            fail(test, "request", "no listener takes the request", "add one");
            return;
        }
        // Listeners with TLS and those without may route differently, for they have different schemes.
        for (boolean tls : new boolean[] {false, true}) {
            List<Listener> those = listeners.stream()
                    .filter(listener -> listener.tls().isPresent() == tls)
                    .toList();
            if (!those.isEmpty() && !run(test, those, tls ? "https" : "http")) {
                return;
            }
        }
    }

    /** Whether it holds for these listeners. */
    private boolean run(ConfigTest test, List<Listener> listeners, String scheme) {
        Request request;
        try {
            Map<String, List<String>> headers = test.headers().stream()
                    .collect(Collectors.groupingBy(
                            Route.Header::name, Collectors.mapping(Route.Header::value, Collectors.toList())));
            request = new Request(test.method(), test.host(), test.path(), scheme, headers);
        } catch (IllegalArgumentException e) {
            fail(test, "request", String.valueOf(e.getMessage()), "correct the request");
            return false;
        }
        if (expectsOnlyARoute(test.expect())
                && table.route(request).equals(test.expect().route())) {
            // All listeners agree, and nobody needs to know why.
            return true;
        }
        for (Answer answer : table.answers(request)) {
            Optional<Listener> taker = listeners.stream()
                    .filter(listener -> answer.listeners().stream()
                            .anyMatch(name -> name.equals(listener.name()) || name.startsWith(listener.name() + "/")))
                    .findFirst();
            if (taker.isPresent() && !holds(test, answer, taker.get().name())) {
                return false;
            }
        }
        return true;
    }

    private static boolean expectsOnlyARoute(ConfigTest.Expectation expected) {
        return expected.route().isPresent()
                && expected.backend().isEmpty()
                && expected.status().isEmpty()
                && expected.location().isEmpty();
    }

    private boolean holds(ConfigTest test, Answer answer, String listener) {
        int before = failures.size();
        ConfigTest.Expectation expected = test.expect();
        switch (answer.outcome()) {
            case Outcome.Unjudged(String why) ->
                fail(test, "expect", "it can't be told what becomes of the request: " + why, "leave the test out");
            case Outcome.Forward forward -> {
                expected.route()
                        .filter(route -> !route.equals(forward.route()))
                        .ifPresent(route -> fail(
                                test,
                                "expect.route",
                                words(test, listener) + " goes to route " + forward.route() + ", not to " + route
                                        + why(answer, route),
                                REMEDY));
                expected.backend()
                        .filter(backend -> forward.clusters().stream()
                                .noneMatch(share -> share.cluster().equals(backend) && share.weight() > 0))
                        .ifPresent(backend -> fail(
                                test,
                                "expect.backend",
                                words(test, listener) + " goes by route " + forward.route() + " to backend "
                                        + forward.clusters().stream()
                                                .map(Outcome.Share::cluster)
                                                .collect(Collectors.joining(" or "))
                                        + ", not to " + backend,
                                REMEDY));
                expected.status()
                        .ifPresent(status -> fail(
                                test,
                                "expect.status",
                                words(test, listener) + " is sent on by route " + forward.route()
                                        + ", and not answered with " + status,
                                REMEDY));
                expected.location()
                        .ifPresent(location -> fail(
                                test,
                                "expect.location",
                                words(test, listener) + " is sent on by route " + forward.route()
                                        + ", and not redirected",
                                REMEDY));
            }
            case Outcome.Reply reply -> {
                expected.route()
                        .filter(route -> !reply.route().equals(Optional.of(route)))
                        .ifPresent(route -> fail(
                                test,
                                "expect.route",
                                words(test, listener) + " is answered with " + reply.status()
                                        + reply.route()
                                                .map(name -> " by route " + name)
                                                .orElse("")
                                        + " (" + reply.why() + "), and doesn't go to " + route + why(answer, route),
                                REMEDY));
                expected.backend()
                        .ifPresent(backend -> fail(
                                test,
                                "expect.backend",
                                words(test, listener) + " is answered with " + reply.status() + " (" + reply.why()
                                        + "), and doesn't go to " + backend,
                                REMEDY));
                if (expected.status().isPresent() && expected.status().getAsInt() != reply.status()) {
                    fail(
                            test,
                            "expect.status",
                            words(test, listener) + " is answered with " + reply.status() + " (" + reply.why()
                                    + "), not with " + expected.status().getAsInt(),
                            REMEDY);
                }
                expected.location()
                        .filter(location -> !reply.location().equals(Optional.of(location)))
                        .ifPresent(location -> fail(
                                test,
                                "expect.location",
                                words(test, listener)
                                        + reply.location()
                                                .map(other -> " is redirected to " + other)
                                                .orElse(" is answered with " + reply.status())
                                        + ", not to " + location,
                                REMEDY));
            }
        }
        return failures.size() == before;
    }

    private static final String REMEDY = "correct the routes, or the test";

    private static String words(ConfigTest test, String listener) {
        return test.method() + " " + test.host() + test.path() + " at listener " + listener;
    }

    /** Why the route that is expected doesn't take it, when it was asked. */
    private static String why(Answer answer, String route) {
        return answer.tried().stream()
                .filter(attempt -> attempt.route().equals(route))
                .map(Attempt::why)
                .reduce((first, last) -> last)
                .map(why -> ": there " + why)
                .orElse("");
    }

    private void fail(ConfigTest test, String field, String found, String remedy) {
        failures.add(new Problem(test.origin().field(field), "test '" + test.name() + "': " + found, remedy));
    }
}
