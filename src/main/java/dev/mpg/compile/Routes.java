package dev.mpg.compile;

import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import dev.mpg.config.TrafficConfig.BackendRef;
import dev.mpg.config.TrafficConfig.PathMatch;
import dev.mpg.config.TrafficConfig.Route;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.Vhds;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
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
 * host's routes fits the path, the answer is 404, also where a route for {@code *.example.com} or every host would fit.
 *
 * @see <a href="https://github.com/kubernetes-sigs/gateway-api/discussions/2294">Gateway API: hosts don't fall through</a>
 */
final class Routes {
    /** The one route configuration that all listeners share. */
    static final String CONFIGURATION_NAME = "routes";

    private static final int INTERNAL_SERVER_ERROR = 500;

    /**
     * The order in which Gateway API wants matches tried: exact paths, then prefixes, longer ones first. Of two others at
     * most one fits a request; they are sorted too, so that the order in which routes are written makes no version.
     */
    private static final Comparator<PathMatch> PRECEDENCE = Comparator.comparing(
                    (PathMatch path) -> path instanceof PathMatch.Prefix)
            .thenComparing(path -> path.path().length(), Comparator.reverseOrder())
            .thenComparing(PathMatch::path);

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

    static List<VirtualHost> virtualHosts(List<Route> routes) {
        SortedMap<String, List<Rule>> rulesByHost = new TreeMap<>();
        for (Route route : routes) {
            for (String hostname : route.hostnames()) {
                List<Rule> rules = rulesByHost.computeIfAbsent(hostname, host -> new ArrayList<>());
                route.paths().forEach(path -> rules.add(new Rule(path, route)));
            }
        }
        List<VirtualHost> hosts = new ArrayList<>(rulesByHost.size());
        rulesByHost.forEach((hostname, rules) -> {
            rules.sort(Comparator.comparing(Rule::path, PRECEDENCE));
            VirtualHost.Builder host =
                    VirtualHost.newBuilder().setName(virtualHostName(hostname)).addDomains(hostname);
            rules.forEach(rule -> host.addRoutes(rule.toEnvoy()));
            hosts.add(host.build());
        });
        return hosts;
    }

    /** One match of a route. */
    private record Rule(PathMatch path, Route route) {
        io.envoyproxy.envoy.config.route.v3.Route toEnvoy() {
            io.envoyproxy.envoy.config.route.v3.Route.Builder envoy =
                    io.envoyproxy.envoy.config.route.v3.Route.newBuilder()
                            .setName(route.name())
                            .setMatch(match(path));
            long totalWeight =
                    route.backendRefs().stream().mapToLong(BackendRef::weight).sum();
            return totalWeight == 0
                    ? envoy.setDirectResponse(DirectResponseAction.newBuilder().setStatus(INTERNAL_SERVER_ERROR))
                            .build()
                    : envoy.setRoute(action(route)).build();
        }
    }

    private static RouteMatch match(PathMatch path) {
        return switch (path) {
            case PathMatch.Exact(String exact) ->
                RouteMatch.newBuilder().setPath(exact).build();
            case PathMatch.Prefix(String prefix)
            when prefix.equals("/") -> RouteMatch.newBuilder().setPrefix("/").build();
            case PathMatch.Prefix(String prefix) ->
                RouteMatch.newBuilder().setPathSeparatedPrefix(prefix).build();
        };
    }

    private static RouteAction action(Route route) {
        RouteAction.Builder action = RouteAction.newBuilder();
        route.requestTimeout().ifPresent(timeout -> action.setTimeout(Durations.fromNanos(timeout.toNanos())));
        if (route.backendRefs().size() == 1) {
            return action.setCluster(route.backendRefs().getFirst().backend()).build();
        }
        WeightedCluster.Builder weighted = WeightedCluster.newBuilder();
        for (BackendRef ref : route.backendRefs()) {
            weighted.addClusters(WeightedCluster.ClusterWeight.newBuilder()
                    .setName(ref.backend())
                    .setWeight(UInt32Value.of(ref.weight())));
        }
        return action.setWeightedClusters(weighted).build();
    }
}
