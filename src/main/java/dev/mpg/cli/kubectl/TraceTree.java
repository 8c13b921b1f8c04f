package dev.mpg.cli.kubectl;

import dev.mpg.telemetry.RecentSpan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A trace as a tree of lines: what was done, when it began, how long it took. Pure. */
final class TraceTree {
    private static final Comparator<RecentSpan> BY_TIME =
            Comparator.comparingLong(RecentSpan::startMicros).thenComparing(RecentSpan::spanId);

    private final Map<String, List<RecentSpan>> children = new HashMap<>();
    private final List<RecentSpan> roots = new ArrayList<>();
    private final long began;
    private final List<Line> lines = new ArrayList<>();

    private TraceTree(List<RecentSpan> spans) {
        Set<String> ids = new HashSet<>();
        spans.forEach(span -> ids.add(span.spanId()));
        began = spans.stream().mapToLong(RecentSpan::startMicros).min().orElse(0);
        for (RecentSpan span : spans) {
            String parent = span.parentSpanId();
            if (parent != null && ids.contains(parent) && !parent.equals(span.spanId())) {
                children.computeIfAbsent(parent, id -> new ArrayList<>()).add(span);
            } else {
                roots.add(span);
            }
        }
    }

    /** @param unicode whether the terminal shows more than ASCII */
    static List<Line> lines(List<RecentSpan> spans, boolean unicode) {
        TraceTree tree = new TraceTree(spans);
        tree.lines.add(Line.of("   BEGAN      TOOK  SPAN", Tone.FAINT));
        tree.roots.stream().sorted(BY_TIME).forEach(root -> tree.add(root, "", "", unicode));
        return tree.lines;
    }

    private void add(RecentSpan span, String branch, String indent, boolean unicode) {
        Line line = Line.of("%8s  %8s  ".formatted(time(span.startMicros() - began), time(span.durationMicros())))
                .plus(branch, Tone.FAINT)
                .plus(span.name(), span.error() == null ? Tone.STRONG : Tone.BAD)
                .plus(about(span))
                .plus(branch.isEmpty() || crosses(span) ? "  " + span.service() : "", Tone.FAINT);
        lines.add(span.error() == null ? line : line.plus("  " + span.error(), Tone.BAD));
        List<RecentSpan> below = children.getOrDefault(span.spanId(), List.of()).stream()
                .sorted(BY_TIME)
                .toList();
        for (int i = 0; i < below.size(); i++) {
            boolean last = i == below.size() - 1;
            add(
                    below.get(i),
                    indent + (unicode ? last ? "└─ " : "├─ " : last ? "`- " : "|- "),
                    indent + (last ? "   " : unicode ? "│  " : "|  "),
                    unicode);
        }
    }

    /** Whether it was done by another process than what caused it. */
    private static boolean crosses(RecentSpan span) {
        return span.name().equals("proxy.apply");
    }

    private static String about(RecentSpan span) {
        Map<String, String> attributes = span.attributes();
        return switch (span.name()) {
            case "gateway.apply" -> " " + attributes.getOrDefault("mpg.gateway", "") + " " + version(attributes);
            case "proxy.apply" -> " " + version(attributes);
            case "reconcile" ->
                " " + attributes.getOrDefault("controller", "") + " "
                        + attributes.getOrDefault("k8s.namespace.name", "") + "/"
                        + attributes.getOrDefault("k8s.proxy.name", "");
            default ->
                attributes.containsKey("http.response.status_code")
                        ? " " + attributes.get("http.response.status_code")
                        : "";
        };
    }

    private static String version(Map<String, String> attributes) {
        return attributes.getOrDefault("mpg.version", "");
    }

    /** In the unit that makes it short. */
    static String time(long micros) {
        if (micros < 1_000) {
            return micros + "µs";
        } else if (micros < 10_000_000) {
            return String.format(Locale.ROOT, micros < 1_000_000 ? "%.1fms" : "%.0fms", micros / 1_000.0);
        }
        return String.format(Locale.ROOT, "%.1fs", micros / 1_000_000.0);
    }
}
