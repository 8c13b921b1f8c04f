package dev.mpg.cli.kubectl;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.operator.proxy.RolloutCommands;
import dev.mpg.rollout.Command.Action;
import io.fabric8.kubernetes.api.model.Event;
import java.util.List;
import java.util.Optional;

/**
 * What is asked of a rollout, and what the operator answers. Immutable.
 *
 * @param by who asks, in one word
 * @param value of the annotation that asks
 */
record Request(Action action, String by, String value) {
    private static final String IGNORED = "CommandIgnored";
    private static final int MAX_BY = 64;

    /**
     * A request about the version that is the target now: when another one is by the time that it is read, it's ignored. A
     * pause is for whatever is the target.
     *
     * @param id unlike that of any other request
     */
    static Request of(Action action, String id, String by, Proxy proxy) {
        String word = by.replaceAll("\\s+", "_");
        String who = word.substring(0, Math.min(MAX_BY, word.length()));
        Optional<String> target = action == Action.Pause
                ? Optional.empty()
                : rollout(proxy).map(Rollout::target).map(Revision::abbreviated);
        return new Request(action, who, RolloutCommands.write(action, id, who, target));
    }

    /** A request that would be lost: it was not obeyed yet, and this one takes its place. */
    static Optional<String> pending(Proxy proxy) {
        return Optional.ofNullable(proxy.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(RolloutCommands.ANNOTATION))
                .filter(value -> !value.isBlank() && !obeyed(proxy).contains(value.strip()));
    }

    /** Whether the operator has read it; it may have ignored it. */
    boolean isRead(Proxy proxy) {
        return obeyed(proxy).contains(value);
    }

    /** Why the operator ignored it; empty when this Event says nothing of it. */
    Optional<String> ignoredBecause(Event event) {
        String prefix = action + " as asked by " + by + ": ";
        return Optional.ofNullable(event.getMessage())
                .filter(message -> IGNORED.equals(event.getReason()) && message.startsWith(prefix))
                .map(message -> message.substring(prefix.length()));
    }

    /** Whether this Event says that it was obeyed. */
    boolean isObeyed(Event event) {
        return action.name().equals(event.getReason()) && (action + " as asked by " + by).equals(event.getMessage());
    }

    private static List<String> obeyed(Proxy proxy) {
        return rollout(proxy).map(Rollout::obeyed).orElse(List.of());
    }

    private static Optional<Rollout> rollout(Proxy proxy) {
        return Optional.ofNullable(proxy.getStatus()).map(ProxyStatus::rollout);
    }
}
