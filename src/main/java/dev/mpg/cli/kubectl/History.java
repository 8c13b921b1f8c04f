package dev.mpg.cli.kubectl;

import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Versions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A Proxy's versions. Immutable.
 *
 * @param revisions the oldest first
 * @param versions which of them matter now
 * @param failed versions that are not tried again, 64 digits each
 */
record History(List<Revision> revisions, Optional<Versions> versions, List<String> failed) {
    private static final int SHORTEST_PREFIX = 4;
    private static final int MESSAGE_WIDTH = 160;

    static History of(List<Revision> revisions, @Nullable ProxyStatus status) {
        Optional<ProxyStatus> now = Optional.ofNullable(status);
        return new History(
                revisions.stream()
                        .sorted(Comparator.comparingLong(Revision::number))
                        .toList(),
                now.map(ProxyStatus::versions),
                now.map(ProxyStatus::rollout).map(ProxyStatus.Rollout::failed).stream()
                        .flatMap(List::stream)
                        .map(ProxyStatus.Failure::version)
                        .toList());
    }

    /**
     * The revision that somebody means.
     *
     * @param text a revision's number, at least 4 digits of a version, or stable, target or desired
     * @throws CommandException when that is none, or could be several
     */
    Revision find(String text) {
        String word = text.toLowerCase(Locale.ROOT);
        Optional<Revision> numbered = revisions.stream()
                .filter(revision -> Long.toString(revision.number()).equals(word))
                .findFirst();
        if (numbered.isPresent()) {
            return numbered.get();
        }
        String prefix = switch (word) {
            case "stable" -> role(word, Versions::stable);
            case "target" -> role(word, Versions::target);
            case "desired" -> role(word, Versions::desired);
            default -> word;
        };
        List<Revision> found = prefix.length() < SHORTEST_PREFIX
                ? List.of()
                : revisions.stream()
                        .filter(revision -> revision.version().startsWith(prefix))
                        .toList();
        if (found.isEmpty()) {
            throw new CommandException("there is no revision or version '" + text + "'"
                    + (prefix.equals(word) ? "" : " (" + prefix + ")") + "; " + known());
        }
        if (found.stream().map(Revision::version).distinct().count() > 1) {
            throw new CommandException("'" + text + "' could be "
                    + found.stream().map(Revision::title).collect(Collectors.joining(" or ")) + ": give more digits");
        }
        return found.getLast();
    }

    private String role(String word, Function<Versions, @Nullable String> role) {
        return versions.flatMap(all -> Optional.ofNullable(role.apply(all)))
                .orElseThrow(() -> new CommandException("this Proxy has no " + word + " version; " + known()));
    }

    private String known() {
        return revisions.isEmpty()
                ? "there are no revisions yet: the operator writes them when it accepts a spec"
                : "there are " + revisions.stream().map(Revision::title).collect(Collectors.joining(", "));
    }

    /**
     * Where an undo goes that isn't told: the newest version that the whole fleet ran and that isn't asked for now.
     *
     * @param now what the spec asks for
     * @throws CommandException when there is none
     */
    Revision before(Content now) {
        return revisions.reversed().stream()
                .filter(revision -> revision.isComplete() && !revision.content().equals(now))
                .findFirst()
                .orElseThrow(() -> new CommandException(
                        "there is nothing to go back to: no other version is Complete; choose one with --to: "
                                + known()));
    }

    /** Whether the operator will not try it again by itself. */
    boolean isFailed(Revision revision) {
        return failed.contains(revision.version());
    }

    /** What the version is now: stable, target, desired, failed. */
    List<String> marks(Revision revision) {
        List<String> marks = new ArrayList<>();
        versions.ifPresent(now -> {
            mark(marks, "desired", now.desired(), revision);
            mark(marks, "target", now.target(), revision);
            mark(marks, "stable", now.stable(), revision);
        });
        if (isFailed(revision)) {
            marks.add("failed");
        }
        return marks;
    }

    private static void mark(List<String> marks, String mark, @Nullable String version, Revision revision) {
        if (version != null && revision.version().startsWith(version)) {
            marks.add(mark);
        }
    }

    /** A table, newest last. */
    List<Line> lines(Instant now) {
        Table table = new Table("REVISION", "VERSION", "AGE", "CHANGED BY", "OUTCOME", "NOW");
        for (Revision revision : revisions) {
            List<String> marks = marks(revision);
            table.row(
                    Line.of(Long.toString(revision.number())),
                    Line.of(revision.abbreviated(), marks.contains("target") ? Tone.STRONG : Tone.PLAIN),
                    Line.of(Age.textSince(revision.changedAt().orElse(null), now)
                            .orElse("unknown")),
                    Line.of(revision.changedBy().orElse("unknown")).clipped(32),
                    outcome(revision),
                    Line.of(String.join(" ", marks), marks.contains("failed") ? Tone.BAD : Tone.INFO));
        }
        List<Line> lines = new ArrayList<>(table.lines());
        // Why the newest one went wrong is what people look for next.
        revisions.reversed().stream()
                .findFirst()
                .filter(revision -> tone(revision) == Tone.BAD)
                .flatMap(revision -> revision.message()
                        .map(message -> Line.of("revision " + revision.number() + ": ", Tone.BAD)
                                .plus(message)))
                .ifPresent(line -> {
                    lines.add(Line.EMPTY);
                    lines.add(line.clipped(MESSAGE_WIDTH));
                });
        return lines;
    }

    private static Line outcome(Revision revision) {
        return Line.of(revision.outcome().orElse("unknown"), tone(revision));
    }

    private static Tone tone(Revision revision) {
        return switch (revision.outcome().orElse("")) {
            case "Complete" -> Tone.GOOD;
            case "Progressing" -> Tone.BUSY;
            case "Replaced", "" -> Tone.FAINT;
            default -> Tone.BAD;
        };
    }
}
