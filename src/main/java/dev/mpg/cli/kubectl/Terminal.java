package dev.mpg.cli.kubectl;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Where output goes, and the time by which it speaks.
 *
 * @param out what was asked for
 * @param err what went wrong, and remarks
 * @param interactive whether a person watches, so that lines can be drawn anew in place
 * @param colour whether words are coloured
 * @param unicode whether it can show signs that aren't ASCII
 * @param size how large it is at the moment
 */
record Terminal(
        PrintWriter out,
        PrintWriter err,
        boolean interactive,
        boolean colour,
        boolean unicode,
        Supplier<Size> size,
        Clock clock) {
    /** In characters. */
    record Size(int columns, int rows) {
        static final Size DEFAULT = new Size(100, 50);
    }

    /** Stand-ins for the signs that are used here. */
    private static final Map<Character, Character> ASCII = Map.ofEntries(
            Map.entry('●', '*'),
            Map.entry('◐', '~'),
            Map.entry('○', 'o'),
            Map.entry('✔', '+'),
            Map.entry('✘', 'x'),
            Map.entry('×', 'x'),
            Map.entry('▶', '>'),
            Map.entry('█', '#'),
            Map.entry('▓', '='),
            Map.entry('░', '.'),
            Map.entry('·', '-'),
            Map.entry('‖', '!'),
            Map.entry('↩', '<'),
            Map.entry('µ', 'u'),
            Map.entry('…', '~'));

    private static final Pattern SIZE = Pattern.compile("(\\d+) (\\d+)\\s*");

    /** That of this process. See no-color.org. */
    static Terminal ofProcess() {
        boolean interactive =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false)
                        && !"dumb".equals(System.getenv().getOrDefault("TERM", "dumb"));
        return new Terminal(
                new PrintWriter(System.out, true, System.out.charset()),
                new PrintWriter(System.err, true, System.err.charset()),
                interactive,
                interactive && System.getenv().getOrDefault("NO_COLOR", "").isEmpty(),
                System.out.charset().newEncoder().canEncode("●█"),
                Terminal::ask,
                Clock.systemUTC());
    }

    void print(Line line) {
        out.println(text(line));
    }

    /** A remark: it is no part of what was asked for. */
    void remark(String text) {
        err.println(text(Line.of(text)));
    }

    /** As it is sent to the terminal, without line end. */
    String text(Line line) {
        String text = colour ? line.ansi() : line.plain();
        return unicode
                ? text
                : text.chars()
                        .mapToObj(c -> String.valueOf(ASCII.getOrDefault((char) c, (char) c)))
                        .collect(Collectors.joining());
    }

    /** The terminal is asked each time, since people make windows larger. */
    private static Size ask() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (InputStream answer = stty.getInputStream()) {
                var size = SIZE.matcher(new String(answer.readAllBytes(), StandardCharsets.US_ASCII));
                if (stty.waitFor(1, TimeUnit.SECONDS) && size.matches()) {
                    int rows = Integer.parseInt(size.group(1));
                    int columns = Integer.parseInt(size.group(2));
                    return rows > 0 && columns > 0 ? new Size(columns, rows) : Size.DEFAULT;
                }
            }
        } catch (IOException e) {
            return Size.DEFAULT;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Size.DEFAULT;
    }
}
