package dev.mpg.match;

import static java.util.stream.Collectors.toUnmodifiableSet;

import dev.mpg.match.Outcome.Forward;
import dev.mpg.match.Outcome.Reply;
import dev.mpg.match.Outcome.Share;
import dev.mpg.match.Outcome.Unjudged;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster.ClusterWeight;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What routes do with the requests that they take.
 *
 * @param clusters the names of the clusters that there are
 */
record Actions(Set<String> clusters) {
    /** Envoy's, of a route that gives none. */
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(15);

    private static final Set<Integer> UNDERSTOOD_OF_WEIGHTED =
            Set.of(WeightedCluster.CLUSTERS_FIELD_NUMBER, WeightedCluster.TOTAL_WEIGHT_FIELD_NUMBER);

    static Actions of(Snapshot snapshot) {
        return new Actions(snapshot.resources(ResourceType.CLUSTER).stream()
                .map(Resource::name)
                .collect(toUnmodifiableSet()));
    }

    /** What a route does, of which answers speak by this name. */
    Outcome outcome(String name, Route route) {
        return switch (route.getActionCase()) {
            case ROUTE -> forward(name, route.getRoute());
            case DIRECT_RESPONSE -> {
                int status = route.getDirectResponse().getStatus();
                yield reply(
                        name,
                        status,
                        status == 500
                                ? "a direct response, as a route gets whose backends all have weight 0"
                                : "a direct response");
            }
            case REDIRECT -> reply(name, status(route.getRedirect().getResponseCode()), "a redirect");
            case FILTER_ACTION, NON_FORWARDING_ACTION, ACTION_NOT_SET ->
                new Unjudged("route " + name + " has another action than to route, redirect or respond");
        };
    }

    private static Reply reply(String route, int status, String why) {
        return new Reply(status, why, Optional.of(route), Optional.empty());
    }

    private static int status(RedirectAction.RedirectResponseCode code) {
        return switch (code) {
            case MOVED_PERMANENTLY, UNRECOGNIZED -> 301;
            case FOUND -> 302;
            case SEE_OTHER -> 303;
            case TEMPORARY_REDIRECT -> 307;
            case PERMANENT_REDIRECT -> 308;
        };
    }

    private Outcome forward(String name, RouteAction action) {
        Duration timeout = action.hasTimeout() ? duration(action.getTimeout()) : DEFAULT_TIMEOUT;
        return switch (action.getClusterSpecifierCase()) {
            case CLUSTER -> new Forward(name, List.of(share(action.getCluster(), 1)), timeout);
            case WEIGHTED_CLUSTERS -> weighted(name, action.getWeightedClusters(), timeout);
            case CLUSTER_HEADER, CLUSTER_SPECIFIER_PLUGIN, INLINE_CLUSTER_SPECIFIER_PLUGIN, CLUSTERSPECIFIER_NOT_SET ->
                new Unjudged("route " + name + " chooses its cluster by "
                        + action.getClusterSpecifierCase().name().toLowerCase(Locale.ROOT));
        };
    }

    private static Duration duration(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    private Outcome weighted(String name, WeightedCluster clusters, Duration timeout) {
        Optional<String> foreign = Foreign.otherThan(UNDERSTOOD_OF_WEIGHTED, clusters)
                .or(() -> clusters.getClustersList().stream()
                        .filter(cluster -> !cluster.getClusterHeader().isEmpty())
                        .map(cluster -> "cluster_header")
                        .findFirst());
        if (foreign.isPresent()) {
            return new Unjudged("route " + name + " weighs its clusters by " + foreign.get());
        }
        List<Share> shares = clusters.getClustersList().stream()
                .map((ClusterWeight cluster) -> share(
                        cluster.getName(),
                        Integer.toUnsignedLong(cluster.getWeight().getValue())))
                .toList();
        return new Forward(name, shares, timeout);
    }

    private Share share(String cluster, long weight) {
        return new Share(cluster, weight, clusters.contains(cluster));
    }
}
