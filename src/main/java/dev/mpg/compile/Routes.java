package dev.mpg.compile;

import dev.mpg.config.Backend;
import dev.mpg.config.Route;
import dev.mpg.config.Route.Match;
import dev.mpg.config.Route.NamedMatch;
import dev.mpg.config.Route.PathMatch;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.Vhds;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Routes, grouped by host name. Every host name is a virtual host and a resource of its own (VHDS), so that a changed
 * route costs the bytes of its host and not those of the whole table.
 *
 * <p>A request belongs to the most specific host name that fits, as Envoy and Gateway API have it: when none of that
 * host's routes fits the request, the answer is 404, also where a route for {@code *.example.com} or every host would fit.
 *
 * @see <a href="https://github.com/kubernetes-sigs/gateway-api/discussions/2294">Gateway API: hosts don't fall through</a>
 */
final class Routes {
    /** The one route configuration that all listeners share. */
    static final String CONFIGURATION_NAME = "routes";

    /** What a path is matched by, the kind that is tried first coming first. */
    private enum Kind {
        EXACT,
        REGEX,
        PREFIX;

        static Kind of(PathMatch path) {
            return switch (path) {
                case PathMatch.Exact _ -> EXACT;
                case PathMatch.Regex _ -> REGEX;
                case PathMatch.Prefix _ -> PREFIX;
            };
        }
    }

    /**
     * The order in which Gateway API wants matches tried: exact paths, then prefixes, longer ones first; then by method, and
     * by how many headers and query parameters there are. It leaves open where regular expressions are; other gateways have
     * them between the two. What is equal by then is tried in the order written, unless only one of two can fit: those are
     * sorted too, so that the order in which they are written makes no version.
     *
     * @see <a href="https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule">Gateway API: HTTPRouteRule.matches</a>
     */
    static final Comparator<Match> PRECEDENCE = Comparator.comparing((Match match) -> Kind.of(match.path()))
            .thenComparing(match -> match.path().path().length(), Comparator.reverseOrder())
            .thenComparing(match ->
                    match.path() instanceof PathMatch.Regex ? "" : match.path().path())
            .thenComparing(match -> match.method().isEmpty())
            .thenComparing(match -> match.headers().size(), Comparator.reverseOrder())
            .thenComparing(match -> match.queryParams().size(), Comparator.reverseOrder())
            .thenComparing(match -> match.path() instanceof PathMatch.Regex
                    ? ""
                    : match.method().orElse(""));

    private Routes() {}

    /**
     * Ports in the Host header are ignored when matching and passed on, as Gateway API demands. What holds for all virtual
     * hosts stands here, so that theirs stay small.
     */
    static RouteConfiguration configuration() {
        return RouteConfiguration.newBuilder()
                .setName(CONFIGURATION_NAME)
                .setIgnorePortInHostMatching(true)
                .addAllRequestHeadersToAdd(RequestTraces.headers())
                .addAllResponseHeadersToAdd(RequestTraces.headers())
                .setVhds(Vhds.newBuilder().setConfigSource(ConfigSources.ADS))
                .build();
    }

    /** Of the virtual host for a host name: begins with the route configuration's, as VHDS demands. */
    static String virtualHostName(String hostname) {
        return CONFIGURATION_NAME + "/" + hostname;
    }

    /** The reverse of {@link #virtualHostName}. */
    static String hostname(String virtualHostName) {
        return virtualHostName.substring(CONFIGURATION_NAME.length() + 1);
    }

    /** @param backends to which the routes refer */
    static List<VirtualHost> virtualHosts(List<Route> routes, List<Backend> backends) {
        RouteActions actions = new RouteActions(backends);
        SortedMap<String, List<Rule>> rulesByHost = new TreeMap<>();
        for (Route route : routes) {
            for (String hostname : route.hostnames()) {
                List<Rule> rules = rulesByHost.computeIfAbsent(hostname, host -> new ArrayList<>());
                route.matches().forEach(match -> rules.add(new Rule(match, route)));
            }
        }
        List<VirtualHost> hosts = new ArrayList<>(rulesByHost.size());
        rulesByHost.forEach((hostname, rules) -> {
            rules.sort(Comparator.comparing(Rule::match, PRECEDENCE));
            VirtualHost.Builder host =
                    VirtualHost.newBuilder().setName(virtualHostName(hostname)).addDomains(hostname);
            rules.forEach(rule -> host.addAllRoutes(actions.routes(rule.route(), rule.match(), match(rule.match()))));
            hosts.add(host.build());
        });
        return hosts;
    }

    /** One match of a route. */
    private record Rule(Match match, Route route) {}

    private static RouteMatch match(Match match) {
        RouteMatch.Builder envoy = RouteMatch.newBuilder();
        switch (match.path()) {
            case PathMatch.Exact(String exact) -> envoy.setPath(exact);
            case PathMatch.Prefix(String prefix) when prefix.equals("/") -> envoy.setPrefix("/");
            case PathMatch.Prefix(String prefix) -> envoy.setPathSeparatedPrefix(prefix);
            case PathMatch.Regex(String regex) -> envoy.setSafeRegex(regex(regex));
        }
        match.method()
                .ifPresent(method -> envoy.addHeaders(HeaderMatcher.newBuilder()
                        .setName(":method")
                        .setStringMatch(StringMatcher.newBuilder().setExact(method))));
        match.headers()
                .forEach(header -> envoy.addHeaders(
                        HeaderMatcher.newBuilder().setName(header.name()).setStringMatch(value(header))));
        match.queryParams()
                .forEach(parameter -> envoy.addQueryParameters(QueryParameterMatcher.newBuilder()
                        .setName(parameter.name())
                        .setStringMatch(value(parameter))));
        return envoy.build();
    }

    private static StringMatcher value(NamedMatch match) {
        return match.regex()
                ? StringMatcher.newBuilder().setSafeRegex(regex(match.value())).build()
                : StringMatcher.newBuilder().setExact(match.value()).build();
    }

    static RegexMatcher regex(String regex) {
        return RegexMatcher.newBuilder().setRegex(regex).build();
    }
}
