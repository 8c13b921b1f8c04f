package dev.mpg.config;

import dev.mpg.api.ProxySpec;
import dev.mpg.config.TrafficConfig.Backend;
import dev.mpg.config.TrafficConfig.BackendRef;
import dev.mpg.config.TrafficConfig.CircuitBreaker;
import dev.mpg.config.TrafficConfig.Endpoint;
import dev.mpg.config.TrafficConfig.Listener;
import dev.mpg.config.TrafficConfig.PathMatch;
import dev.mpg.config.TrafficConfig.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a Proxy's spec into a {@link TrafficConfig}: fills in defaults and finds everything that the API server's schema
 * cannot see, or did not see because an older schema was in force. Reports all problems, not only the first.
 */
public final class SpecReader {
    /** Weight of a backendRef that gives none. */
    private static final int DEFAULT_WEIGHT = 1;

    private static final String EVERY_HOST = "*";
    private static final PathMatch EVERY_PATH = new PathMatch.Prefix("/");

    /** What Gateway API forbids in a path, since proxies normalize it away: it could never match. */
    private static final Pattern UNMATCHABLE_PATH =
            Pattern.compile("//|/\\./|/\\.\\./|/\\.\\.?$|%2f", Pattern.CASE_INSENSITIVE);

    private final List<Problem> problems = new ArrayList<>();
    private final Origin spec;
    private final Set<String> backendNames = new HashSet<>();
    /** Which route takes a host and path: key is host and match. */
    private final Map<String, String> claimed = new HashMap<>();

    private SpecReader(Origin spec) {
        this.spec = spec;
    }

    /** What came of reading a spec. */
    public sealed interface Reading {
        /** The spec is good. */
        record Accepted(TrafficConfig config) implements Reading {}

        /** The spec cannot be used. Never empty. */
        record Refused(List<Problem> problems) implements Reading {}
    }

    /** The cluster id that a spec asks for; by default the object's {@code <namespace>.<name>}. */
    public static String clusterId(ObjectRef object, ProxySpec spec) {
        return spec.clusterId() != null ? spec.clusterId() : object.namespace() + "." + object.name();
    }

    /** Reads the spec of {@code object}. */
    public static Reading read(ObjectRef object, ProxySpec spec) {
        SpecReader reader = new SpecReader(new Origin(object, "spec"));
        TrafficConfig config = reader.config(clusterId(object, spec), spec);
        return reader.problems.isEmpty()
                ? new Reading.Accepted(config)
                : new Reading.Refused(List.copyOf(reader.problems));
    }

    private TrafficConfig config(String clusterId, ProxySpec from) {
        List<Backend> backends = each(from.backends(), spec.field("backends"), this::backend);
        List<Listener> listeners = each(from.listeners(), spec.field("listeners"), this::listener);
        List<Route> routes = each(from.routes(), spec.field("routes"), this::route);
        findDuplicates("listeners", listeners, Listener::name, "name");
        findDuplicates("listeners", listeners, Listener::port, "port");
        findDuplicates("routes", routes, Route::name, "name");
        findDuplicates("backends", backends, Backend::name, "name");
        return new TrafficConfig(clusterId, listeners, routes, backends);
    }

    private Listener listener(ProxySpec.Listener from, Origin origin) {
        return new Listener(from.name(), from.port(), origin);
    }

    private Backend backend(ProxySpec.Backend from, Origin origin) {
        backendNames.add(from.name());
        List<Endpoint> endpoints = each(
                from.endpoints(),
                origin.field("endpoints"),
                (endpoint, at) -> new Endpoint(endpoint.host(), endpoint.port()));
        Set<Endpoint> seen = new HashSet<>();
        for (int i = 0; i < endpoints.size(); i++) {
            if (!seen.add(endpoints.get(i))) {
                Endpoint twice = endpoints.get(i);
                problem(
                        origin.field("endpoints").index(i),
                        twice.host() + ":" + twice.port() + " is listed twice",
                        "list each endpoint once");
            }
        }
        return new Backend(from.name(), endpoints, circuitBreaker(from.circuitBreaker()), origin);
    }

    private static CircuitBreaker circuitBreaker(ProxySpec.@Nullable CircuitBreaker from) {
        return from == null
                ? CircuitBreaker.NONE
                : new CircuitBreaker(
                        optional(from.maxConnections()),
                        optional(from.maxPendingRequests()),
                        optional(from.maxParallelRequests()),
                        optional(from.maxParallelRetries()));
    }

    private static OptionalLong optional(@Nullable Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private Route route(ProxySpec.Route from, Origin origin) {
        List<String> hostnames = hostnames(from.hostnames());
        List<PathMatch> paths = paths(from.matches(), origin.field("matches"));
        for (String hostname : hostnames) {
            for (int i = 0; i < paths.size(); i++) {
                claim(
                        hostname,
                        paths.get(i),
                        from.name(),
                        origin.field("matches").index(i));
            }
        }
        return new Route(
                from.name(),
                hostnames,
                paths,
                backendRefs(from.backendRefs(), origin.field("backendRefs")),
                requestTimeout(from.timeouts(), origin.field("timeouts")),
                origin);
    }

    private static List<String> hostnames(@Nullable List<String> from) {
        return from == null || from.isEmpty()
                ? List.of(EVERY_HOST)
                : from.stream()
                        .map(hostname -> hostname.toLowerCase(Locale.ROOT))
                        .distinct()
                        .toList();
    }

    private List<PathMatch> paths(@Nullable List<ProxySpec.Match> from, Origin origin) {
        List<PathMatch> paths = each(from, origin, this::path);
        return paths.isEmpty() ? List.of(EVERY_PATH) : paths;
    }

    private PathMatch path(ProxySpec.Match from, Origin origin) {
        ProxySpec.PathMatch match = from.path();
        if (match == null) {
            return EVERY_PATH;
        }
        String path = match.value();
        if (UNMATCHABLE_PATH.matcher(path).find()) {
            problem(
                    origin.field("path.value"),
                    "'" + path + "' is not a normalized path, so that no request could match it",
                    "leave out //, /./, /../ and %2F");
        }
        return match.type() == ProxySpec.PathMatchType.Exact
                ? new PathMatch.Exact(path)
                : new PathMatch.Prefix(withoutTrailingSlash(path));
    }

    /** Gateway API ignores a prefix's trailing slash. */
    private static String withoutTrailingSlash(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private void claim(String hostname, PathMatch path, String route, Origin origin) {
        String other = claimed.putIfAbsent(hostname + " " + path, route);
        if (other != null) {
            problem(
                    origin,
                    "requests to " + (hostname.equals(EVERY_HOST) ? "any host" : hostname) + " with path " + path.path()
                            + " already go to route " + other,
                    "remove this match or make the two differ");
        }
    }

    private List<BackendRef> backendRefs(@Nullable List<ProxySpec.BackendRef> from, Origin origin) {
        if (from == null || from.isEmpty()) {
            problem(origin, "there is no backend", "name at least one");
        }
        return each(from, origin, this::backendRef);
    }

    private BackendRef backendRef(ProxySpec.BackendRef from, Origin origin) {
        if (!backendNames.contains(from.name())) {
            problem(
                    origin.field("name"),
                    "no backend is named " + from.name(),
                    "add it to spec.backends or correct the name");
        }
        return new BackendRef(from.name(), from.weight() == null ? DEFAULT_WEIGHT : from.weight(), origin);
    }

    private Optional<Duration> requestTimeout(ProxySpec.@Nullable Timeouts from, Origin origin) {
        if (from == null || from.request() == null) {
            return Optional.empty();
        }
        Optional<Duration> timeout = GatewayDuration.parse(from.request());
        if (timeout.isEmpty()) {
            problem(
                    origin.field("request"),
                    "'" + from.request() + "' is not a duration",
                    "write it like 3s, 500ms or 1m30s");
        }
        return timeout;
    }

    private <T> void findDuplicates(String list, List<T> entries, Function<T, Object> key, String keyName) {
        Map<Object, Integer> first = new HashMap<>();
        for (int i = 0; i < entries.size(); i++) {
            Integer other = first.putIfAbsent(key.apply(entries.get(i)), i);
            if (other != null) {
                problem(
                        spec.field(list).index(i).field(keyName),
                        key.apply(entries.get(i)) + " is taken by spec." + list + "[" + other + "]",
                        "choose another " + keyName);
            }
        }
    }

    private void problem(Origin origin, String found, String remedy) {
        problems.add(new Problem(origin, found, remedy));
    }

    private interface EntryReader<F, T> {
        T read(F from, Origin origin);
    }

    private static <F, T> List<T> each(@Nullable List<F> from, Origin origin, EntryReader<F, T> reader) {
        List<T> read = new ArrayList<>();
        if (from != null) {
            for (int i = 0; i < from.size(); i++) {
                read.add(reader.read(from.get(i), origin.index(i)));
            }
        }
        return read;
    }
}
