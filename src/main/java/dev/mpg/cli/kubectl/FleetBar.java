package dev.mpg.cli.kubectl;

import dev.mpg.api.ProxyStatus.Running;
import java.util.Comparator;
import java.util.List;

/** A fleet drawn to scale: who runs the target, who waits for it, who refused it, who runs something else, who is away. */
final class FleetBar {
    private FleetBar() {}

    /**
     * The bar. Every group has at least one cell, however large the fleet is.
     *
     * @param groups at most as many as there are cells
     * @param target the version that is being rolled out
     */
    static Line of(List<Running> groups, String target, int cells) {
        List<Running> sorted = groups.stream()
                .sorted(Comparator.comparingInt(group -> rank(group, target)))
                .toList();
        int total = sorted.stream().mapToInt(Running::count).sum();
        int spare = cells - sorted.size();
        Line line = Line.EMPTY;
        int before = 0;
        for (Running group : sorted) {
            // Rounding the sums, not the parts, makes the parts add up.
            int from = (int) Math.round((double) spare * before / total);
            before += group.count();
            int to = (int) Math.round((double) spare * before / total);
            line = line.plus(sign(group, target).repeat(1 + to - from), tone(group, target));
        }
        return line;
    }

    /** The sign of a group, in the bar and before its line. */
    static String sign(Running group, String target) {
        return switch (group.state()) {
            case Current -> target.equals(group.version()) ? "█" : "░";
            case Pending -> "▓";
            case Rejected -> "×";
            case Away -> "·";
        };
    }

    private static Tone tone(Running group, String target) {
        return switch (group.state()) {
            case Current -> target.equals(group.version()) ? Tone.GOOD : Tone.PLAIN;
            case Pending -> Tone.BUSY;
            case Rejected -> Tone.BAD;
            case Away -> Tone.FAINT;
        };
    }

    private static int rank(Running group, String target) {
        return switch (group.state()) {
            case Current -> target.equals(group.version()) ? 0 : 3;
            case Pending -> 1;
            case Rejected -> 2;
            case Away -> 4;
        };
    }
}
