package dev.mpg.match;

import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a listener makes of a path before it looks for a route. Where the config leaves something open it is as Envoy has it
 * when no runtime value says otherwise.
 *
 * @param escapedSlashes what is done with {@code %2F} and {@code %5C}
 * @see <a href="https://github.com/envoyproxy/envoy/blob/main/source/common/http/conn_manager_utility.cc">Envoy:
 *     maybeNormalizePath</a>
 */
record PathNormalization(boolean normalizes, boolean mergesSlashes, PathWithEscapedSlashesAction escapedSlashes) {
    private static final Pattern ESCAPED_SLASH = Pattern.compile("%2f", Pattern.CASE_INSENSITIVE);
    /** Path parameters of a dot segment, in which neither dots nor slashes are escaped; Envoy cuts them off. */
    private static final Pattern DOT_PARAMETERS = Pattern.compile("(/\\.{1,2});[^/]*");

    private static final Pattern ESCAPED_BACKSLASH = Pattern.compile("%5c", Pattern.CASE_INSENSITIVE);

    static PathNormalization of(HttpConnectionManager manager) {
        return new PathNormalization(
                manager.getNormalizePath().getValue(),
                manager.getMergeSlashes(),
                manager.getPathWithEscapedSlashesAction());
    }

    /** What came of a path. */
    sealed interface Result {
        /** Routes are matched with this path, which is without the query. */
        record Matchable(String path) implements Result {}

        /** No route is looked for. */
        record Answered(Outcome.Reply reply) implements Result {}
    }

    /** What comes of a path, perhaps with a query. */
    Result apply(String target) {
        if (target.indexOf('#') >= 0) {
            return new Result.Answered(Outcome.Reply.withoutRoute(400, "the path has a fragment (#)"));
        }
        int queryStart = target.indexOf('?');
        String original = queryStart < 0 ? target : target.substring(0, queryStart);
        if (isPlain(original)) {
            return new Result.Matchable(original);
        }
        String query = queryStart < 0 ? "" : target.substring(queryStart);
        String unescaped = unescapedSlashes(original);
        boolean hadEscapedSlashes = !unescaped.equals(original);
        if (hadEscapedSlashes && escapedSlashes == PathWithEscapedSlashesAction.REJECT_REQUEST) {
            return new Result.Answered(Outcome.Reply.withoutRoute(400, "the path has escaped slashes (%2F or %5C)"));
        }
        String canonical =
                normalizes ? canonical(DOT_PARAMETERS.matcher(unescaped).replaceAll("$1")) : unescaped;
        if (canonical == null) {
            return new Result.Answered(Outcome.Reply.withoutRoute(400, "the path has an escaped NUL (%00)"));
        }
        String path = mergesSlashes ? mergedSlashes(canonical) : canonical;
        return hadEscapedSlashes && escapedSlashes == PathWithEscapedSlashesAction.UNESCAPE_AND_REDIRECT
                ? new Result.Answered(new Outcome.Reply(
                        307,
                        "the path has escaped slashes (%2F or %5C): the client is sent to the plain one; gRPC gets 400",
                        Optional.empty(),
                        Optional.of(path + query)))
                : new Result.Matchable(path);
    }

    /** Whether no step changes it. */
    private static boolean isPlain(String path) {
        char last = ' ';
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '%' || c == '\\' || (last == '/' && (c == '/' || c == '.')) || needsEscape(c)) {
                return false;
            }
            last = c;
        }
        return true;
    }

    private String unescapedSlashes(String path) {
        return switch (escapedSlashes) {
            case REJECT_REQUEST, UNESCAPE_AND_REDIRECT, UNESCAPE_AND_FORWARD ->
                ESCAPED_BACKSLASH
                        .matcher(ESCAPED_SLASH.matcher(path).replaceAll("/"))
                        .replaceAll("\\\\");
            case IMPLEMENTATION_SPECIFIC_DEFAULT, KEEP_UNCHANGED, UNRECOGNIZED -> path;
        };
    }

    /** A path of slashes alone stays two of them, in Envoy too. */
    private static String mergedSlashes(String path) {
        if (!path.contains("//")) {
            return path;
        }
        return Stream.of(path.split("/", -1))
                .filter(element -> !element.isEmpty())
                .collect(Collectors.joining("/", "/", path.endsWith("/") ? "/" : ""));
    }

    /**
     * Resolves dot segments, unescapes what needs no escape, escapes what does; null when there is an escaped NUL.
     *
     * @see <a href="https://github.com/envoyproxy/envoy/blob/main/source/common/chromium_url/url_canon_path.cc">Envoy:
     *     url_canon_path.cc</a>
     */
    private static @Nullable String canonical(String path) {
        StringBuilder out = new StringBuilder(path.length());
        // Of the last percent sign that begins no escape.
        int percent = -1;
        int i = 0;
        while (i < path.length()) {
            int dot = dotLength(path, i);
            char c = path.charAt(i);
            if (dot > 0 && !out.isEmpty() && out.charAt(out.length() - 1) == '/') {
                i = afterDot(path, i + dot, out);
            } else if (dot > 0) {
                out.append('.');
                i += dot;
            } else if (c == '%' && isEscape(path, i)) {
                int value = Integer.parseInt(path, i + 1, i + 3, 16);
                if (value == 0) {
                    return null;
                }
                if (isUnreserved(value)) {
                    out.append((char) value);
                    if (completesEscape(out, percent, path, i + 3)) {
                        out.insert(percent + 1, "25");
                    }
                } else {
                    out.append(path, i, i + 3);
                }
                i += 3;
            } else {
                if (c == '\\') {
                    out.append('/');
                } else if (needsEscape(c)) {
                    out.append('%').append(hex(c >> 4)).append(hex(c & 0xf));
                } else {
                    percent = c == '%' ? out.length() : percent;
                    out.append(c);
                }
                i++;
            }
        }
        return out.toString();
    }

    /** Whether what was just unescaped, perhaps with the next character, makes an escape of a percent sign before it. */
    private static boolean completesEscape(StringBuilder out, int percent, String path, int next) {
        int after = out.length() - percent - 1;
        if (percent < 0 || after < 1 || after > 2 || (after == 1 && next == path.length())) {
            return false;
        }
        char second = after == 1 ? path.charAt(next) : out.charAt(percent + 2);
        return Character.digit(out.charAt(percent + 1), 16) >= 0 && Character.digit(second, 16) >= 0;
    }

    /** Where to go on behind a dot that begins a path element and ends at {@code end}. */
    private static int afterDot(String path, int end, StringBuilder out) {
        if (end == path.length()) {
            return end;
        }
        if (isSlash(path.charAt(end))) {
            return end + 1;
        }
        int second = dotLength(path, end);
        int after = end + second;
        if (second > 0 && (after == path.length() || isSlash(path.charAt(after)))) {
            removeLastElement(out);
            return Math.min(after + 1, path.length());
        }
        out.append('.');
        return end;
    }

    /** Down to the slash before the last one; the first one stays. */
    private static void removeLastElement(StringBuilder out) {
        int last = out.length() - 1;
        out.setLength(last == 0 ? 1 : out.lastIndexOf("/", last - 1) + 1);
    }

    /** Of a dot, perhaps escaped, at this place; 0 when there is none. */
    private static int dotLength(String path, int at) {
        if (at < path.length() && path.charAt(at) == '.') {
            return 1;
        }
        return path.regionMatches(true, at, "%2e", 0, 3) ? 3 : 0;
    }

    private static boolean isSlash(char c) {
        return c == '/' || c == '\\';
    }

    private static boolean isEscape(String path, int at) {
        return at + 2 < path.length()
                && Character.digit(path.charAt(at + 1), 16) >= 0
                && Character.digit(path.charAt(at + 2), 16) >= 0;
    }

    private static boolean isUnreserved(int c) {
        return c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0);
    }

    private static boolean needsEscape(char c) {
        return c <= ' ' || c >= 0x7f || "\"#<>?^`{|}".indexOf(c) >= 0;
    }

    private static char hex(int digit) {
        return "0123456789ABCDEF".charAt(digit);
    }
}
