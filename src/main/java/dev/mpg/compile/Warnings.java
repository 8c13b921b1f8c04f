package dev.mpg.compile;

import dev.mpg.config.Backend;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.Route;
import dev.mpg.config.Route.BackendRef;
import dev.mpg.config.Route.Match;
import dev.mpg.config.Route.NamedMatch;
import dev.mpg.config.Route.PathMatch;
import dev.mpg.config.TrafficConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What is probably not meant, though it can be done. */
public final class Warnings {
    /** A regular expression for everything that begins so. */
    private static final Pattern EVERYTHING_AFTER = Pattern.compile("([-/A-Za-z0-9_~!&',;=:@%]*)\\.\\*");

    /** So many that come first are looked at, for there may be very many. */
    private static final int COMPARED = 16;

    private final TrafficConfig config;
    private final List<Problem> warnings = new ArrayList<>();

    private Warnings(TrafficConfig config) {
        this.config = config;
    }

    /** All of them, in the order of the spec. */
    public static List<Problem> of(TrafficConfig config) {
        Warnings warnings = new Warnings(config);
        warnings.findShadowed();
        warnings.findWithoutWeight();
        warnings.findUnused();
        return List.copyOf(warnings.warnings);
    }

    /** One match of a route. */
    private record Rule(Match match, Route route, int index) {
        Origin origin() {
            return route.matches().size() == 1
                            && route.matches().getFirst().equals(new Match(new PathMatch.Prefix("/")))
                    ? route.origin()
                    : route.origin().field("matches").index(index);
        }
    }

    /** Matches that are tried only for requests that another one takes before. */
    private void findShadowed() {
        Map<String, List<Rule>> hosts = new LinkedHashMap<>();
        for (Route route : config.routes()) {
            for (String hostname : route.hostnames()) {
                for (int i = 0; i < route.matches().size(); i++) {
                    hosts.computeIfAbsent(hostname, _ -> new ArrayList<>())
                            .add(new Rule(route.matches().get(i), route, i));
                }
            }
        }
        hosts.forEach((hostname, rules) -> {
            rules.sort((one, other) -> Routes.PRECEDENCE.compare(one.match, other.match));
            Map<PathMatch, List<Rule>> byPath = new HashMap<>();
            List<Rule> wide = new ArrayList<>();
            for (Rule rule : rules) {
                PathMatch path = rule.match.path();
                List<Rule> same = byPath.computeIfAbsent(path, _ -> new ArrayList<>());
                first(same, rule)
                        .or(() -> first(wide, rule))
                        .ifPresent(before -> warnings.add(new Problem(
                                rule.origin(),
                                "no request to " + (hostname.equals("*") ? "any host" : hostname)
                                        + " comes here: route " + before.route.name() + " ("
                                        + before.origin().field()
                                        + ") takes all that would",
                                "remove one of them or make that one narrower")));
                if (same.size() < COMPARED && takesAnyValue(rule.match)) {
                    same.add(rule);
                }
                if (wide.size() < COMPARED && everythingAfter(path).isPresent()) {
                    wide.add(rule);
                }
            }
        });
    }

    /** Others that come first take fewer or other requests, for no two matches are the same. */
    private static boolean takesAnyValue(Match match) {
        return Stream.concat(match.headers().stream(), match.queryParams().stream())
                .anyMatch(Warnings::isAnything);
    }

    private static boolean isAnything(NamedMatch match) {
        return match.regex() && match.value().equals(".*");
    }

    private static Optional<Rule> first(List<Rule> before, Rule rule) {
        return before.stream()
                .filter(one -> coversPath(one.match.path(), rule.match.path()) && covers(one.match, rule.match))
                .findFirst();
    }

    private static Optional<String> everythingAfter(PathMatch path) {
        if (!(path instanceof PathMatch.Regex(String regex))) {
            return Optional.empty();
        }
        var matcher = EVERYTHING_AFTER.matcher(regex);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static boolean coversPath(PathMatch wide, PathMatch narrow) {
        return wide.equals(narrow)
                || (!(narrow instanceof PathMatch.Regex)
                        && everythingAfter(wide)
                                .filter(narrow.path()::startsWith)
                                .isPresent());
    }

    /** In all but the path. */
    private static boolean covers(Match wide, Match narrow) {
        return (wide.method().isEmpty() || wide.method().equals(narrow.method()))
                && covers(wide.headers(), narrow.headers())
                && covers(wide.queryParams(), narrow.queryParams());
    }

    private static boolean covers(List<NamedMatch> wide, List<NamedMatch> narrow) {
        return wide.stream()
                .allMatch(one -> narrow.stream()
                        .anyMatch(other -> other.equals(one) || (other.name().equals(one.name()) && isAnything(one))));
    }

    private void findWithoutWeight() {
        for (Route route : config.routes()) {
            if (!route.backendRefs().isEmpty() && route.backendRefs().stream().allMatch(ref -> ref.weight() == 0)) {
                warnings.add(new Problem(
                        route.origin().field("backendRefs"),
                        "all weights are 0, so that requests are answered with 500",
                        "give one of them a weight, or use a DirectResponse"));
            }
        }
    }

    private void findUnused() {
        Set<String> used = new HashSet<>();
        for (Route route : config.routes()) {
            route.backendRefs().stream().map(BackendRef::backend).forEach(used::add);
            route.filters().mirrors().forEach(mirror -> used.add(mirror.backend()));
        }
        for (Backend backend : config.backends()) {
            if (!used.contains(backend.name()) && config.envoyPatches().isEmpty()) {
                warnings.add(new Problem(
                        backend.origin(), "no route sends to backend " + backend.name(), "remove it, or add a route"));
            }
        }
    }
}
