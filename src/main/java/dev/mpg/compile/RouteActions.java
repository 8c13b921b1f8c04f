package dev.mpg.compile;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Duration;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import com.google.re2j.Pattern;
import dev.mpg.config.Backend;
import dev.mpg.config.Backend.HashKey;
import dev.mpg.config.Backend.LoadBalancer;
import dev.mpg.config.Route;
import dev.mpg.config.Route.BackendRef;
import dev.mpg.config.Route.Header;
import dev.mpg.config.Route.HeaderChanges;
import dev.mpg.config.Route.Match;
import dev.mpg.config.Route.Mirror;
import dev.mpg.config.Route.PathChange;
import dev.mpg.config.Route.Redirect;
import dev.mpg.config.Route.Retry;
import dev.mpg.config.Route.Timeouts;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.config.core.v3.RuntimeFractionalPercent;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction.RedirectResponseCode;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatchAndSubstitute;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** What is done with the requests that a route takes. */
final class RouteActions {
    private static final int INTERNAL_SERVER_ERROR = 500;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    /** Of the first wait, as Envoy does by itself. */
    private static final int LONGEST_BACKOFF = 10;

    private static final int OTHER_ENDPOINT_ATTEMPTS = 3;

    /** By the backend's name, of those that are hashed. */
    private final Map<String, HashPolicy> hashPolicies = new HashMap<>();

    RouteActions(List<Backend> backends) {
        for (Backend backend : backends) {
            if (backend.policy().loadBalancer() instanceof LoadBalancer.ConsistentHash hash) {
                hashPolicies.put(backend.name(), hashPolicy(hash.key()));
            }
        }
    }

    /** Envoy's routes for one match of a route, in the order in which they are tried. */
    List<io.envoyproxy.envoy.config.route.v3.Route> routes(Route route, Match match, RouteMatch envoyMatch) {
        io.envoyproxy.envoy.config.route.v3.Route envoy = route(route, match, envoyMatch);
        return route.filters()
                .redirect()
                .flatMap(RouteActions::impliedPort)
                .map(port -> List.of(withPort(envoy, port), envoy))
                .orElse(List.of(envoy));
    }

    /**
     * The port to which a redirect leads without naming it: its scheme's own. Empty where the request's host and port, which
     * Envoy otherwise keeps together, need no change.
     */
    private static Optional<Integer> impliedPort(Redirect redirect) {
        return redirect.scheme()
                .map(RouteActions::ownPort)
                .filter(own ->
                        redirect.hostname().isEmpty() && namedPort(redirect).isEmpty());
    }

    private static int ownPort(String scheme) {
        return scheme.equals("https") ? HTTPS_PORT : HTTP_PORT;
    }

    /** That a redirect's location names; Gateway API wants a scheme's own left out. */
    private static Optional<Integer> namedPort(Redirect redirect) {
        return redirect.port()
                .filter(port -> redirect.scheme()
                        .filter(scheme -> ownPort(scheme) == port)
                        .isEmpty());
    }

    /** Of the requests that this route takes, those whose host has a port are redirected to another. */
    private static io.envoyproxy.envoy.config.route.v3.Route withPort(
            io.envoyproxy.envoy.config.route.v3.Route redirect, int port) {
        io.envoyproxy.envoy.config.route.v3.Route.Builder ported = redirect.toBuilder();
        ported.getMatchBuilder()
                .addHeaders(HeaderMatcher.newBuilder()
                        .setName(":authority")
                        .setStringMatch(StringMatcher.newBuilder().setSafeRegex(Routes.regex(".*:[0-9]+"))));
        ported.getRedirectBuilder().setPortRedirect(port);
        return ported.build();
    }

    private io.envoyproxy.envoy.config.route.v3.Route route(Route route, Match match, RouteMatch envoyMatch) {
        io.envoyproxy.envoy.config.route.v3.Route.Builder envoy = io.envoyproxy.envoy.config.route.v3.Route.newBuilder()
                .setName(route.name())
                .setMatch(envoyMatch);
        HeaderChanges request = route.filters().request();
        HeaderChanges response = route.filters().response();
        envoy.addAllRequestHeadersToAdd(toAdd(request))
                .addAllRequestHeadersToRemove(request.remove())
                .addAllResponseHeadersToAdd(toAdd(response))
                .addAllResponseHeadersToRemove(response.remove())
                .putAllTypedPerFilterConfig(HttpFilters.of(route));
        if (route.filters().directResponse().isPresent()) {
            return envoy.setDirectResponse(
                            answer(route.filters().directResponse().get()))
                    .build();
        }
        if (route.filters().redirect().isPresent()) {
            return envoy.setRedirect(redirect(route.filters().redirect().get(), match))
                    .build();
        }
        long totalWeight =
                route.backendRefs().stream().mapToLong(BackendRef::weight).sum();
        return totalWeight == 0
                ? envoy.setDirectResponse(DirectResponseAction.newBuilder().setStatus(INTERNAL_SERVER_ERROR))
                        .build()
                : envoy.setRoute(forward(route, match)).build();
    }

    private static List<HeaderValueOption> toAdd(HeaderChanges changes) {
        List<HeaderValueOption> options = new ArrayList<>();
        changes.set().forEach(header -> options.add(option(header, HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)));
        changes.add().forEach(header -> options.add(option(header, HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD)));
        return options;
    }

    /** A percent sign would begin one of Envoy's command operators. */
    private static HeaderValueOption option(Header header, HeaderAppendAction action) {
        return HeaderValueOption.newBuilder()
                .setHeader(HeaderValue.newBuilder()
                        .setKey(header.name())
                        .setValue(header.value().replace("%", "%%")))
                .setAppendAction(action)
                .build();
    }

    private static DirectResponseAction answer(Route.DirectResponse response) {
        DirectResponseAction.Builder action = DirectResponseAction.newBuilder().setStatus(response.status());
        if (!response.body().isEmpty()) {
            action.setBody(DataSource.newBuilder().setInlineString(response.body()));
        }
        return action.build();
    }

    private static RedirectAction redirect(Redirect redirect, Match match) {
        RedirectAction.Builder action = RedirectAction.newBuilder().setResponseCode(redirectCode(redirect.status()));
        redirect.scheme().ifPresent(action::setSchemeRedirect);
        redirect.hostname().ifPresent(action::setHostRedirect);
        namedPort(redirect).ifPresent(action::setPortRedirect);
        redirect.path().ifPresent(change -> {
            switch (change) {
                case PathChange.Full(String path) -> action.setPathRedirect(path);
                case PathChange.PrefixMatch(String replacement) ->
                    changePrefix(match, replacement, action::setPrefixRewrite, action::setRegexRewrite);
            }
        });
        return action.build();
    }

    static RedirectResponseCode redirectCode(int status) {
        return switch (status) {
            case 301 -> RedirectResponseCode.MOVED_PERMANENTLY;
            case 302 -> RedirectResponseCode.FOUND;
            case 303 -> RedirectResponseCode.SEE_OTHER;
            case 307 -> RedirectResponseCode.TEMPORARY_REDIRECT;
            case 308 -> RedirectResponseCode.PERMANENT_REDIRECT;
            default -> throw new IllegalArgumentException(status + " is not the status of a redirect");
        };
    }

    /**
     * Envoy replaces characters and Gateway API path elements: that is the same unless one of the two is the root, which ends
     * with the slash that separates elements.
     */
    private static void changePrefix(
            Match match, String replacement, Consumer<String> prefix, Consumer<RegexMatchAndSubstitute> regex) {
        String matched = match.path().path();
        if (matched.equals(replacement)) {
            prefix.accept(replacement);
        } else if (matched.equals("/")) {
            regex.accept(substitute("^/(.*)$", replacement + "/\\1"));
        } else if (replacement.equals("/")) {
            regex.accept(substitute("^" + Pattern.quote(matched) + "/*", "/"));
        } else {
            prefix.accept(replacement);
        }
    }

    private static RegexMatchAndSubstitute substitute(String regex, String substitution) {
        return RegexMatchAndSubstitute.newBuilder()
                .setPattern(Routes.regex(regex))
                .setSubstitution(substitution)
                .build();
    }

    private RouteAction forward(Route route, Match match) {
        RouteAction.Builder action = RouteAction.newBuilder();
        Timeouts timeouts = route.timeouts();
        timeouts.request().ifPresent(timeout -> action.setTimeout(duration(timeout)));
        timeouts.idle().ifPresent(timeout -> action.setIdleTimeout(duration(timeout)));
        retryPolicy(route).ifPresent(action::setRetryPolicy);
        route.filters().rewrite().ifPresent(rewrite -> {
            rewrite.hostname().ifPresent(action::setHostRewriteLiteral);
            rewrite.path().ifPresent(change -> {
                switch (change) {
                    case PathChange.Full(String path) -> action.setRegexRewrite(substitute("^.*$", path));
                    case PathChange.PrefixMatch(String replacement) ->
                        changePrefix(match, replacement, action::setPrefixRewrite, action::setRegexRewrite);
                }
            });
        });
        route.filters().mirrors().forEach(mirror -> action.addRequestMirrorPolicies(mirror(mirror)));
        Set<HashPolicy> hashes = new LinkedHashSet<>();
        route.backendRefs()
                .forEach(ref ->
                        Optional.ofNullable(hashPolicies.get(ref.backend())).ifPresent(hashes::add));
        action.addAllHashPolicy(hashes);
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

    /** A limit for each try is part of it, also when there is only one. */
    private static Optional<RetryPolicy> retryPolicy(Route route) {
        Optional<java.time.Duration> perTry = route.timeouts().backendRequest().filter(java.time.Duration::isPositive);
        if (route.retry().isEmpty() && perTry.isEmpty()) {
            return Optional.empty();
        }
        RetryPolicy.Builder policy = RetryPolicy.newBuilder();
        perTry.ifPresent(timeout -> policy.setPerTryTimeout(duration(timeout)));
        route.retry().ifPresentOrElse(retry -> retries(retry, policy), () -> policy.setNumRetries(UInt32Value.of(0)));
        return Optional.of(policy.build());
    }

    private static void retries(Retry retry, RetryPolicy.Builder policy) {
        // Of Envoy's words this one has all that is no response: refused, broken off, too late.
        policy.setRetryOn(retry.codes().isEmpty() ? "reset" : "reset,retriable-status-codes")
                .setNumRetries(UInt32Value.of(retry.attempts()))
                .addAllRetriableStatusCodes(retry.codes())
                .setRetryBackOff(RetryPolicy.RetryBackOff.newBuilder()
                        .setBaseInterval(duration(retry.backoff()))
                        .setMaxInterval(duration(retry.backoff().multipliedBy(LONGEST_BACKOFF))))
                .addRetryHostPredicate(RetryPolicy.RetryHostPredicate.newBuilder()
                        .setName("envoy.retry_host_predicates.previous_hosts")
                        .setTypedConfig(Marshalling.any(PreviousHostsPredicate.getDefaultInstance())))
                .setHostSelectionRetryMaxAttempts(OTHER_ENDPOINT_ATTEMPTS);
    }

    private static RouteAction.RequestMirrorPolicy mirror(Mirror mirror) {
        return RouteAction.RequestMirrorPolicy.newBuilder()
                .setCluster(mirror.backend())
                .setRuntimeFraction(RuntimeFractionalPercent.newBuilder().setDefaultValue(percent(mirror.percent())))
                .setTraceSampled(BoolValue.of(false))
                // A copy has the host of the request.
                .setDisableShadowHostSuffixAppend(true)
                .build();
    }

    static FractionalPercent percent(int percent) {
        return FractionalPercent.newBuilder().setNumerator(percent).build();
    }

    private static HashPolicy hashPolicy(HashKey key) {
        return switch (key) {
            case HashKey.SourceIp() ->
                HashPolicy.newBuilder()
                        .setConnectionProperties(
                                HashPolicy.ConnectionProperties.newBuilder().setSourceIp(true))
                        .build();
            case HashKey.Header(String name) ->
                HashPolicy.newBuilder()
                        .setHeader(HashPolicy.Header.newBuilder().setHeaderName(name))
                        .build();
            case HashKey.Cookie(String name, Optional<java.time.Duration> ttl) ->
                HashPolicy.newBuilder()
                        .setCookie(HashPolicy.Cookie.newBuilder()
                                .setName(name)
                                .setPath("/")
                                .setTtl(ttl.map(RouteActions::duration).orElse(Duration.getDefaultInstance())))
                        .build();
        };
    }

    static Duration duration(java.time.Duration duration) {
        return Durations.fromNanos(duration.toNanos());
    }
}
