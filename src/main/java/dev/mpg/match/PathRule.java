package dev.mpg.match;

import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a route's match asks of the path. Immutable; safe to share between threads.
 *
 * @param text the path, the prefix or the regex
 * @param regex of a REGEX
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto">Envoy: RouteMatch</a>
 */
record PathRule(
        Kind kind,
        String text,
        boolean ignoresCase,
        @Nullable Regex regex) {
    enum Kind {
        EXACT,
        /** Of characters. */
        PREFIX,
        /** Of path elements. */
        SEPARATED_PREFIX,
        REGEX,
        /** It isn't understood: it takes every path, and the text is Envoy's name of the field. */
        UNKNOWN
    }

    static PathRule of(RouteMatch match) {
        boolean ignoresCase =
                match.hasCaseSensitive() && !match.getCaseSensitive().getValue();
        return switch (match.getPathSpecifierCase()) {
            case PATH -> new PathRule(Kind.EXACT, match.getPath(), ignoresCase, null);
            case PREFIX -> new PathRule(Kind.PREFIX, match.getPrefix(), ignoresCase, null);
            case PATH_SEPARATED_PREFIX ->
                new PathRule(Kind.SEPARATED_PREFIX, match.getPathSeparatedPrefix(), ignoresCase, null);
            case SAFE_REGEX ->
                Regex.of(match.getSafeRegex())
                        .map(regex ->
                                new PathRule(Kind.REGEX, match.getSafeRegex().getRegex(), false, regex))
                        .orElseGet(() -> unknown(match));
            case CONNECT_MATCHER, PATH_MATCH_POLICY, PATHSPECIFIER_NOT_SET -> unknown(match);
        };
    }

    private static PathRule unknown(RouteMatch match) {
        return new PathRule(Kind.UNKNOWN, match.getPathSpecifierCase().name().toLowerCase(Locale.ROOT), false, null);
    }

    /** Whether a path fits, which is normalized and without the query. */
    boolean fits(String path) {
        return switch (kind) {
            case EXACT -> Ascii.equal(path, text, ignoresCase);
            case PREFIX -> Ascii.startsWith(path, text, ignoresCase);
            case SEPARATED_PREFIX ->
                Ascii.startsWith(path, text, ignoresCase)
                        && (path.length() == text.length() || path.charAt(text.length()) == '/');
            case REGEX -> regex != null && regex.fits(path);
            case UNKNOWN -> true;
        };
    }

    /** How much of a path that fits {@code prefix_rewrite} replaces, in characters. */
    int replaced(String path) {
        return switch (kind) {
            case PREFIX, SEPARATED_PREFIX -> text.length();
            case EXACT, REGEX, UNKNOWN -> path.length();
        };
    }

    /** Which paths fit, in the words of a Proxy's spec where that has words for it. */
    String asked() {
        String asked = switch (kind) {
            case EXACT -> "Exact " + text;
            case SEPARATED_PREFIX -> "PathPrefix " + text;
            case PREFIX -> (text.equals("/") ? "PathPrefix " : "prefix ") + text;
            case REGEX -> "RegularExpression " + text;
            case UNKNOWN -> text;
        };
        return asked + (ignoresCase ? " in any case" : "");
    }

    /** Why a path doesn't fit, in words. */
    String mismatch(String path) {
        return switch (kind) {
            case EXACT, UNKNOWN -> "the path is another";
            case PREFIX -> "the path doesn't begin so";
            case SEPARATED_PREFIX ->
                Ascii.startsWith(path, text, ignoresCase)
                        ? "the path begins so, but the path element goes on"
                        : "the path doesn't begin so";
            case REGEX -> "the path doesn't match the regex";
        };
    }
}
