package dev.mpg.operator.infrastructure.host;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Why a process ended, in words for people: what happened, what to do where that is known, the last it said. Pure. */
final class Failure {
    /** How many of the log's last lines tell something. */
    static final int LINES = 50;

    private static final int LINES_SHOWN = 5;
    private static final int LENGTH_SHOWN = 512;
    private static final Pattern STACK_FRAME =
            Pattern.compile("\\s+(at .*|\\.\\.\\. \\d+ (more|common frames omitted))");
    /** Envoy's {@code [time][thread]} and our own time: the same failure is to be told in the same words. */
    private static final Pattern TIME = Pattern.compile(
            "^(\\[\\d{4}-\\d\\d-\\d\\d [\\d:.]+]\\[\\d+]|\\d{4}-\\d\\d-\\d\\dT[\\d:.]+(Z|[+-][\\d:]+) )");

    private static final int SIGNAL_BASE = 128;
    private static final int SIGKILL = 9;
    private static final int SIGNALS = 64;
    private static final String IN_USE = "address already in use";
    private static final String NO_SUCH_ADDRESS = "assign requested address";
    private static final Pattern ADDRESS = Pattern.compile("\\b\\d{1,3}(?:\\.\\d{1,3}){3}:\\d{1,5}\\b");

    private Failure() {}

    /**
     * @param status the process's exit status; empty when nobody knows it
     * @param lastLines of what it said, at most {@link #LINES}
     * @param addresses where it was to listen, host:port
     */
    static String describe(OptionalInt status, List<String> lastLines, List<String> addresses) {
        StringBuilder text = new StringBuilder("ended with ").append(inWords(status));
        advice(status, lastLines, addresses)
                .ifPresent(advice -> text.append(": ").append(advice));
        List<String> shown = lastLines.stream()
                .filter(line -> !STACK_FRAME.matcher(line).matches())
                .map(line -> TIME.matcher(line).replaceFirst(""))
                .toList();
        if (!shown.isEmpty()) {
            text.append("; last said:\n")
                    .append(shortened(String.join(
                            "\n", shown.subList(Math.max(0, shown.size() - LINES_SHOWN), shown.size()))));
        }
        return text.toString();
    }

    private static String inWords(OptionalInt status) {
        if (status.isEmpty()) {
            return "an unknown status";
        }
        int signal = status.getAsInt() - SIGNAL_BASE;
        return signal > 0 && signal <= SIGNALS ? "signal " + signal : "status " + status.getAsInt();
    }

    private static Optional<String> advice(OptionalInt status, List<String> lastLines, List<String> addresses) {
        String said = String.join("\n", lastLines).toLowerCase(Locale.ROOT);
        if (said.contains(IN_USE)) {
            List<String> which = named(IN_USE, lastLines, addresses);
            String port = which.getFirst().substring(which.getFirst().lastIndexOf(':') + 1);
            return Optional.of(String.join(" or ", which) + " is in use by another process; 'ss -ltnp sport = :" + port
                    + "' shows which, end it");
        }
        if (said.contains(NO_SUCH_ADDRESS)) {
            String address = named(NO_SUCH_ADDRESS, lastLines, addresses).getFirst();
            String host = address.substring(0, address.lastIndexOf(':'));
            return Optional.of("this machine has no address " + host
                    + "; Linux has all of 127.0.0.0/8, on macOS 'sudo ifconfig lo0 alias " + host + "' adds one");
        }
        if (said.contains("too many open files")) {
            return Optional.of("it may open too few files; raise the limit ('ulimit -n') before starting the operator");
        }
        if (status.isPresent() && status.getAsInt() == SIGNAL_BASE + SIGKILL) {
            return Optional.of("it was killed, by someone or because memory ran out ('dmesg' tells)");
        }
        return Optional.empty();
    }

    /**
     * The addresses that are named in a line with the complaint, or else just before it, as Java's chained exceptions do;
     * or else those where it was to listen.
     */
    private static List<String> named(String complaint, List<String> lines, List<String> addresses) {
        List<String> before = addresses;
        for (String line : lines) {
            List<String> here = ADDRESS.matcher(line)
                    .results()
                    .map(MatchResult::group)
                    .distinct()
                    .toList();
            if (!here.isEmpty()) {
                before = here;
            }
            if (line.toLowerCase(Locale.ROOT).contains(complaint)) {
                return before;
            }
        }
        return addresses;
    }

    private static String shortened(String lines) {
        return lines.length() <= LENGTH_SHOWN ? lines : "…" + lines.substring(lines.length() - LENGTH_SHOWN + 1);
    }
}
