package dev.mpg.proxy;

import dev.mpg.match.Answer;
import dev.mpg.match.Outcome;
import java.util.Locale;
import java.util.stream.Collectors;

/** {@link Match} as lines for people. */
final class MatchText {
    private MatchText() {}

    static String of(Match match) {
        StringBuilder text = new StringBuilder();
        Match.Request request = match.request();
        text.append("request   ")
                .append(String.join(" ", request.method(), request.host(), request.path()))
                .append('\n');
        text.append("proxy     ")
                .append(match.clusterId())
                .append(match.gateway() == null ? "" : ", gateway " + match.gateway())
                .append('\n');
        for (Match.Config config : match.configs()) {
            text.append("\nversion   ")
                    .append(config.version().version())
                    .append(", ")
                    .append(config.role())
                    .append('\n');
            config.answers().forEach(answer -> append(answer, text));
            if (config.answers().isEmpty()) {
                text.append("  it has no listeners\n");
            }
        }
        return text.toString();
    }

    private static void append(Match.Listeners answer, StringBuilder text) {
        text.append("  listeners ")
                .append(String.join(", ", answer.listeners()))
                .append('\n');
        if (answer.path() != null) {
            text.append("  path      ").append(answer.path()).append('\n');
        }
        Answer.HostMatch host = answer.virtualHost();
        if (host != null) {
            text.append("  host      ")
                    .append(host.domain())
                    .append(" (")
                    .append(host.specificity().name().toLowerCase(Locale.ROOT))
                    .append("), virtual host ")
                    .append(host.virtualHost())
                    .append('\n');
        }
        for (Answer.Attempt attempt : answer.tried()) {
            text.append("  ")
                    .append(
                            switch (attempt.fit()) {
                                case YES -> "takes it  ";
                                case NO -> "no        ";
                                case UNJUDGED -> "perhaps   ";
                            })
                    .append(attempt.route())
                    .append(": ")
                    .append(attempt.match())
                    .append(", ")
                    .append(attempt.why())
                    .append('\n');
        }
        text.append("  result    ").append(result(answer.result())).append('\n');
        answer.caveats()
                .forEach(caveat -> text.append("  but       ").append(caveat).append('\n'));
    }

    private static String result(Match.Result result) {
        return switch (result.kind()) {
            case FORWARD ->
                "to "
                        + result.clusters().stream().map(MatchText::share).collect(Collectors.joining(", "))
                        + ("PT0S".equals(result.timeout()) ? "; no timeout" : "; timeout " + result.timeout());
            case REPLY ->
                result.status() + ": " + result.why() + (result.location() == null ? "" : ", " + result.location());
            case UNJUDGED -> "cannot be judged: " + result.why();
        };
    }

    private static String share(Outcome.Share share) {
        return share.cluster() + " (weight " + share.weight() + ")"
                + (share.exists() ? "" : ", which there is not: 503");
    }
}
