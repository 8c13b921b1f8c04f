package dev.mpg.cli.kubectl;

import dev.mpg.cli.text.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One line of output. Holds no control characters, whatever it was given: gateways and Envoy choose some of the words, and
 * must not steer a terminal. Immutable.
 */
record Line(List<Span> spans) {
    static final Line EMPTY = new Line(List.of());

    /** Words of one colour. */
    record Span(String text, Tone tone) {
        Span {
            text = Words.clean(text);
        }
    }

    Line {
        spans = List.copyOf(spans);
    }

    static Line of(String text) {
        return EMPTY.plus(text);
    }

    static Line of(String text, Tone tone) {
        return EMPTY.plus(text, tone);
    }

    Line plus(String text) {
        return plus(text, Tone.PLAIN);
    }

    Line plus(String text, Tone tone) {
        return plus(new Line(List.of(new Span(text, tone))));
    }

    Line plus(Line more) {
        List<Span> all = new ArrayList<>(spans);
        all.addAll(more.spans);
        return new Line(all);
    }

    /** With blanks at its end, so that what follows begins at this column. */
    Line padded(int column) {
        return width() >= column ? this : plus(" ".repeat(column - width()));
    }

    /** In characters. */
    int width() {
        return spans.stream().mapToInt(span -> span.text.length()).sum();
    }

    /** At most this wide; what is left out shows as an ellipsis. */
    Line clipped(int width) {
        if (width() <= width) {
            return this;
        }
        List<Span> kept = new ArrayList<>();
        int room = width - 1;
        for (Span span : spans) {
            String text = span.text.substring(0, Math.min(room, span.text.length()));
            kept.add(new Span(text, span.tone));
            room -= text.length();
        }
        return new Line(kept).plus("…", Tone.FAINT);
    }

    String plain() {
        return spans.stream().map(Span::text).collect(Collectors.joining()).stripTrailing();
    }

    String ansi() {
        return spans.stream().map(span -> span.tone.ansi(span.text)).collect(Collectors.joining());
    }
}
