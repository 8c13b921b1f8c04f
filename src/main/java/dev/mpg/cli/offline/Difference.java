package dev.mpg.cli.offline;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.mpg.cli.text.YamlText;
import dev.mpg.compile.ResourceJson;
import dev.mpg.config.ObjectRef;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code mpg diff} found.
 *
 * @param proxies those of either side that differ, by name
 * @param equal how many are the same on both sides
 */
record Difference(List<OfProxy> proxies, int equal) {
    /** Entries of these lists of a spec are known by their names, and their order means nothing. */
    private static final Map<String, String> NAMED =
            Map.of("listeners", "listener", "routes", "route", "backends", "backend", "envoyPatches", "envoyPatch");

    /** What became of something. */
    enum Change {
        added,
        removed,
        changed
    }

    /**
     * One Proxy.
     *
     * @param before its version, 12 hexadecimal digits; absent when it was added
     * @param after its version; absent when it was removed. Equal to before when nothing that gateways see differs
     * @param spec which parts of its spec differ; of one that is on both sides
     * @param resources which Envoy resources differ, by type and name
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record OfProxy(
            String object,
            Change change,
            @Nullable String before,
            @Nullable String after,
            List<OfPart> spec,
            List<OfResource> resources) {}

    /**
     * A part of a spec.
     *
     * @param part {@code listener}, {@code route}, {@code backend}, {@code envoyPatch}, or the name of another field
     * @param name of the listener, route or backend; type and name of the patch's target; absent of another field
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record OfPart(String part, @Nullable String name, Change change) {}

    /**
     * An Envoy resource.
     *
     * @param type the message's name
     * @param diff of a changed one: a unified diff of its YAML, in lines
     */
    record OfResource(String type, String name, Change change, List<String> diff) {}

    static Difference between(Review before, Review after) {
        Map<ObjectRef, Review.Compiled> old = byRef(before);
        Map<ObjectRef, Review.Compiled> now = byRef(after);
        Map<String, ObjectRef> names = new TreeMap<>();
        old.keySet().forEach(ref -> names.put(ref.path(), ref));
        now.keySet().forEach(ref -> names.put(ref.path(), ref));
        List<OfProxy> differing = new ArrayList<>();
        for (ObjectRef ref : names.values()) {
            between(ref, Optional.ofNullable(old.get(ref)), Optional.ofNullable(now.get(ref)))
                    .ifPresent(differing::add);
        }
        return new Difference(differing, names.size() - differing.size());
    }

    private static Map<ObjectRef, Review.Compiled> byRef(Review review) {
        return review.proxies().stream()
                .collect(Collectors.toMap(proxy -> proxy.object().ref(), Function.identity()));
    }

    private static Optional<OfProxy> between(
            ObjectRef ref, Optional<Review.Compiled> before, Optional<Review.Compiled> after) {
        Snapshot from = before.map(Review.Compiled::snapshot).orElse(Snapshot.EMPTY);
        Snapshot to = after.map(Review.Compiled::snapshot).orElse(Snapshot.EMPTY);
        List<OfPart> spec = before.isPresent() && after.isPresent()
                ? parts(
                        before.get().object().tree().path("spec"),
                        after.get().object().tree().path("spec"))
                : List.of();
        if (before.isPresent() && after.isPresent() && spec.isEmpty() && from.equals(to)) {
            return Optional.empty();
        }
        return Optional.of(new OfProxy(
                ref.toString(),
                before.isEmpty() ? Change.added : after.isEmpty() ? Change.removed : Change.changed,
                before.isEmpty() ? null : from.version().abbreviated(),
                after.isEmpty() ? null : to.version().abbreviated(),
                spec,
                resources(from, to)));
    }

    private static List<OfPart> parts(JsonNode before, JsonNode after) {
        List<OfPart> parts = new ArrayList<>();
        for (String field : union(fields(before), fields(after))) {
            String part = NAMED.get(field);
            JsonNode from = YamlText.sorted(before.path(field));
            JsonNode to = YamlText.sorted(after.path(field));
            if (part == null) {
                change(from, to).ifPresent(change -> parts.add(new OfPart(field, null, change)));
            } else {
                Map<String, JsonNode> old = entries(from);
                Map<String, JsonNode> now = entries(to);
                for (String name : union(old.keySet(), now.keySet())) {
                    change(
                                    old.getOrDefault(name, MissingNode.getInstance()),
                                    now.getOrDefault(name, MissingNode.getInstance()))
                            .ifPresent(change -> parts.add(new OfPart(part, name, change)));
                }
            }
        }
        return parts;
    }

    private static Set<String> fields(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey).collect(Collectors.toSet());
    }

    private static Set<String> union(Set<String> some, Set<String> more) {
        Set<String> union = new TreeSet<>(some);
        union.addAll(more);
        return union;
    }

    private static Map<String, JsonNode> entries(JsonNode list) {
        Map<String, JsonNode> entries = new LinkedHashMap<>();
        list.forEach(entry -> {
            String type = entry.has("type") && entry.has("operations")
                    ? entry.path("type").asText() + " "
                    : "";
            entries.put(type + entry.path("name").asText(), entry);
        });
        return entries;
    }

    private static Optional<Change> change(JsonNode from, JsonNode to) {
        boolean was = !from.isMissingNode() && !from.isNull();
        boolean is = !to.isMissingNode() && !to.isNull();
        return was && is
                ? from.equals(to) ? Optional.empty() : Optional.of(Change.changed)
                : was ? Optional.of(Change.removed) : is ? Optional.of(Change.added) : Optional.empty();
    }

    private static List<OfResource> resources(Snapshot from, Snapshot to) {
        SnapshotDiff diff = Snapshot.diff(from, to);
        List<OfResource> resources = new ArrayList<>();
        for (ResourceType type : ResourceType.values()) {
            Map<String, OfResource> byName = new TreeMap<>();
            diff.of(type)
                    .removed()
                    .forEach(name ->
                            byName.put(name, new OfResource(type.messageName(), name, Change.removed, List.of())));
            diff.of(type)
                    .upserted()
                    .forEach(resource ->
                            byName.put(resource.name(), upserted(from.resource(type, resource.name()), resource)));
            resources.addAll(byName.values());
        }
        return resources;
    }

    private static OfResource upserted(Optional<Resource> before, Resource after) {
        String type = after.type().messageName();
        return before.map(old -> new OfResource(
                        type,
                        after.name(),
                        Change.changed,
                        YamlText.diff(title(old), lines(old), title(after), lines(after))))
                .orElseGet(() -> new OfResource(type, after.name(), Change.added, List.of()));
    }

    private static String title(Resource resource) {
        return resource.type().messageName() + " " + resource.name() + " " + resource.wireVersion();
    }

    private static List<String> lines(Resource resource) {
        return YamlText.lines(YamlText.sorted(ResourceJson.of(resource)));
    }
}
