package dev.mpg.config;

import dev.mpg.api.RouteSpec;
import dev.mpg.config.Route.BackendRef;
import dev.mpg.config.Route.Filters;
import dev.mpg.config.Route.Match;
import dev.mpg.config.Route.NamedMatch;
import dev.mpg.config.Route.PathMatch;
import dev.mpg.config.Route.RateLimit;
import dev.mpg.config.Route.Retry;
import dev.mpg.config.Route.SessionPersistence;
import dev.mpg.config.Route.Timeouts;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads {@code spec.routes}. */
final class RouteReader {
    /** Weight of a backendRef that gives none. */
    private static final int DEFAULT_WEIGHT = 1;

    private static final int MAX_WEIGHT = 1_000_000;
    private static final int MAX_PATH_LENGTH = 1024;
    /** What gateways let a request take when nothing is said. */
    private static final String DEFAULT_REQUEST_TIMEOUT = "15s";

    private static final Duration DEFAULT_BACKOFF = Duration.ofMillis(25);
    private static final String DEFAULT_COOKIE = "mpg-session";

    private static final String EVERY_HOST = "*";
    private static final PathMatch EVERY_PATH = new PathMatch.Prefix("/");

    /** What Gateway API lets a path be: the characters that a request's path may have (RFC 3986). */
    private static final Pattern PATH = Pattern.compile("/([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*");

    /**
     * What is in no request's path when routes are matched, since gateways normalize it away: repeated slashes, dot
     * segments, escaped slashes and escapes of characters that need none.
     */
    private static final Pattern UNMATCHABLE_PATH = Pattern.compile(
            "//|/\\.\\.?(/|$)|%(2f|5c)|%(2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])",
            Pattern.CASE_INSENSITIVE);

    private final Findings findings;
    private final Set<String> backends;
    private final FilterReader filters;
    /** Which route takes what. */
    private final Map<Claim, String> claimed = new HashMap<>();

    /** The requests that one match of a route takes, however it is written. */
    private record Claim(
            String hostname,
            PathMatch path,
            Optional<String> method,
            Set<NamedMatch> headers,
            Set<NamedMatch> queryParams) {
        Claim(String hostname, Match match) {
            this(hostname, match.path(), match.method(), Set.copyOf(match.headers()), Set.copyOf(match.queryParams()));
        }

        String words() {
            StringBuilder words = new StringBuilder("requests to ")
                    .append(hostname.equals(EVERY_HOST) ? "any host" : hostname)
                    .append(
                            switch (path) {
                                case PathMatch.Exact(String exact) -> " with path " + exact;
                                case PathMatch.Prefix(String prefix) -> " with path prefix " + prefix;
                                case PathMatch.Regex(String regex) -> " with a path like " + regex;
                            });
            method.ifPresent(name -> words.append(", method ").append(name));
            headers.stream()
                    .map(NamedMatch::name)
                    .sorted()
                    .forEach(name -> words.append(", header ").append(name));
            queryParams.stream()
                    .map(NamedMatch::name)
                    .sorted()
                    .forEach(name -> words.append(", query parameter ").append(name));
            return words.toString();
        }
    }

    RouteReader(Findings findings, List<Backend> backends) {
        this.findings = findings;
        this.backends = backends.stream().map(Backend::name).collect(Collectors.toSet());
        this.filters = new FilterReader(findings, this.backends);
    }

    Route read(RouteSpec from, Origin origin) {
        String name = findings.name(from.name(), origin);
        List<String> hostnames = hostnames(from.hostnames(), origin.field("hostnames"));
        List<Match> written = findings.each(from.matches(), origin.field("matches"), this::match);
        List<Match> matches = written.isEmpty() ? List.of(new Match(EVERY_PATH)) : written;
        for (String hostname : hostnames) {
            for (int i = 0; i < matches.size(); i++) {
                Origin claimant =
                        written.isEmpty() ? origin : origin.field("matches").index(i);
                claim(new Claim(hostname, matches.get(i)), name.isEmpty() ? origin.field() : "route " + name, claimant);
            }
        }
        Filters read = filters.read(from.filters(), matches, origin.field("filters"));
        return new Route(
                name,
                hostnames,
                matches,
                read,
                backendRefs(from.backendRefs(), read, origin.field("backendRefs")),
                timeouts(from.timeouts(), origin.field("timeouts")),
                Optional.ofNullable(from.retry()).map(retry -> retry(retry, origin.field("retry"))),
                Optional.ofNullable(from.rateLimit()).map(limit -> rateLimit(limit, origin.field("rateLimit"))),
                Optional.ofNullable(from.sessionPersistence())
                        .map(session -> sessionPersistence(session, origin.field("sessionPersistence"))),
                origin);
    }

    private List<String> hostnames(@Nullable List<String> from, Origin origin) {
        List<String> hostnames = findings.each(from, origin, (hostname, at) -> {
            String read = hostname.toLowerCase(Locale.ROOT);
            if (!Findings.isHostnameOrWildcard(read)) {
                findings.add(
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

    private Match match(RouteSpec.Match from, Origin origin) {
        return new Match(
                from.path() == null
                        ? EVERY_PATH
                        : path(from.path(), origin.field("path").field("value")),
                Optional.ofNullable(from.method()).map(RouteSpec.Method::name),
                named(from.headers(), origin.field("headers"), "a header", name -> name.toLowerCase(Locale.ROOT)),
                named(from.queryParams(), origin.field("queryParams"), "a query parameter", name -> name));
    }

    private List<NamedMatch> named(
            @Nullable List<RouteSpec.NamedMatch> from, Origin origin, String what, Function<String, String> spelling) {
        Set<String> names = new HashSet<>();
        return findings.each(from, origin, (match, at) -> {
            String name = spelling.apply(findings.token(match.name(), at.field("name"), what));
            if (match.name() != null && !names.add(name)) {
                findings.add(at.field("name"), name + " is there twice", "name it once; all that are named must fit");
            }
            boolean regex = match.type() == RouteSpec.ValueMatchType.RegularExpression;
            String value = findings.required(match.value(), at.field("value"), "");
            if (value.chars().anyMatch(c -> c < ' ' || c == 127)) {
                findings.add(at.field("value"), "it has control characters, which no request has", "leave them out");
            }
            return new NamedMatch(name, regex, regex ? findings.regex(value, at.field("value")) : value);
        });
    }

    private PathMatch path(RouteSpec.PathMatch match, Origin at) {
        if (match.type() == RouteSpec.PathMatchType.RegularExpression) {
            return new PathMatch.Regex(findings.regex(findings.required(match.value(), at, "/"), at));
        }
        String path = findings.required(match.value(), at, "/");
        if (isPath(path, at) && UNMATCHABLE_PATH.matcher(path).find()) {
            findings.add(
                    at,
                    "'" + path + "' is not a normalized path, so that no request could match it",
                    "leave out //, /./, /../, %2F and %5C, and write letters, digits and -._~ as they are");
        }
        return match.type() == RouteSpec.PathMatchType.Exact
                ? new PathMatch.Exact(path)
                : new PathMatch.Prefix(FilterReader.withoutTrailingSlash(path));
    }

    private boolean isPath(String path, Origin at) {
        return isPath(findings, path, at);
    }

    static boolean isPath(Findings findings, String path, Origin at) {
        if (path.length() > MAX_PATH_LENGTH) {
            findings.add(at, "it is " + path.length() + " characters long", "use at most " + MAX_PATH_LENGTH);
            return false;
        }
        if (!PATH.matcher(path).matches()) {
            findings.add(
                    at,
                    "'" + path + "' is not a path of a request",
                    "begin it with a slash and write other characters than A-Z a-z 0-9 and -/._~!$&'()*+,;=:@ as %XX");
            return false;
        }
        return true;
    }

    private void claim(Claim claim, String route, Origin origin) {
        String other = claimed.putIfAbsent(claim, route);
        if (other != null) {
            findings.add(origin, claim.words() + " already go to " + other, "remove one of them or make them differ");
        }
    }

    private List<BackendRef> backendRefs(@Nullable List<RouteSpec.BackendRef> from, Filters filters, Origin origin) {
        boolean none = from == null || from.isEmpty();
        if (none && !filters.answers()) {
            findings.add(origin, "there is no backend", "name at least one");
        } else if (!none && filters.answers()) {
            findings.add(
                    origin,
                    "no request comes here, since a filter answers all of them",
                    "remove the backends or the filter");
        }
        findings.findDuplicates(from, origin, RouteSpec.BackendRef::name, "name");
        return findings.each(from, origin, this::backendRef);
    }

    private BackendRef backendRef(RouteSpec.BackendRef from, Origin origin) {
        return new BackendRef(
                backendName(findings, from.name(), backends, origin.field("name")),
                findings.inRange(from.weight(), DEFAULT_WEIGHT, 0, MAX_WEIGHT, origin.field("weight")),
                origin);
    }

    static String backendName(Findings findings, @Nullable String written, Set<String> backends, Origin origin) {
        String name = findings.required(written, origin, "");
        if (written != null && !backends.contains(name)) {
            findings.add(origin, "no backend is named " + name, "add it to spec.backends or correct the name");
        }
        return name;
    }

    private Timeouts timeouts(RouteSpec.@Nullable Timeouts from, Origin origin) {
        if (from == null) {
            return Timeouts.DEFAULT;
        }
        Timeouts timeouts = new Timeouts(
                findings.duration(from.request(), Duration.ZERO, Findings.DAY, origin.field("request")),
                findings.duration(from.backendRequest(), Duration.ZERO, Findings.DAY, origin.field("backendRequest")),
                findings.duration(from.idle(), Duration.ZERO, Findings.DAY, origin.field("idle")));
        String whole = from.request() == null ? DEFAULT_REQUEST_TIMEOUT : from.request();
        Optional<Duration> request = GatewayDuration.parse(whole).filter(Duration::isPositive);
        if (request.isPresent()
                && timeouts.backendRequest()
                        .filter(one -> one.compareTo(request.get()) > 0)
                        .isPresent()) {
            findings.add(
                    origin.field("backendRequest"),
                    from.backendRequest() + " is longer than the whole request may take, " + whole,
                    "make it at most as long, or give the request more time");
        }
        return timeouts;
    }

    private Retry retry(RouteSpec.Retry from, Origin origin) {
        List<Integer> codes = findings.each(
                from.codes(), origin.field("codes"), (code, at) -> (int) findings.inRange(code, 400, 599, at));
        return new Retry(
                codes.stream().distinct().sorted().toList(),
                findings.inRange(from.attempts(), 1, 1, 100, origin.field("attempts")),
                findings.duration(from.backoff(), Findings.MILLISECOND, Findings.HOUR, origin.field("backoff"))
                        .orElse(DEFAULT_BACKOFF));
    }

    private RateLimit rateLimit(RouteSpec.RateLimit from, Origin origin) {
        long requests = findings.limit(
                        findings.required(from.requests(), origin.field("requests"), 1L), 1, origin.field("requests"))
                .orElse(1);
        Duration interval = switch (findings.required(from.unit(), origin.field("unit"), RouteSpec.RateUnit.Second)) {
            case Second -> Findings.SECOND;
            case Minute -> Duration.ofMinutes(1);
            case Hour -> Findings.HOUR;
        };
        return new RateLimit(
                requests,
                interval,
                findings.limit(from.burst(), 1, origin.field("burst")).orElse(requests));
    }

    private SessionPersistence sessionPersistence(RouteSpec.SessionPersistence from, Origin origin) {
        String path = from.path() == null ? "/" : from.path();
        if (isPath(path, origin.field("path")) && path.contains(";")) {
            findings.add(origin.field("path"), "a semicolon would end a cookie's path", "leave it out");
        }
        return new SessionPersistence(
                from.sessionName() == null
                        ? DEFAULT_COOKIE
                        : findings.token(from.sessionName(), origin.field("sessionName"), "a cookie"),
                findings.duration(
                        from.absoluteTimeout(),
                        Findings.SECOND,
                        Findings.DAY.multipliedBy(365),
                        origin.field("absoluteTimeout")),
                path);
    }

    static Route.Header header(Findings findings, RouteSpec.Header from, Origin origin) {
        String name =
                findings.token(from.name(), origin.field("name"), "a header").toLowerCase(Locale.ROOT);
        String value = findings.required(from.value(), origin.field("value"), "");
        if (value.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 127)) {
            findings.add(origin.field("value"), "it has control characters", "leave them out");
        }
        return new Route.Header(name, value);
    }
}
