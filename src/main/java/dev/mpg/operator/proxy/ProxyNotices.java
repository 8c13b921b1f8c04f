package dev.mpg.operator.proxy;

import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.events.Notice;
import dev.mpg.rollout.Outcome;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What people are told when a Proxy's status changes and when a rollout moves. It looks at statuses and decisions alone, so
 * that an operator that starts again says nothing twice.
 */
final class ProxyNotices {
    private ProxyNotices() {}

    static List<Notice> between(@Nullable ProxyStatus before, ProxyStatus after) {
        List<Notice> notices = new ArrayList<>();
        for (Condition condition : Optional.ofNullable(after.conditions()).orElse(List.of())) {
            if (changed(before, condition)) {
                switch (condition.getType() + condition.getStatus()) {
                    case "AcceptedFalse" -> notices.add(Notice.warning(condition.getReason(), condition.getMessage()));
                    case "ProgrammedTrue" -> notices.add(Notice.normal("Programmed", condition.getMessage()));
                    case "ProgrammedFalse" -> {
                        if (condition.getReason().equals("GatewayFailed")) {
                            notices.add(Notice.warning(condition.getReason(), condition.getMessage()));
                        }
                    }
                    case "PersistedFalse" -> notices.add(Notice.warning(condition.getReason(), condition.getMessage()));
                    default -> {}
                }
            }
            if (condition.getType().equals(ResolvedRefs.TYPE)) {
                resolvedRefs(before, condition).ifPresent(notices::add);
            }
        }
        return notices;
    }

    /**
     * Another reason is news, other words are not: they count endpoints, and change as often as these do. Nor is it that
     * services have endpoints from the start.
     */
    private static Optional<Notice> resolvedRefs(@Nullable ProxyStatus before, Condition now) {
        Optional<Condition> earlier = earlier(before, now.getType());
        if (earlier.map(Condition::getReason).equals(Optional.of(now.getReason()))) {
            return Optional.empty();
        } else if (now.getStatus().equals("False")) {
            return Optional.of(Notice.warning(now.getReason(), now.getMessage()));
        }
        return earlier.map(was -> Notice.normal(now.getReason(), now.getMessage()));
    }

    /** What people are told of a rollout. */
    static List<Notice> of(List<Outcome> outcomes) {
        return outcomes.stream().map(ProxyNotices::of).toList();
    }

    private static Notice of(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Started(var target) -> Notice.normal("RolloutStarted", "rolling out version " + target);
            case Outcome.WaveOpened(var target, var wave) ->
                Notice.normal(
                        "WaveOpened",
                        "version " + target + " goes to "
                                + (wave.cohort().isEmpty() ? "every gateway" : Names.few(wave.cohort())) + " ("
                                + wave.share() + " of the fleet)");
            case Outcome.Failed(var failure) ->
                Notice.warning(
                        failure.reason().name(), "version " + failure.version() + " failed: " + failure.message());
            case Outcome.RolledBack(var failure) ->
                Notice.warning(
                        "RolledBack", "every gateway that had version " + failure.version() + " is back on stable");
            case Outcome.Completed(var version) ->
                Notice.normal("RolloutComplete", "version " + version + " is the last known good");
            case Outcome.Obeyed(var command) ->
                Notice.normal(command.action().name(), command.action() + " as asked by " + command.by());
            case Outcome.Ignored(var command, var why) ->
                Notice.warning("CommandIgnored", command.action() + " as asked by " + command.by() + ": " + why);
        };
    }

    /** A condition says something new when its status or reason differs, or when the same refusal has another cause. */
    private static boolean changed(@Nullable ProxyStatus before, Condition now) {
        return earlier(before, now.getType())
                .map(condition -> !now.getStatus().equals(condition.getStatus())
                        || !now.getReason().equals(condition.getReason())
                        || (now.getStatus().equals("False") && !now.getMessage().equals(condition.getMessage())))
                .orElse(true);
    }

    private static Optional<Condition> earlier(@Nullable ProxyStatus before, String type) {
        return Optional.ofNullable(before).map(ProxyStatus::conditions).stream()
                .flatMap(List::stream)
                .filter(condition -> type.equals(condition.getType()))
                .findFirst();
    }
}
