package dev.mpg.match;

import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which values fit, made from Envoy's {@code StringMatcher}. Immutable; safe to share between threads.
 *
 * @param regex of a REGEX, whose {@code text} it is
 */
record StringRule(
        Kind kind,
        String text,
        boolean ignoresCase,
        @Nullable Regex regex) {
    enum Kind {
        EXACT("is", "not"),
        PREFIX("begins with", "which doesn't begin with"),
        SUFFIX("ends with", "which doesn't end with"),
        CONTAINS("contains", "which doesn't contain"),
        /** All of the value must fit. */
        REGEX("matches", "which doesn't match");

        private final String holds;
        private final String fails;

        Kind(String holds, String fails) {
            this.holds = holds;
            this.fails = fails;
        }
    }

    private static StringRule of(Kind kind, String text, StringMatcher matcher) {
        return new StringRule(kind, text, matcher.getIgnoreCase(), null);
    }

    /** Empty when it isn't understood. */
    static Optional<StringRule> of(StringMatcher matcher) {
        return switch (matcher.getMatchPatternCase()) {
            case EXACT -> Optional.of(of(Kind.EXACT, matcher.getExact(), matcher));
            case PREFIX -> Optional.of(of(Kind.PREFIX, matcher.getPrefix(), matcher));
            case SUFFIX -> Optional.of(of(Kind.SUFFIX, matcher.getSuffix(), matcher));
            case CONTAINS -> Optional.of(of(Kind.CONTAINS, matcher.getContains(), matcher));
            case SAFE_REGEX ->
                Regex.of(matcher.getSafeRegex())
                        .map(regex -> new StringRule(
                                Kind.REGEX, matcher.getSafeRegex().getRegex(), false, regex));
            case CUSTOM, MATCHPATTERN_NOT_SET -> Optional.empty();
        };
    }

    boolean fits(String value) {
        return switch (kind) {
            case EXACT -> Ascii.equal(value, text, ignoresCase);
            case PREFIX -> Ascii.startsWith(value, text, ignoresCase);
            case SUFFIX -> Ascii.endsWith(value, text, ignoresCase);
            case CONTAINS -> Ascii.contains(value, text, ignoresCase);
            case REGEX -> regex != null && regex.fits(value);
        };
    }

    /** What it asks for, said of the value: {@code begins with 'a'}. */
    String asked(String quote) {
        return kind.holds + " " + quoted(quote);
    }

    /** What a value does that doesn't fit, said behind the value: {@code not 'a'}. */
    String missed(String quote) {
        return kind.fails + " " + quoted(quote);
    }

    /** What a value does that fits and must not, said behind the value. */
    String hit(String quote) {
        return kind == Kind.EXACT ? "which it must not be" : "which " + asked(quote);
    }

    private String quoted(String quote) {
        return quote + text + quote + (ignoresCase ? " in any case" : "");
    }
}
