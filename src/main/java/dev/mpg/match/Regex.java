package dev.mpg.match;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.mpg.config.Re2;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A regex of RE2. Immutable; safe to share between threads.
 *
 * @see <a href="https://github.com/google/re2/wiki/Syntax">RE2: Syntax</a>
 */
final class Regex {
    private static final Pattern ESCAPE = Pattern.compile("\\\\[0-9\\\\]");
    private static final Pattern SUBSTITUTION = Pattern.compile("([^\\\\]|\\\\[0-9\\\\])*");

    private final Pattern pattern;

    private Regex(Pattern pattern) {
        this.pattern = pattern;
    }

    /** Empty when this isn't a regex, or is one that RE2 has and its Java port has not. */
    static Optional<Regex> of(RegexMatcher matcher) {
        try {
            return Optional.of(new Regex(Re2.compile(matcher.getRegex())));
        } catch (PatternSyntaxException e) {
            return Optional.empty();
        }
    }

    /** Whether all of it fits. */
    boolean fits(String value) {
        return pattern.matches(value);
    }

    /**
     * Each occurrence replaced, as RE2's {@code GlobalReplace} does it: no empty one directly behind another.
     *
     * @param substitution {@code \0} is what was found, {@code \1} the first group in it, {@code \\} a backslash
     */
    String replaceAll(String value, String substitution) {
        Matcher matcher = pattern.matcher(value);
        StringBuilder out = new StringBuilder();
        int from = 0;
        int lastEnd = -1;
        while (from <= value.length() && matcher.find(from)) {
            out.append(value, from, matcher.start());
            if (matcher.start() == lastEnd && matcher.end() == lastEnd) {
                out.append(value, from, Math.min(from + 1, value.length()));
                from++;
            } else {
                expand(substitution, matcher, out);
                from = matcher.end();
                lastEnd = from;
            }
        }
        return from < value.length() ? out.append(value, from, value.length()).toString() : out.toString();
    }

    private static void expand(String substitution, Matcher found, StringBuilder out) {
        Matcher escape = ESCAPE.matcher(substitution);
        int from = 0;
        while (escape.find()) {
            out.append(substitution, from, escape.start());
            char escaped = substitution.charAt(escape.start() + 1);
            @Nullable String inserted = escaped == '\\' ? "\\" : found.group(escaped - '0');
            out.append(inserted == null ? "" : inserted);
            from = escape.end();
        }
        out.append(substitution, from, substitution.length());
    }

    /** Whether this is a substitution for it: gateways refuse others. */
    boolean takes(String substitution) {
        Matcher escape = ESCAPE.matcher(substitution);
        while (escape.find()) {
            char escaped = substitution.charAt(escape.start() + 1);
            if (escaped != '\\' && escaped - '0' > pattern.groupCount()) {
                return false;
            }
        }
        return SUBSTITUTION.matches(substitution);
    }
}
