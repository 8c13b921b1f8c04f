package dev.mpg.cli.kubectl;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Rows under a header, in columns as wide as their widest cell. Not thread-safe. */
final class Table {
    private static final int GAP = 3;

    private final List<List<Line>> rows = new ArrayList<>();

    Table(String... header) {
        rows.add(IntStream.range(0, header.length)
                .mapToObj(i -> Line.of(header[i], Tone.FAINT))
                .toList());
    }

    /** As many cells as the header has. */
    Table row(Line... cells) {
        rows.add(List.of(cells));
        return this;
    }

    List<Line> lines() {
        int columns = rows.getFirst().size();
        int[] widths = IntStream.range(0, columns)
                .map(column -> rows.stream()
                        .mapToInt(row -> row.get(column).width())
                        .max()
                        .orElse(0))
                .toArray();
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static Line line(List<Line> row, int[] widths) {
        Line line = Line.EMPTY;
        int end = 0;
        for (int i = 0; i < row.size(); i++) {
            end += widths[i] + GAP;
            line = line.plus(row.get(i));
            line = i < row.size() - 1 ? line.padded(end) : line;
        }
        return line;
    }
}
