package dev.mpg.match;

import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher.HeaderMatchSpecifierCase;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher.QueryParameterMatchSpecifierCase;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a route asks of a header or of a query parameter. Immutable; safe to share between threads.
 *
 * @param subject of what, in words
 * @param source where its value is
 * @param name there; of a header in lower case
 * @param value which values fit; null: any does
 * @param expected whether it must fit
 * @param absentIsEmpty whether an absent one counts as one that is there and is empty
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto">Envoy:
 *     HeaderMatcher, QueryParameterMatcher</a>
 */
record Condition(
        String subject,
        Source source,
        String name,
        @Nullable StringRule value,
        boolean expected,
        boolean absentIsEmpty) {
    enum Source {
        HEADER,
        QUERY
    }

    private static final List<String> EMPTY = List.of("");

    private static final Set<HeaderMatchSpecifierCase> UNDERSTOOD_OF_HEADERS = Set.of(
            HeaderMatchSpecifierCase.STRING_MATCH,
            HeaderMatchSpecifierCase.PRESENT_MATCH,
            HeaderMatchSpecifierCase.HEADERMATCHSPECIFIER_NOT_SET);

    /** What a gateway may write itself before it looks for a route. */
    private static final Set<String> WRITTEN_BY_GATEWAYS = Set.of(
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-client-cert",
            "x-forwarded-port",
            "x-request-id",
            "via",
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "content-length",
            "expect");

    /** Of a header; empty when it isn't understood. */
    static Optional<Condition> of(HeaderMatcher matcher) {
        String name = matcher.getName().toLowerCase(Locale.ROOT);
        if (!UNDERSTOOD_OF_HEADERS.contains(matcher.getHeaderMatchSpecifierCase())
                || WRITTEN_BY_GATEWAYS.contains(name)
                || name.startsWith("x-envoy-")) {
            return Optional.empty();
        }
        String subject = switch (name) {
            case ":method" -> "the method";
            case ":authority", "host" -> "the host";
            case ":path" -> "the path with its query";
            case ":scheme" -> "the scheme";
            default -> "header " + name;
        };
        boolean inverted = matcher.getInvertMatch();
        boolean absentIsEmpty = matcher.getTreatMissingHeaderAsEmpty();
        if (matcher.getHeaderMatchSpecifierCase() == HeaderMatchSpecifierCase.STRING_MATCH) {
            return StringRule.of(matcher.getStringMatch())
                    .map(rule -> new Condition(subject, Source.HEADER, name, rule, !inverted, absentIsEmpty));
        }
        boolean present = !matcher.hasPresentMatch() || matcher.getPresentMatch();
        return Optional.of(new Condition(subject, Source.HEADER, name, null, present != inverted, absentIsEmpty));
    }

    /** Of a query parameter; empty when it isn't understood. */
    static Optional<Condition> of(QueryParameterMatcher matcher) {
        String subject = "query parameter " + matcher.getName();
        if (matcher.getQueryParameterMatchSpecifierCase() == QueryParameterMatchSpecifierCase.STRING_MATCH) {
            return StringRule.of(matcher.getStringMatch())
                    .map(rule -> new Condition(subject, Source.QUERY, matcher.getName(), rule, true, false));
        }
        boolean present = !matcher.hasPresentMatch() || matcher.getPresentMatch();
        return Optional.of(new Condition(subject, Source.QUERY, matcher.getName(), null, present, false));
    }

    private List<String> values(Arrived request) {
        List<String> values;
        if (source == Source.HEADER) {
            values = request.header(name);
        } else {
            String parameter = request.parameter(name);
            values = parameter == null ? List.of() : List.of(parameter);
        }
        return values.isEmpty() && absentIsEmpty ? EMPTY : values;
    }

    /** An absent one fits only where none may be there; of several values it takes one. */
    boolean fits(Arrived request) {
        List<String> values = values(request);
        if (value == null || values.isEmpty()) {
            return value == null && values.isEmpty() != expected;
        }
        for (String one : values) {
            if (value.fits(one)) {
                return expected;
            }
        }
        return !expected;
    }

    /** What it asks for, in words. */
    String asked() {
        if (value == null) {
            return subject + (expected ? " is there" : " is absent");
        }
        String asked = value.asked(quote());
        return expected ? subject + " " + asked : subject + " is there, but not so that it " + asked;
    }

    /** Why a request doesn't fit, in words. */
    String mismatch(Arrived request) {
        List<String> values = values(request);
        if (values.isEmpty()) {
            return subject + " is absent";
        }
        String is = values.stream()
                .map(one -> quote() + one + quote())
                .collect(Collectors.joining(" and ", subject + " is ", ", "));
        if (value == null) {
            return is + "and must be absent";
        }
        return is + (expected ? value.missed(quote()) : value.hit(quote()));
    }

    /** What stands around values: nothing around those that cannot be empty or have spaces. */
    private String quote() {
        return name.startsWith(":") && source == Source.HEADER ? "" : "'";
    }
}
