package dev.mpg.match;

import dev.mpg.match.Answer.Attempt;
import dev.mpg.match.Answer.Fit;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What a route's match says of the path, and whether it says something else.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto">Envoy: RouteMatch</a>
 */
final class PathRule {
    private static final Set<Integer> UNDERSTOOD = Set.of(
            RouteMatch.PATH_FIELD_NUMBER,
            RouteMatch.PREFIX_FIELD_NUMBER,
            RouteMatch.PATH_SEPARATED_PREFIX_FIELD_NUMBER,
            RouteMatch.CASE_SENSITIVE_FIELD_NUMBER);

    private PathRule() {}

    /** How a route does with a path, which is normalized and without the query. */
    static Attempt attempt(String route, RouteMatch match, String path) {
        boolean ignoresCase =
                match.hasCaseSensitive() && !match.getCaseSensitive().getValue();
        String rule = rule(match) + (ignoresCase ? " in any case" : "");
        Optional<String> mismatch = mismatch(match, path, ignoresCase);
        if (mismatch.isPresent()) {
            return new Attempt(route, rule, Fit.NO, mismatch.get());
        }
        return Foreign.otherThan(UNDERSTOOD, match)
                .map(field -> new Attempt(route, rule, Fit.UNJUDGED, "it matches by " + field))
                .orElseGet(() -> new Attempt(route, rule, Fit.YES, "the path fits"));
    }

    private static String rule(RouteMatch match) {
        return switch (match.getPathSpecifierCase()) {
            case PATH -> "Exact " + match.getPath();
            case PATH_SEPARATED_PREFIX -> "PathPrefix " + match.getPathSeparatedPrefix();
            case PREFIX -> (match.getPrefix().equals("/") ? "PathPrefix " : "prefix ") + match.getPrefix();
            case SAFE_REGEX, CONNECT_MATCHER, PATH_MATCH_POLICY, PATHSPECIFIER_NOT_SET ->
                match.getPathSpecifierCase().name().toLowerCase(Locale.ROOT);
        };
    }

    /** Why the path doesn't fit; empty when it does, and when that isn't understood. */
    private static Optional<String> mismatch(RouteMatch match, String path, boolean ignoresCase) {
        return switch (match.getPathSpecifierCase()) {
            case PATH ->
                (ignoresCase ? path.equalsIgnoreCase(match.getPath()) : path.equals(match.getPath()))
                        ? Optional.empty()
                        : Optional.of("the path is another");
            case PREFIX ->
                startsWith(path, match.getPrefix(), ignoresCase)
                        ? Optional.empty()
                        : Optional.of("the path doesn't begin so");
            case PATH_SEPARATED_PREFIX -> {
                String prefix = match.getPathSeparatedPrefix();
                if (!startsWith(path, prefix, ignoresCase)) {
                    yield Optional.of("the path doesn't begin so");
                }
                yield path.length() == prefix.length() || path.charAt(prefix.length()) == '/'
                        ? Optional.empty()
                        : Optional.of("the path begins so, but the path element goes on");
            }
            case SAFE_REGEX, CONNECT_MATCHER, PATH_MATCH_POLICY, PATHSPECIFIER_NOT_SET -> Optional.empty();
        };
    }

    private static boolean startsWith(String path, String prefix, boolean ignoresCase) {
        return path.regionMatches(ignoresCase, 0, prefix, 0, prefix.length());
    }
}
