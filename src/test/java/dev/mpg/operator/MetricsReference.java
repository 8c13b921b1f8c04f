package dev.mpg.operator;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The reference of our metrics for people, written from what processes serve at {@code /metrics}. */
final class MetricsReference {
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? \\S+");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"(?:[^\"\\\\]|\\\\.)*\"");
    private static final Pattern ROW =
            Pattern.compile("\\| `([^`]+)` \\| (\\S*) \\| ([^|]*) \\| ([^|]*) \\| ([^|]*) \\|");

    private MetricsReference() {}

    /**
     * One metric.
     *
     * @param labels in alphabetical order, separated by commas
     * @param unit empty when it counts things
     */
    record Metric(String name, String type, String labels, String unit, String meaning) {
        /** Ours, not a library's: then all of them are known, also before anything happened. */
        boolean isOurs() {
            return name.startsWith("mpg_") || name.startsWith("operator_reconcile_");
        }

        String row() {
            return "| `%s` | %s | %s | %s | %s |\n".formatted(name, type, labels, unit, meaning);
        }
    }

    /** What a page in Prometheus' text format has, by name. */
    static SortedMap<String, Metric> metrics(String page) {
        Map<String, String> meanings = new LinkedHashMap<>();
        Map<String, String> types = new LinkedHashMap<>();
        SortedMap<String, NavigableSet<String>> labels = new TreeMap<>();
        String name = "";
        for (String line : page.lines().toList()) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# HELP")) {
                meanings.put(words[2], words.length > 3 ? words[3].strip() : "");
            } else if (line.startsWith("# TYPE")) {
                name = words[2];
                types.put(name, words[3]);
                labels.put(name, new TreeSet<>());
            } else {
                Matcher sample = SAMPLE.matcher(line);
                if (sample.matches() && sample.group(2) != null) {
                    LABEL.matcher(sample.group(2))
                            .results()
                            .map(MatchResult::group)
                            .map(label -> label.substring(0, label.indexOf('=')))
                            .filter(label -> !label.equals("le") && !label.equals("quantile"))
                            .forEach(labels.get(name)::add);
                }
            }
        }
        SortedMap<String, Metric> metrics = new TreeMap<>();
        types.forEach((metric, type) -> metrics.put(
                metric,
                new Metric(
                        metric,
                        type,
                        String.join(", ", labels.getOrDefault(metric, new TreeSet<>())),
                        unit(metric),
                        meanings.getOrDefault(metric, "").replace("|", "\\|").replace("<", "&lt;"))));
        return metrics;
    }

    private static String unit(String name) {
        String bare = name.replaceFirst("_(total|max)$", "");
        return bare.endsWith("_seconds") ? "s" : bare.endsWith("_bytes") ? "bytes" : "";
    }

    /** What a reference that was written before has, by name. */
    static SortedMap<String, Metric> read(String reference) {
        return ROW.matcher(reference)
                .results()
                .map(row -> new Metric(row.group(1), row.group(2), row.group(3), row.group(4), row.group(5)))
                .collect(Collectors.toMap(Metric::name, metric -> metric, (a, b) -> a, TreeMap::new));
    }

    /** The page, in Markdown. */
    static String of(Collection<Metric> operator, Collection<Metric> proxy, Collection<Metric> libraries) {
        return """
                # Metrics

                Generated from what running processes serve; `MetricsIT` with `-Dupdate=true` writes it anew.

                The operator serves them at `--http-address`, a proxy instance at its debug address, both at `/metrics`: in
                Prometheus' text format, or as OpenMetrics to who asks for that. No label names a Proxy, a gateway or a host, so
                the number of series doesn't grow with them; status and `/debug/config/status` tell of a single one.

                Histograms have exemplars in OpenMetrics: the last sampled trace that fell into a bucket. Changes of a spec are
                always sampled, other reconciles at `--trace-sampling`; a bucket that only unsampled ones fell into has none.
                `operator_reconcile_duration_seconds` has the buckets 1, 2.5 and 5 ms and 10 ms × 2ⁿ, n = 0…9, and so has
                `mpg_api_calls_seconds`; `mpg_config_convergence_seconds` has 10 ms × 2ⁿ, n = 0…18. Its label `wave` is
                `first` or `later` for a part of the fleet and `last` for all of it; a bake between waves is in it.

                ## Operator

                %s
                ## Proxy instance

                %s
                ## The JVM, gRPC and the Operator SDK

                Of both, as far as they have them. Some are there only once something happened.

                %s""".formatted(table(operator), table(proxy), table(libraries));
    }

    private static String table(Collection<Metric> metrics) {
        return "| name | type | labels | unit | |\n|---|---|---|---|---|\n"
                + metrics.stream().map(Metric::row).collect(Collectors.joining());
    }
}
