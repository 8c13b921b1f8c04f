package dev.mpg.xds;

import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Names, by type, under which a gateway may have something else than it says. It outlives the stream: Envoy applies part of
 * what it refuses, but when it comes back it says it has what it had before.
 *
 * <p>It ends with the process. A gateway that comes to another one after a refusal, before it has accepted what came next, may
 * keep what it applied or lost until the resource changes: a cluster that it took with the change, say, without the endpoints
 * that it dropped with others that it refused. So what comes next should come at once.
 */
final class Doubts {
    /** Equal to no version. */
    private static final String NONE = "";

    /** The version which, if the gateway says it has it, ends the doubt. */
    private final Map<ResourceType, Map<String, String>> trusted = new EnumMap<>(ResourceType.class);

    boolean isEmpty() {
        return trusted.isEmpty();
    }

    private Map<String, String> of(ResourceType type) {
        return trusted.computeIfAbsent(type, t -> new HashMap<>());
    }

    /** These were refused. */
    void refused(ResourceType type, Collection<String> names) {
        if (!names.isEmpty()) {
            names.forEach(name -> of(type).put(name, NONE));
        }
    }

    /** Whether these were refused will never be known. */
    void unanswered(ResourceType type, Change change) {
        change.upserted().forEach((Resource resource) -> unanswered(type, resource.name(), resource.wireVersion()));
        change.removed().forEach(name -> unanswered(type, name, NONE));
    }

    void unanswered(ResourceType type, String name, String version) {
        of(type).merge(name, version, (earlier, now) -> NONE);
    }

    /** Something newer was accepted under these names. */
    void accepted(ResourceType type, Collection<String> names) {
        Map<String, String> known = trusted.get(type);
        if (known != null) {
            names.forEach(known::remove);
            if (known.isEmpty()) {
                trusted.remove(type);
            }
        }
    }

    void addAll(Doubts others) {
        others.trusted.forEach((type, names) -> of(type).putAll(names));
    }

    /** The names of which a gateway may have something else than it says. */
    Set<String> about(ResourceType type, Map<String, String> says) {
        Set<String> doubtful = new HashSet<>();
        trusted.getOrDefault(type, Map.of()).forEach((name, version) -> {
            if (version.equals(NONE) || !version.equals(says.get(name))) {
                doubtful.add(name);
            }
        });
        return doubtful;
    }
}
