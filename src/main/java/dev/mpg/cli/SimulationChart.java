package dev.mpg.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Policies side by side as an SVG: a panel for each measure, a bar for each policy, the number at its end. It needs no style
 * sheet or script, and reads on dark and on light ground. Not thread-safe.
 */
final class SimulationChart {
    private static final int NAMES = 210;
    private static final int PANEL = 190;
    private static final int BAR = 120;
    private static final int ROW = 24;
    private static final int TOP = 60;
    private static final List<String> MEASURES = List.of("cache misses, %", "migrations", "load, standard deviation");

    /** What a row is. */
    enum Tone {
        Ours("#1a7f5a"),
        Other("#7a8aa0"),
        Published("#c58a1b");

        private final String colour;

        Tone(String colour) {
            this.colour = colour;
        }
    }

    private record Row(String name, Tone tone, List<Double> values) {}

    private final String title;
    private final List<Row> rows = new ArrayList<>();

    SimulationChart(String title) {
        this.title = title;
    }

    void row(String name, Tone tone, double missPercent, double migrations, double loadDeviation) {
        rows.add(new Row(name, tone, List.of(missPercent, migrations, loadDeviation)));
    }

    /** A document with a line feed at its end. */
    String svg() {
        int width = NAMES + MEASURES.size() * PANEL;
        int height = TOP + rows.size() * ROW + 8;
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        + " font-family=\"sans-serif\" font-size=\"13\" role=\"img\">%n",
                width,
                height,
                width,
                height));
        svg.append(String.format(Locale.ROOT, "<title>%s</title>%n", title));
        svg.append(String.format(
                Locale.ROOT,
                "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\" stroke=\"#d0d7de\"/>%n",
                width,
                height));
        write(svg, 12, 22, "#1f2328", "font-weight=\"bold\"", title);
        for (int measure = 0; measure < MEASURES.size(); measure++) {
            write(svg, NAMES + measure * PANEL, TOP - 14, "#57606a", "", MEASURES.get(measure));
        }
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            int y = TOP + i * ROW;
            write(svg, 12, y + 13, "#1f2328", "", row.name());
            for (int measure = 0; measure < MEASURES.size(); measure++) {
                int x = NAMES + measure * PANEL;
                double length = Math.max(1, BAR * row.values().get(measure) / largest(measure));
                svg.append(String.format(
                        Locale.ROOT,
                        "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>%n",
                        x,
                        y,
                        length,
                        row.tone().colour));
                write(
                        svg,
                        (int) (x + length + 6),
                        y + 13,
                        "#1f2328",
                        "",
                        String.format(Locale.ROOT, "%.1f", row.values().get(measure)));
            }
        }
        return svg.append("</svg>\n").toString().replace(System.lineSeparator(), "\n");
    }

    private double largest(int measure) {
        return Math.max(
                Double.MIN_NORMAL,
                rows.stream()
                        .mapToDouble(row -> row.values().get(measure))
                        .max()
                        .orElse(1));
    }

    private static void write(StringBuilder svg, int x, int y, String colour, String style, String text) {
        svg.append(String.format(
                Locale.ROOT, "<text x=\"%d\" y=\"%d\" fill=\"%s\" %s>%s</text>%n", x, y, colour, style, text));
    }
}
