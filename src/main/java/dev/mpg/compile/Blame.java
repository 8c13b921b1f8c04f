package dev.mpg.compile;

import static java.util.stream.Collectors.toCollection;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.config.Origin;
import dev.mpg.config.Route;
import dev.mpg.config.TrafficConfig;
import dev.mpg.config.TrafficConfig.EnvoyPatch;
import dev.mpg.snapshot.ResourceType;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * From a response that Envoy refused back to what was written. Envoy refuses a response as a whole and says why in words that
 * often, not always, name the resource: what they don't name is ranked by how likely it is.
 *
 * <ol>
 *   <li>A response with one resource was refused for it.
 *   <li>Those that Envoy lists, as in {@code Error adding/updating listener(s) http: …}, or shows, as it does with a message
 *       that breaks a rule of its API.
 *   <li>Those that it mentions, by the longest mention: of the resource's name, a virtual host's host name, or a text in the
 *       patch on it; of equal ones those with a patch.
 *   <li>Those with a patch, since what is compiled without one is meant to be valid; then the others.
 * </ol>
 *
 * <p>A gateway that speaks the state-of-the-world protocol has its virtual hosts within the route configuration, which Envoy
 * names whichever of them is at fault: where it is refused they are suspects too, and its name says nothing.
 */
public final class Blame {
    private static final int MAX_CULPRITS = 16;

    /** Where Envoy shows a message, up to a line that begins with a colon. */
    private static final String SHOWN = "goo.gle/debug";

    private final TrafficConfig config;
    /** Envoy's words without the message that it shows, in which anything may be mentioned. */
    private final String words;
    /** The message that it shows, if any, in protobuf's text form. */
    private final String shown;

    private Blame(TrafficConfig config, String message) {
        this.config = config;
        int begin = message.indexOf(SHOWN);
        int end = begin < 0 ? -1 : message.indexOf("\n: ", begin);
        this.words = begin < 0 ? message : message.substring(0, begin) + (end < 0 ? "" : message.substring(end));
        this.shown = begin < 0 ? "" : message.substring(begin, end < 0 ? message.length() : end);
    }

    /**
     * A resource that may be why.
     *
     * @param origins what of the spec makes it, as of {@link Origins#of}, those first that the message mentions. Never empty
     */
    public record Culprit(ResourceType type, String resourceName, List<Origin> origins) {
        public Culprit {
            origins = List.copyOf(origins);
        }
    }

    /**
     * What of {@code config} a gateway refused, the likeliest first; at most 16.
     *
     * @param config what the refused version was compiled from
     * @param type of the resources in the refused response
     * @param message Envoy's words
     * @param names of the resources in the refused response; perhaps only the first of many
     * @return empty when the config makes no such resource
     */
    public static List<Culprit> culprits(TrafficConfig config, ResourceType type, String message, List<String> names) {
        Blame blame = new Blame(config, message);
        return blame.ranked(type, names).limit(MAX_CULPRITS).map(blame::culprit).toList();
    }

    private record Suspect(ResourceType type, String name) {}

    private Stream<Suspect> ranked(ResourceType type, List<String> names) {
        Set<Suspect> all = suspects(type).collect(toCollection(LinkedHashSet::new));
        List<Suspect> sent = names.stream()
                .map(name -> new Suspect(type, name))
                .filter(all::contains)
                .toList();
        if (names.size() == 1 && type != ResourceType.ROUTE) {
            return sent.stream();
        }
        return Stream.of(named(sent), named(all))
                .filter(named -> !named.isEmpty())
                .findFirst()
                .orElseGet(() -> patchedFirst(sent.isEmpty() ? all : sent, type))
                .stream();
    }

    private Stream<Suspect> suspects(ResourceType type) {
        Stream<Suspect> own = Origins.names(config, type).map(name -> new Suspect(type, name));
        return type == ResourceType.ROUTE ? Stream.concat(own, suspects(ResourceType.VIRTUAL_HOST)) : own;
    }

    /** Those that Envoy lists or shows, else those that it mentions. */
    private List<Suspect> named(Collection<Suspect> suspects) {
        List<Suspect> listed = suspects.stream().filter(this::isListed).toList();
        return listed.isEmpty()
                ? suspects.stream()
                        .filter(suspect -> mention(suspect) > 0)
                        .sorted(Comparator.comparingInt((Suspect suspect) -> mention(suspect))
                                .reversed()
                                .thenComparing(suspect -> !isPatched(suspect)))
                        .toList()
                : listed;
    }

    private List<Suspect> patchedFirst(Collection<Suspect> sent, ResourceType type) {
        Stream<Suspect> suspects = type == ResourceType.ROUTE
                ? suspects(type).filter(s -> isPatched(s) || sent.contains(s))
                : sent.stream();
        return suspects.sorted(Comparator.comparing(suspect -> !isPatched(suspect)))
                .toList();
    }

    /** Envoy lists clusters with commas between them and listeners a line each, behind what it has to say of all. */
    private boolean isListed(Suspect suspect) {
        String entry = suspect.name() + ": ";
        return suspect.type() != ResourceType.ROUTE
                && (words.startsWith(entry)
                        || words.contains("(s) " + entry)
                        || words.contains("\n" + entry)
                        || words.contains(", " + entry)
                        || shown.contains("\nname: \"" + suspect.name() + "\"\n")
                        || shown.contains("\ncluster_name: \"" + suspect.name() + "\"\n"));
    }

    /** The most characters of what belongs to the resource that the words have. */
    private int mention(Suspect suspect) {
        Stream<String> names = switch (suspect.type()) {
            case ROUTE -> Stream.of();
            case VIRTUAL_HOST -> Stream.of(suspect.name(), Routes.hostname(suspect.name()));
            case CLUSTER, ENDPOINT, LISTENER, SECRET -> Stream.of(suspect.name());
        };
        Stream<String> patch = Origins.patches(config, suspect.type(), suspect.name())
                .flatMap(on -> on.operations().stream())
                .flatMap(operation -> operation.value().stream())
                .flatMap(Blame::texts);
        return Stream.concat(names, patch).mapToInt(this::mention).max().orElse(0);
    }

    private static Stream<String> texts(JsonNode value) {
        return value.isTextual()
                ? Stream.of(value.asText())
                : StreamSupport.stream(value.spliterator(), false).flatMap(Blame::texts);
    }

    /** As a word of its own: {@code checkout} isn't in {@code checkout-next}. One that is only punctuation never is. */
    private int mention(String text) {
        if (text.chars().noneMatch(Blame::isPartOfWord)) {
            return 0;
        }
        for (int at = words.indexOf(text); at >= 0; at = words.indexOf(text, at + 1)) {
            int end = at + text.length();
            if ((at == 0 || !isPartOfWord(words.charAt(at - 1)))
                    && (end == words.length() || !isPartOfWord(words.charAt(end)))) {
                return text.length();
            }
        }
        return 0;
    }

    private static boolean isPartOfWord(int character) {
        return Character.isLetterOrDigit(character) || character == '-' || character == '_';
    }

    private boolean isPatched(Suspect suspect) {
        return Origins.patches(config, suspect.type(), suspect.name()).findAny().isPresent();
    }

    private Culprit culprit(Suspect suspect) {
        if (suspect.type() != ResourceType.VIRTUAL_HOST) {
            return new Culprit(suspect.type(), suspect.name(), Origins.of(config, suspect.type(), suspect.name()));
        }
        Stream<Origin> routes = Origins.routes(config, suspect.name())
                .sorted(Comparator.comparingInt((Route route) -> mention(route)).reversed())
                .map(Route::origin);
        return new Culprit(
                suspect.type(),
                suspect.name(),
                Stream.concat(
                                Origins.patches(config, suspect.type(), suspect.name())
                                        .map(EnvoyPatch::origin),
                                routes)
                        .toList());
    }

    /** The most of a route's name or of one of its paths that the message has. */
    private int mention(Route route) {
        return Stream.concat(
                        Stream.of(route.name()),
                        route.matches().stream().map(match -> match.path().path()))
                .mapToInt(this::mention)
                .max()
                .orElse(0);
    }
}
