package dev.mpg.cli.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.TreeSet;

/** Trees of JSON values as people write them, and what differs between two. Equal ones have equal lines. */
public final class YamlText {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();
    private static final int DIFF_CONTEXT = 3;

    private YamlText() {}

    /** The tree with the fields of its objects in the order of their names, a name before all else. */
    public static JsonNode sorted(JsonNode node) {
        return switch (node) {
            case ObjectNode object -> {
                ObjectNode sorted = JsonNodeFactory.instance.objectNode();
                if (object.has("name")) {
                    sorted.set("name", object.get("name"));
                }
                TreeSet<String> names = new TreeSet<>();
                object.fieldNames().forEachRemaining(names::add);
                names.forEach(name -> sorted.set(name, sorted(object.get(name))));
                yield sorted;
            }
            case ArrayNode array -> {
                ArrayNode sorted = JsonNodeFactory.instance.arrayNode();
                array.forEach(element -> sorted.add(sorted(element)));
                yield sorted;
            }
            default -> node;
        };
    }

    /** In lines of YAML; none of what is empty. */
    public static List<String> lines(JsonNode node) {
        return node.isEmpty()
                ? List.of()
                : YAML.asYaml(node).lines().filter(line -> !line.equals("---")).toList();
    }

    /**
     * What turns these lines into the others, as a unified diff; empty when they are equal.
     *
     * @param name what these are called
     * @param otherName what the others are called
     */
    public static List<String> diff(String name, List<String> lines, String otherName, List<String> others) {
        return UnifiedDiffUtils.generateUnifiedDiff(
                name, otherName, lines, DiffUtils.diff(lines, others), DIFF_CONTEXT);
    }
}
