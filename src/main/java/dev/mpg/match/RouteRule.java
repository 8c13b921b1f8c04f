package dev.mpg.match;

import dev.mpg.match.Answer.Attempt;
import dev.mpg.match.Answer.Fit;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which requests a route takes, prepared so that asking costs neither parsing nor compiling. Immutable; safe to share between threads. */
final class RouteRule {
    private static final Set<Integer> UNDERSTOOD = Set.of(
            RouteMatch.PATH_FIELD_NUMBER,
            RouteMatch.PREFIX_FIELD_NUMBER,
            RouteMatch.PATH_SEPARATED_PREFIX_FIELD_NUMBER,
            RouteMatch.SAFE_REGEX_FIELD_NUMBER,
            RouteMatch.CASE_SENSITIVE_FIELD_NUMBER,
            RouteMatch.HEADERS_FIELD_NUMBER,
            RouteMatch.QUERY_PARAMETERS_FIELD_NUMBER,
            RouteMatch.RUNTIME_FRACTION_FIELD_NUMBER);

    private final String name;
    private final Route route;
    private final PathRule path;
    private final Condition[] conditions;
    /** What isn't understood of the match. */
    private final Optional<String> foreign;

    private final String asked;
    private final Optional<PathRewrite> rewrite;

    private RouteRule(String name, Route route, PathRule path, List<Condition> conditions, Optional<String> foreign) {
        this.name = name;
        this.route = route;
        this.path = path;
        this.conditions = conditions.toArray(Condition[]::new);
        this.foreign = foreign;
        this.asked = Stream.concat(Stream.of(path.asked()), conditions.stream().map(Condition::asked))
                .collect(Collectors.joining(", "));
        RouteAction action = route.getRoute();
        RedirectAction redirect = route.getRedirect();
        this.rewrite = route.hasRedirect()
                ? PathRewrite.of(redirect.getPrefixRewrite(), redirect.hasRegexRewrite(), redirect.getRegexRewrite())
                : PathRewrite.of(action.getPrefixRewrite(), action.hasRegexRewrite(), action.getRegexRewrite());
    }

    /** @param index in the virtual host */
    static RouteRule of(int index, Route route) {
        RouteMatch match = route.getMatch();
        PathRule path = PathRule.of(match);
        Optional<String> foreign = Foreign.otherThan(UNDERSTOOD, match);
        if (path.kind() == PathRule.Kind.UNKNOWN) {
            foreign = foreign.or(() -> Optional.of(path.text()));
        }
        if (match.hasRuntimeFraction() && !isAll(match.getRuntimeFraction().getDefaultValue())) {
            foreign = foreign.or(() -> Optional.of("runtime_fraction"));
        }
        List<Condition> conditions = new ArrayList<>();
        for (HeaderMatcher header : match.getHeadersList()) {
            Optional<Condition> condition = Condition.of(header);
            condition.ifPresent(conditions::add);
            if (condition.isEmpty()) {
                foreign = foreign.or(() -> Optional.of("header " + header.getName()));
            }
        }
        for (QueryParameterMatcher parameter : match.getQueryParametersList()) {
            Optional<Condition> condition = Condition.of(parameter);
            condition.ifPresent(conditions::add);
            if (condition.isEmpty()) {
                foreign = foreign.or(() -> Optional.of("query parameter " + parameter.getName()));
            }
        }
        return new RouteRule(
                route.getName().isEmpty() ? "#" + index : route.getName(), route, path, conditions, foreign);
    }

    private static boolean isAll(FractionalPercent fraction) {
        long denominator = switch (fraction.getDenominator()) {
            case HUNDRED, UNRECOGNIZED -> 100;
            case TEN_THOUSAND -> 10_000;
            case MILLION -> 1_000_000;
        };
        return Integer.toUnsignedLong(fraction.getNumerator()) >= denominator;
    }

    /** Its name; of one that has none {@code #} and its index in the virtual host. */
    String name() {
        return name;
    }

    Route route() {
        return route;
    }

    PathRule path() {
        return path;
    }

    /** What its action makes of the path; empty when that isn't understood. */
    Optional<PathRewrite> rewrite() {
        return rewrite;
    }

    /** Other ones than those that every request has. */
    boolean looksAtHeaders() {
        return Stream.of(conditions)
                .anyMatch(condition -> condition.source() == Condition.Source.HEADER
                        && !condition.name().startsWith(":"));
    }

    Fit fit(Arrived request) {
        if (!path.fits(request.path())) {
            return Fit.NO;
        }
        for (Condition condition : conditions) {
            if (!condition.fits(request)) {
                return Fit.NO;
            }
        }
        return foreign.isPresent() ? Fit.UNJUDGED : Fit.YES;
    }

    /** The same with why, of a request that fits so. */
    Attempt attempt(Arrived request, Fit fit) {
        return new Attempt(
                name,
                asked,
                fit,
                switch (fit) {
                    case YES -> conditions.length == 0 ? "the path fits" : "all of it fits";
                    case NO -> mismatch(request);
                    case UNJUDGED -> unjudged();
                });
    }

    /** Why it can't be judged, in words. */
    String unjudged() {
        return "it matches by " + foreign.orElse("nothing unknown");
    }

    private String mismatch(Arrived request) {
        if (!path.fits(request.path())) {
            return path.mismatch(request.path());
        }
        return Stream.of(conditions)
                .filter(condition -> !condition.fits(request))
                .map(condition -> condition.mismatch(request))
                .collect(Collectors.joining("; "));
    }
}
