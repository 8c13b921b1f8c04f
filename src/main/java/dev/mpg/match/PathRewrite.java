package dev.mpg.match;

import io.envoyproxy.envoy.type.matcher.v3.RegexMatchAndSubstitute;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a route makes of the path, of which the query stays. Immutable; safe to share between threads.
 *
 * @param text in the place of what the route's match matched, or with a regex its substitution
 * @param regex whose occurrences are replaced; null when it is what was matched
 */
record PathRewrite(String text, @Nullable Regex regex) {
    static final PathRewrite NONE = new PathRewrite("", null);

    /** An empty prefix rewrites nothing; and empty when the regex isn't understood. */
    static Optional<PathRewrite> of(String prefix, boolean byRegex, RegexMatchAndSubstitute substitute) {
        if (!prefix.isEmpty()) {
            return Optional.of(new PathRewrite(prefix, null));
        }
        if (!byRegex) {
            return Optional.of(NONE);
        }
        String substitution = substitute.getSubstitution();
        return Regex.of(substitute.getPattern())
                .filter(regex -> regex.takes(substitution))
                .map(regex -> new PathRewrite(substitution, regex));
    }

    /** The new path, without the query. */
    String apply(String path, PathRule rule) {
        if (regex != null) {
            return regex.replaceAll(path, text);
        }
        return text.isEmpty() ? path : text + path.substring(rule.replaced(path));
    }
}
