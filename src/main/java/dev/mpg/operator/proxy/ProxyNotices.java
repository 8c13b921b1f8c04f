package dev.mpg.operator.proxy;

import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Versions;
import dev.mpg.operator.events.Notice;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What people are told when a Proxy's status changes. It looks at the two statuses alone, so that an operator that starts
 * again says nothing twice.
 */
final class ProxyNotices {
    private ProxyNotices() {}

    static List<Notice> between(@Nullable ProxyStatus before, ProxyStatus after) {
        List<Notice> notices = new ArrayList<>();
        String target = version(after, Versions::target);
        if (!Objects.equals(version(before, Versions::target), target)) {
            String stable = version(before, Versions::stable);
            notices.add(Notice.normal(
                    "VersionChanged",
                    "rolling out version " + target + (stable.isEmpty() ? "" : ", the fleet runs " + stable)));
        }
        for (Condition condition : Optional.ofNullable(after.conditions()).orElse(List.of())) {
            if (changed(before, condition)) {
                switch (condition.getType() + condition.getStatus()) {
                    case "AcceptedFalse" -> notices.add(Notice.warning(condition.getReason(), condition.getMessage()));
                    case "ProgrammedTrue" -> notices.add(Notice.normal("Programmed", condition.getMessage()));
                    case "ProgrammedFalse" -> {
                        if (condition.getReason().equals("Rejected")
                                || condition.getReason().equals("GatewayFailed")) {
                            notices.add(Notice.warning(condition.getReason(), condition.getMessage()));
                        }
                    }
                    default -> {}
                }
            }
        }
        return notices;
    }

    private static String version(
            @Nullable ProxyStatus status, java.util.function.Function<Versions, @Nullable String> which) {
        return Optional.ofNullable(status).map(ProxyStatus::versions).map(which).orElse("");
    }

    /** A condition says something new when its status or reason differs, or when the same refusal has another cause. */
    private static boolean changed(@Nullable ProxyStatus before, Condition now) {
        Optional<Condition> earlier = Optional.ofNullable(before).map(ProxyStatus::conditions).stream()
                .flatMap(List::stream)
                .filter(condition -> now.getType().equals(condition.getType()))
                .findFirst();
        return earlier.map(condition -> !now.getStatus().equals(condition.getStatus())
                        || !now.getReason().equals(condition.getReason())
                        || (now.getStatus().equals("False") && !now.getMessage().equals(condition.getMessage())))
                .orElse(true);
    }
}
