package dev.mpg.cli.kubectl;

import dev.mpg.cli.kubectl.Terminal.Size;
import java.util.ArrayList;
import java.util.List;

/** The lines at the bottom of a terminal that are drawn anew in place. Not thread-safe. */
final class Screen implements AutoCloseable {
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_BELOW = "\u001b[0J";
    private static final String CLEAR_ALL = "\u001b[H\u001b[2J";
    private static final String HIDE_CURSOR = "\u001b[?25l";
    private static final String SHOW_CURSOR = "\u001b[?25h";

    private final Terminal terminal;
    private final Thread restore;
    private int drawn;
    private Size drawnAt = Size.DEFAULT;

    Screen(Terminal terminal) {
        this.terminal = terminal;
        // Somebody who ends it with Ctrl-C wants the cursor back.
        restore = new Thread(this::showCursor, "cursor");
        Runtime.getRuntime().addShutdownHook(restore);
        terminal.out().print(HIDE_CURSOR);
    }

    /** Shows these instead of what it showed. What doesn't fit is left out: a terminal that scrolls can't be redrawn. */
    void draw(List<Line> lines) {
        Size size = terminal.size().get();
        List<Line> fitting = fit(lines, size.rows() - 1);
        // After a change of its size a terminal may have broken or moved lines.
        boolean resized = drawn > 0 && !size.equals(drawnAt);
        StringBuilder frame = new StringBuilder(resized ? CLEAR_ALL : drawn > 0 ? "\u001b[" + drawn + "A\r" : "");
        for (Line line : fitting) {
            frame.append(terminal.text(line.clipped(size.columns())))
                    .append(CLEAR_LINE)
                    .append('\n');
        }
        terminal.out().print(frame.append(CLEAR_BELOW));
        terminal.out().flush();
        drawn = fitting.size();
        drawnAt = size;
    }

    private static List<Line> fit(List<Line> lines, int rows) {
        if (lines.size() <= rows || rows < 1) {
            return lines;
        }
        List<Line> fitting = new ArrayList<>(lines.subList(0, rows - 1));
        fitting.add(Line.of("… " + (lines.size() - rows + 1) + " more lines; make the window higher", Tone.FAINT));
        return fitting;
    }

    private void showCursor() {
        terminal.out().print(SHOW_CURSOR);
        terminal.out().flush();
    }

    @Override
    public void close() {
        showCursor();
        Runtime.getRuntime().removeShutdownHook(restore);
    }
}
