package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mpg.cli.text.YamlText;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of a spec that makes a version. Kept as JSON, so that a field which this program doesn't know survives an undo.
 * Two are equal when they ask for the same, whatever the order of their fields. Immutable.
 *
 * @param spec those of the spec's fields that make a version and are there; sorted, a name before all else
 */
record Content(ObjectNode spec) {
    /** The spec's fields that make a version. The others say how it is run and rolled out. */
    static final List<String> FIELDS = List.of("listeners", "routes", "backends", "envoyPatches");

    /** The content of a whole spec, or of one of which nothing else was kept. */
    static Content of(JsonNode spec) {
        ObjectNode content = JsonNodeFactory.instance.objectNode();
        for (String field : FIELDS) {
            JsonNode value = spec.path(field);
            if (!value.isMissingNode() && !value.isNull()) {
                content.set(field, YamlText.sorted(value));
            }
        }
        return new Content(content);
    }

    /** In lines, as people write it. */
    List<String> yaml() {
        return YamlText.lines(spec);
    }

    /**
     * What turns this into another one, as a unified diff; empty when they are equal.
     *
     * @param name what this one is called
     * @param otherName what the other one is called
     */
    List<String> diff(String name, Content other, String otherName) {
        return YamlText.diff(name, yaml(), otherName, other.yaml());
    }

    /** A diff with its colours. */
    static List<Line> lines(List<String> diff) {
        List<Line> lines = new ArrayList<>();
        for (String line : diff) {
            Tone tone = switch (line.isEmpty() ? ' ' : line.charAt(0)) {
                case '+' -> line.startsWith("+++") ? Tone.STRONG : Tone.GOOD;
                case '-' -> line.startsWith("---") ? Tone.STRONG : Tone.BAD;
                case '@' -> Tone.INFO;
                default -> Tone.PLAIN;
            };
            lines.add(Line.of(line, tone));
        }
        return lines;
    }

    /**
     * A JSON Patch (RFC 6902) that gives a spec this content and leaves its other fields alone; it applies only to the
     * object as it was read.
     *
     * @param now the whole spec, as it was read
     * @param resourceVersion of the object, as it was read
     */
    ArrayNode patch(JsonNode now, String resourceVersion) {
        ArrayNode patch = JsonNodeFactory.instance.arrayNode();
        patch.addObject()
                .put("op", "test")
                .put("path", "/metadata/resourceVersion")
                .put("value", resourceVersion);
        for (String field : FIELDS) {
            if (spec.has(field)) {
                patch.addObject().put("op", "add").put("path", "/spec/" + field).set("value", spec.get(field));
            } else if (now.has(field)) {
                patch.addObject().put("op", "remove").put("path", "/spec/" + field);
            }
        }
        return patch;
    }
}
