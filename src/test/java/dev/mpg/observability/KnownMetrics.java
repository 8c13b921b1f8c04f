package dev.mpg.observability;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which metrics there are, and which labels they have, by the reference.
 *
 * @param labels by name of the metric, as it can be asked for
 */
record KnownMetrics(Map<String, Set<String>> labels) {
    private static final Pattern ROW = Pattern.compile("\\| `([^`]+)` \\| (\\S*) \\| ([^|]*) \\|.*");

    /** Labels that Prometheus adds. */
    private static final Set<String> ADDED = Set.of("instance", "job");

    private static final Pattern TEXT = Pattern.compile("\"[^\"]*\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(?:by|on|without|ignoring)\\s*\\(([^)]*)\\)");
    private static final Pattern SELECTOR = Pattern.compile("\\{([^}]*)}");
    private static final Pattern WINDOW = Pattern.compile("\\[[^]]*]");
    private static final Pattern NAME = Pattern.compile("(?<![\\w.$])[a-zA-Z_:][\\w:]*(?!\\s*\\(|[\\w:])");
    private static final Set<String> OPERATORS = Set.of("and", "or", "unless", "bool");

    static KnownMetrics read() {
        Map<String, Set<String>> labels = new HashMap<>();
        labels.put("up", Set.of());
        labels.put("ALERTS", Set.of("alertname", "alertstate"));
        try (Stream<String> lines = Files.lines(Path.of("docs/metrics.md"))) {
            lines.map(ROW::matcher).filter(Matcher::matches).forEach(row -> {
                Set<String> own = words(row.group(3));
                switch (row.group(2)) {
                    case "histogram", "summary" -> {
                        labels.put(row.group(1) + "_count", own);
                        labels.put(row.group(1) + "_sum", own);
                        labels.put(
                                row.group(1) + "_bucket",
                                Stream.concat(own.stream(), Stream.of("le")).collect(Collectors.toSet()));
                    }
                    default -> labels.put(row.group(1), own);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new KnownMetrics(labels);
    }

    /** The names of metrics in an expression. */
    static Set<String> in(String promql) {
        String bare = TEXT.matcher(promql).replaceAll("");
        for (Pattern pattern : new Pattern[] {GROUPING, SELECTOR, WINDOW}) {
            bare = pattern.matcher(bare).replaceAll(" ");
        }
        Set<String> names = NAME.matcher(bare).results().map(MatchResult::group).collect(Collectors.toSet());
        names.removeAll(OPERATORS);
        return names;
    }

    /** What an expression speaks of that there isn't: metrics, and labels that none of its metrics has. */
    Set<String> unknownIn(String promql) {
        Set<String> unknown = new TreeSet<>();
        Set<String> known = new TreeSet<>(ADDED);
        for (String name : in(promql)) {
            if (labels.containsKey(name)) {
                known.addAll(labels.get(name));
            } else {
                unknown.add(name);
            }
        }
        String bare = TEXT.matcher(promql).replaceAll("");
        Stream.of(GROUPING, SELECTOR)
                .flatMap(pattern -> pattern.matcher(bare).results())
                .flatMap(found -> words(found.group(1).replaceAll("[=!~]+", "")).stream())
                .filter(label -> !known.contains(label))
                .forEach(unknown::add);
        return unknown;
    }

    private static Set<String> words(String list) {
        return Stream.of(list.split(","))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .collect(Collectors.toSet());
    }
}
