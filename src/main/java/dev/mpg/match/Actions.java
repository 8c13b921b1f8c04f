package dev.mpg.match;

import static java.util.stream.Collectors.toUnmodifiableSet;

import dev.mpg.match.Outcome.Forward;
import dev.mpg.match.Outcome.Reply;
import dev.mpg.match.Outcome.Share;
import dev.mpg.match.Outcome.Unjudged;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
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

    /** What a route does with a request that it takes. */
    Outcome outcome(RouteRule rule, Arrived request) {
        return switch (rule.route().getActionCase()) {
            case ROUTE -> forward(rule, request);
            case DIRECT_RESPONSE -> respond(rule, request);
            case REDIRECT -> redirect(rule, request);
            case FILTER_ACTION, NON_FORWARDING_ACTION, ACTION_NOT_SET ->
                new Unjudged("route " + rule.name() + " has another action than to route, redirect or respond");
        };
    }

    /** Envoy sends a Location with what looks like a redirect, though the action has none to offer. */
    private static Reply respond(RouteRule rule, Arrived request) {
        DirectResponseAction action = rule.route().getDirectResponse();
        int status = action.getStatus();
        String why = status == 500 && !action.hasBody()
                ? "a direct response, as a route gets whose backends all have weight 0"
                : "a direct response" + (action.hasBody() ? " with a body" : "");
        boolean located = status == 201 || status / 100 == 3;
        return new Reply(
                status,
                why,
                Optional.of(rule.name()),
                located ? Optional.of(Redirection.SAME.location(request, rule.path())) : Optional.empty());
    }

    private static Outcome redirect(RouteRule rule, Arrived request) {
        RedirectAction action = rule.route().getRedirect();
        return rule.rewrite()
                .map(rewrite -> new Redirection(action, rewrite))
                .<Outcome>map(redirection -> new Reply(
                        status(action.getResponseCode()),
                        "a redirect",
                        Optional.of(rule.name()),
                        Optional.of(redirection.location(request, rule.path()))))
                .orElseGet(() -> new Unjudged("route " + rule.name() + " redirects by regex_rewrite"));
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

    private Outcome forward(RouteRule rule, Arrived request) {
        RouteAction action = rule.route().getRoute();
        return switch (action.getClusterSpecifierCase()) {
            case CLUSTER -> forward(rule, request, List.of(share(action.getCluster(), 1)));
            case WEIGHTED_CLUSTERS -> weighted(rule, request, action.getWeightedClusters());
            case CLUSTER_HEADER, CLUSTER_SPECIFIER_PLUGIN, INLINE_CLUSTER_SPECIFIER_PLUGIN, CLUSTERSPECIFIER_NOT_SET ->
                new Unjudged("route " + rule.name() + " chooses its cluster by "
                        + action.getClusterSpecifierCase().name().toLowerCase(Locale.ROOT));
        };
    }

    private static Outcome forward(RouteRule rule, Arrived request, List<Share> shares) {
        RouteAction action = rule.route().getRoute();
        Optional<PathRewrite> rewrite = rule.rewrite();
        if (rewrite.isEmpty()) {
            return new Unjudged("route " + rule.name() + " rewrites by regex_rewrite");
        }
        return new Forward(
                rule.name(),
                shares,
                action.hasTimeout() ? duration(action.getTimeout()) : DEFAULT_TIMEOUT,
                action.hasPathRewritePolicy()
                        ? Optional.empty()
                        : Optional.of(rewrite.get().apply(request.path(), rule.path()) + request.query()),
                host(action, request));
    }

    private static Optional<String> host(RouteAction action, Arrived request) {
        String same = request.request().host();
        boolean byCluster = action.getWeightedClusters().getClustersList().stream()
                .anyMatch(cluster -> !cluster.getHostRewriteLiteral().isEmpty());
        return byCluster
                ? Optional.empty()
                : switch (action.getHostRewriteSpecifierCase()) {
                    case HOST_REWRITE_LITERAL ->
                        Optional.of(action.getHostRewriteLiteral().isEmpty() ? same : action.getHostRewriteLiteral());
                    case HOST_REWRITE_HEADER -> {
                        List<String> values =
                                request.header(action.getHostRewriteHeader().toLowerCase(Locale.ROOT));
                        String value = values.isEmpty() ? "" : values.getFirst();
                        yield Optional.of(value.isEmpty() ? same : value);
                    }
                    case AUTO_HOST_REWRITE ->
                        action.getAutoHostRewrite().getValue() ? Optional.empty() : Optional.of(same);
                    case HOST_REWRITE_PATH_REGEX -> Optional.empty();
                    case HOSTREWRITESPECIFIER_NOT_SET -> Optional.of(same);
                };
    }

    private static Duration duration(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    private Outcome weighted(RouteRule rule, Arrived request, WeightedCluster clusters) {
        Optional<String> foreign = Foreign.otherThan(UNDERSTOOD_OF_WEIGHTED, clusters)
                .or(() -> clusters.getClustersList().stream()
                        .filter(cluster -> !cluster.getClusterHeader().isEmpty())
                        .map(cluster -> "cluster_header")
                        .findFirst());
        if (foreign.isPresent()) {
            return new Unjudged("route " + rule.name() + " weighs its clusters by " + foreign.get());
        }
        List<Share> shares = clusters.getClustersList().stream()
                .map((ClusterWeight cluster) -> share(
                        cluster.getName(),
                        Integer.toUnsignedLong(cluster.getWeight().getValue())))
                .toList();
        if (shares.stream().noneMatch(share -> share.weight() > 0)) {
            return new Unjudged("route " + rule.name() + " has no cluster with a weight, which gateways refuse");
        }
        return forward(rule, request, shares);
    }

    private Share share(String cluster, long weight) {
        return new Share(cluster, weight, clusters.contains(cluster));
    }
}
