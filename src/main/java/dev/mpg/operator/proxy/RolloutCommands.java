package dev.mpg.operator.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.api.Proxy;
import dev.mpg.rollout.Command;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What people ask of a rollout: an annotation whose value is an action, then {@code key=value} words, such as {@code promote
 * id=4f1d by=alice version=9f2c41d07ab3}. A value acts once; {@code id} makes two requests for the same differ. Pure.
 */
public final class RolloutCommands {
    /** The annotation. */
    public static final String ANNOTATION = "mpg.dev/rollout-command";

    private static final int MAX_LENGTH = 256;

    private RolloutCommands() {}

    /**
     * What the annotation of a Proxy asks for.
     *
     * @param commands none or one
     * @param problem why it can't be understood
     */
    record Reading(Set<Command> commands, Optional<String> problem) {
        static final Reading NOTHING = new Reading(Set.of(), Optional.empty());
    }

    static Reading read(Proxy proxy, RolloutState state) {
        Map<String, String> annotations =
                Optional.ofNullable(proxy.getMetadata().getAnnotations()).orElse(Map.of());
        String value = annotations.getOrDefault(ANNOTATION, "").strip();
        return value.isEmpty() ? Reading.NOTHING : read(value, state);
    }

    private static Reading read(String value, RolloutState state) {
        List<String> words = List.of(value.split("\\s+", -1));
        Optional<Command.Action> action = Arrays.stream(Command.Action.values())
                .filter(known -> known.name().equalsIgnoreCase(words.getFirst()))
                .findFirst();
        if (action.isEmpty() || value.length() > MAX_LENGTH) {
            return new Reading(
                    Set.of(),
                    Optional.of(
                            "annotation " + ANNOTATION + ": '" + value.substring(0, Math.min(value.length(), 64))
                                    + "' is no command; write pause, resume, promote or abort, and id=… to ask for the same again"));
        }
        Map<String, String> options = new HashMap<>();
        for (String word : words.subList(1, words.size())) {
            String[] pair = word.split("=", 2);
            options.put(pair[0], pair.length == 2 ? pair[1] : "");
        }
        String version = options.getOrDefault("version", "");
        Optional<ContentHash> meant = version.isEmpty() ? Optional.empty() : Optional.of(named(version, state));
        return new Reading(
                Set.of(new Command(value, action.get(), options.getOrDefault("by", "annotation " + ANNOTATION), meant)),
                Optional.empty());
    }

    /** The version that begins so; one that is nobody's when none does. */
    private static ContentHash named(String version, RolloutState state) {
        return Stream.concat(state.target().stream(), state.stable().stream())
                .filter(known -> known.hex().startsWith(version))
                .findFirst()
                .orElseGet(() -> ContentHash.of(ByteString.copyFromUtf8(version)));
    }

    /** The annotation's value for a command. */
    public static String write(Command.Action action, String id, String by, Optional<String> version) {
        return action.name().toLowerCase(Locale.ROOT) + " id=" + id + " by=" + by.replaceAll("\\s+", "_")
                + version.map(meant -> " version=" + meant).orElse("");
    }
}
