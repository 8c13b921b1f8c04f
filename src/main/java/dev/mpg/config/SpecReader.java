package dev.mpg.config;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.api.ProxySpec.PatchOp;
import dev.mpg.config.TrafficConfig.Backend;
import dev.mpg.config.TrafficConfig.BackendRef;
import dev.mpg.config.TrafficConfig.CircuitBreaker;
import dev.mpg.config.TrafficConfig.Endpoint;
import dev.mpg.config.TrafficConfig.EnvoyPatch;
import dev.mpg.config.TrafficConfig.Listener;
import dev.mpg.config.TrafficConfig.Operation;
import dev.mpg.config.TrafficConfig.PathMatch;
import dev.mpg.config.TrafficConfig.Route;
import dev.mpg.config.TrafficConfig.ServiceRef;
import java.net.InetAddress;
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
 * Reads a Proxy's spec into a {@link TrafficConfig}: fills in defaults and finds everything that would make the config
 * unusable. Reports all problems, not only the first.
 *
 * <p>It does not lean on the API server's schema: that cannot see everything, the API server keeps fields that an older
 * schema let in for as long as nobody touches them, and a file that is validated offline never met a schema.
 */
public final class SpecReader {
    /** Weight of a backendRef that gives none. */
    private static final int DEFAULT_WEIGHT = 1;

    private static final int MAX_WEIGHT = 1_000_000;
    private static final int MAX_PORT = 65535;
    private static final int MAX_PATH_LENGTH = 1024;
    /** Envoy counts in unsigned 32-bit numbers. */
    private static final long MAX_LIMIT = 4294967295L;

    private static final String EVERY_HOST = "*";
    private static final PathMatch EVERY_PATH = new PathMatch.Prefix("/");

    private static final String LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    /** A label of the DNS (RFC 1123) of at most 63 characters. */
    private static final Pattern NAME = Pattern.compile("(?!.{64})" + LABEL);

    private static final Pattern HOSTNAME = Pattern.compile("(?!.{254})(\\*\\.)?" + LABEL + "(\\." + LABEL + ")*");

    /** Java alone is laxer than Envoy: it takes 010.0.0.1, 10.1, [::1] and fe80::1%eth0. */
    private static final Pattern IP_ADDRESS =
            Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    /** What Gateway API lets a path be: the characters that a request's path may have (RFC 3986). */
    private static final Pattern PATH = Pattern.compile("/([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*");

    /**
     * What is in no request's path when routes are matched, since gateways normalize it away: repeated slashes, dot
     * segments, escaped slashes and escapes of characters that need none.
     */
    private static final Pattern UNMATCHABLE_PATH = Pattern.compile(
            "//|/\\.\\.?(/|$)|%(2f|5c)|%(2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])",
            Pattern.CASE_INSENSITIVE);

    /** What no JSON Pointer has: a tilde that escapes nothing. */
    private static final Pattern STRAY_TILDE = Pattern.compile("~(?![01])");

    private final List<Problem> problems = new ArrayList<>();
    private final Origin spec;
    private final Set<String> backendNames = new HashSet<>();
    /** Which route takes what. */
    private final Map<Claim, String> claimed = new HashMap<>();
    /** Which patch has what for its target. */
    private final Map<PatchTarget, Origin> patched = new HashMap<>();

    /** The requests that one match of a route takes. */
    private record Claim(String hostname, PathMatch path) {}

    /** An endpoint, however its address is spelled. */
    private record Address(InetAddress host, int port) {}

    /** The Envoy resource that a patch is for. */
    private record PatchTarget(EnvoyResource type, String name) {}

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
        findDuplicates(from.listeners(), spec.field("listeners"), ProxySpec.Listener::name, "name");
        findDuplicates(from.listeners(), spec.field("listeners"), ProxySpec.Listener::port, "port");
        findDuplicates(from.routes(), spec.field("routes"), ProxySpec.Route::name, "name");
        findDuplicates(from.backends(), spec.field("backends"), ProxySpec.Backend::name, "name");
        List<Backend> backends = each(from.backends(), spec.field("backends"), this::backend);
        return new TrafficConfig(
                clusterId,
                each(from.listeners(), spec.field("listeners"), this::listener),
                each(from.routes(), spec.field("routes"), this::route),
                backends,
                each(from.envoyPatches(), spec.field("envoyPatches"), this::envoyPatch));
    }

    private Listener listener(ProxySpec.Listener from, Origin origin) {
        return new Listener(name(from.name(), origin), port(from.port(), origin), origin);
    }

    private Backend backend(ProxySpec.Backend from, Origin origin) {
        String name = name(from.name(), origin);
        backendNames.add(name);
        Set<Address> seen = new HashSet<>();
        List<Endpoint> endpoints =
                each(from.endpoints(), origin.field("endpoints"), (endpoint, at) -> endpoint(endpoint, at, seen));
        Optional<ServiceRef> service =
                Optional.ofNullable(from.service()).map(ref -> service(ref, origin.field("service")));
        if (from.endpoints() != null && service.isPresent()) {
            problem(origin, "it has both endpoints and a service", "remove one of them");
        } else if (from.endpoints() == null && service.isEmpty()) {
            problem(origin, "it has neither endpoints nor a service", "give one of them");
        }
        return new Backend(name, endpoints, service, circuitBreaker(from.circuitBreaker(), origin), origin);
    }

    private ServiceRef service(ProxySpec.ServiceRef from, Origin origin) {
        return new ServiceRef(origin.object().namespace(), name(from.name(), origin), port(from.port(), origin));
    }

    private Endpoint endpoint(ProxySpec.Endpoint from, Origin origin, Set<Address> seen) {
        String host = required(from.host(), origin.field("host"), "");
        int port = port(from.port(), origin);
        Optional<InetAddress> address = ipAddress(host);
        if (from.host() != null && address.isEmpty()) {
            problem(
                    origin.field("host"),
                    "'" + host + "' is not an IP address",
                    "give an IPv4 or IPv6 address, such as 10.0.0.7 or 2001:db8::7");
        }
        if (address.isPresent() && !seen.add(new Address(address.get(), port))) {
            problem(origin, host + " port " + port + " is listed twice", "list each endpoint once");
        }
        return new Endpoint(host, port);
    }

    private static Optional<InetAddress> ipAddress(String host) {
        try {
            return IP_ADDRESS.matcher(host).matches() ? Optional.of(InetAddress.ofLiteral(host)) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private CircuitBreaker circuitBreaker(ProxySpec.@Nullable CircuitBreaker from, Origin backend) {
        if (from == null) {
            return CircuitBreaker.NONE;
        }
        Origin origin = backend.field("circuitBreaker");
        return new CircuitBreaker(
                limit(from.maxConnections(), origin.field("maxConnections")),
                limit(from.maxPendingRequests(), origin.field("maxPendingRequests")),
                limit(from.maxParallelRequests(), origin.field("maxParallelRequests")),
                limit(from.maxParallelRetries(), origin.field("maxParallelRetries")));
    }

    private OptionalLong limit(@Nullable Long value, Origin origin) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(inRange(value, 0, MAX_LIMIT, origin));
    }

    private Route route(ProxySpec.Route from, Origin origin) {
        String name = name(from.name(), origin);
        List<String> hostnames = hostnames(from.hostnames(), origin.field("hostnames"));
        List<PathMatch> matches = each(from.matches(), origin.field("matches"), this::path);
        List<PathMatch> paths = matches.isEmpty() ? List.of(EVERY_PATH) : matches;
        for (String hostname : hostnames) {
            for (int i = 0; i < paths.size(); i++) {
                Origin claimant =
                        matches.isEmpty() ? origin : origin.field("matches").index(i);
                claim(new Claim(hostname, paths.get(i)), name.isEmpty() ? origin.field() : "route " + name, claimant);
            }
        }
        return new Route(
                name,
                hostnames,
                paths,
                backendRefs(from.backendRefs(), origin.field("backendRefs")),
                requestTimeout(from.timeouts(), origin.field("timeouts")),
                origin);
    }

    private List<String> hostnames(@Nullable List<String> from, Origin origin) {
        List<String> hostnames = each(from, origin, (hostname, at) -> {
            String read = hostname.toLowerCase(Locale.ROOT);
            if (!HOSTNAME.matcher(read).matches()) {
                problem(
                        at,
                        "'" + hostname + "' is not a host name",
                        "write it like shop.example.com or *.example.com; without hostnames a route takes every host");
            }
            return read;
        });
        return hostnames.isEmpty()
                ? List.of(EVERY_HOST)
                : hostnames.stream().distinct().toList();
    }

    private PathMatch path(ProxySpec.Match from, Origin origin) {
        ProxySpec.PathMatch match = from.path();
        if (match == null) {
            return EVERY_PATH;
        }
        Origin at = origin.field("path").field("value");
        String path = required(match.value(), at, "/");
        if (path.length() > MAX_PATH_LENGTH) {
            problem(at, "it is " + path.length() + " characters long", "use at most " + MAX_PATH_LENGTH);
        } else if (!PATH.matcher(path).matches()) {
            problem(
                    at,
                    "'" + path + "' is not a path of a request",
                    "begin it with a slash and write other characters than A-Z a-z 0-9 and -/._~!$&'()*+,;=:@ as %XX");
        } else if (UNMATCHABLE_PATH.matcher(path).find()) {
            problem(
                    at,
                    "'" + path + "' is not a normalized path, so that no request could match it",
                    "leave out //, /./, /../, %2F and %5C, and write letters, digits and -._~ as they are");
        }
        return match.type() == ProxySpec.PathMatchType.Exact
                ? new PathMatch.Exact(path)
                : new PathMatch.Prefix(withoutTrailingSlash(path));
    }

    /** Gateway API ignores a prefix's trailing slash. */
    private static String withoutTrailingSlash(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private void claim(Claim claim, String route, Origin origin) {
        String other = claimed.putIfAbsent(claim, route);
        if (other != null) {
            problem(origin, claimed(claim) + " already go to " + other, "remove one of them or make them differ");
        }
    }

    private static String claimed(Claim claim) {
        String host = claim.hostname().equals(EVERY_HOST) ? "any host" : claim.hostname();
        return "requests to " + host
                + switch (claim.path()) {
                    case PathMatch.Exact(String path) -> " with path " + path;
                    case PathMatch.Prefix(String path) -> " with path prefix " + path;
                };
    }

    private List<BackendRef> backendRefs(@Nullable List<ProxySpec.BackendRef> from, Origin origin) {
        if (from == null || from.isEmpty()) {
            problem(origin, "there is no backend", "name at least one");
        }
        return each(from, origin, this::backendRef);
    }

    private BackendRef backendRef(ProxySpec.BackendRef from, Origin origin) {
        String name = required(from.name(), origin.field("name"), "");
        if (from.name() != null && !backendNames.contains(name)) {
            problem(origin.field("name"), "no backend is named " + name, "add it to spec.backends or correct the name");
        }
        int weight = from.weight() == null
                ? DEFAULT_WEIGHT
                : (int) inRange(from.weight(), 0, MAX_WEIGHT, origin.field("weight"));
        return new BackendRef(name, weight, origin);
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

    private EnvoyPatch envoyPatch(ProxySpec.EnvoyPatch from, Origin origin) {
        EnvoyResource type = required(from.type(), origin.field("type"), EnvoyResource.Listener);
        String name = required(from.name(), origin.field("name"), "");
        if (from.type() != null && from.name() != null) {
            Origin other = patched.putIfAbsent(new PatchTarget(type, name), origin);
            if (other != null) {
                problem(
                        origin.field("name"),
                        type + " " + name + " is patched by " + other.field() + " already",
                        "move the operations there");
            }
        }
        if (from.operations() == null || from.operations().isEmpty()) {
            problem(origin.field("operations"), "there is no operation", "write at least one");
        }
        return new EnvoyPatch(type, name, each(from.operations(), origin.field("operations"), this::operation), origin);
    }

    /** What an operation doesn't need is ignored, as RFC 6902 has it. */
    private Operation operation(ProxySpec.PatchOperation from, Origin origin) {
        PatchOp op = required(from.op(), origin.field("op"), PatchOp.test);
        String path = pointer(from.path(), origin.field("path"));
        return switch (op) {
            case add, replace, test -> {
                if (from.op() != null) {
                    required(from.value(), origin.field("value"), NullNode.instance);
                }
                yield new Operation(op, path, Optional.empty(), Optional.ofNullable(from.value()), origin);
            }
            case move, copy ->
                new Operation(
                        op, path, Optional.of(pointer(from.from(), origin.field("from"))), Optional.empty(), origin);
            case remove -> new Operation(op, path, Optional.empty(), Optional.empty(), origin);
        };
    }

    private String pointer(@Nullable String value, Origin origin) {
        String pointer = required(value, origin, "");
        if (!(pointer.isEmpty() || pointer.startsWith("/"))
                || STRAY_TILDE.matcher(pointer).find()) {
            problem(
                    origin,
                    "'" + pointer + "' is not a JSON Pointer",
                    "begin it with a slash, and write ~ as ~0 and a slash within a name as ~1");
        }
        return pointer;
    }

    private String name(@Nullable String value, Origin owner) {
        String name = required(value, owner.field("name"), "");
        if (value != null && !NAME.matcher(name).matches()) {
            problem(
                    owner.field("name"),
                    "'" + name + "' is not a name",
                    "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last");
        }
        return name;
    }

    private int port(@Nullable Integer value, Origin owner) {
        return value == null
                ? required(value, owner.field("port"), 0)
                : (int) inRange(value, 1, MAX_PORT, owner.field("port"));
    }

    private long inRange(long value, long min, long max, Origin origin) {
        if (value < min || value > max) {
            problem(origin, value + " is out of range", "use " + min + " to " + max);
        }
        return value;
    }

    /** The value of a field that has to be there. When it isn't, a stand-in: the spec is refused anyway. */
    private <T> T required(@Nullable T value, Origin origin, T standIn) {
        if (value == null) {
            problem(origin, "it is missing", "add it");
            return standIn;
        }
        return value;
    }

    private <F> void findDuplicates(
            @Nullable List<? extends @Nullable F> entries,
            Origin list,
            Function<F, @Nullable Object> key,
            String keyName) {
        Map<Object, Origin> first = new HashMap<>();
        for (int i = 0; entries != null && i < entries.size(); i++) {
            F entry = entries.get(i);
            Object value = entry == null ? null : key.apply(entry);
            Origin other = value == null ? null : first.putIfAbsent(value, list.index(i));
            if (other != null) {
                problem(
                        list.index(i).field(keyName),
                        value + " is taken by " + other.field(),
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

    /** Reads the entries of a list that may be absent. */
    private <F, T> List<T> each(@Nullable List<? extends @Nullable F> from, Origin origin, EntryReader<F, T> reader) {
        List<T> read = new ArrayList<>();
        for (int i = 0; from != null && i < from.size(); i++) {
            F entry = from.get(i);
            if (entry == null) {
                problem(origin.index(i), "the entry is empty", "fill it in or remove it");
            } else {
                read.add(reader.read(entry, origin.index(i)));
            }
        }
        return read;
    }
}
