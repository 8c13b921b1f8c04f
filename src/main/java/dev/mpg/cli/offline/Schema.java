package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import dev.mpg.cli.text.Words;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * What the API server's schema says of a resource, and that it has no other fields: the API server drops these, with a
 * warning, so a mistyped field is one that does nothing. The rules in CEL are not among it, see {@link Rules}. Thread-safe.
 */
final class Schema {
    private static final int MAX_SHOWN = 60;

    private final ObjectNode schema;
    private final com.networknt.schema.Schema compiled;

    private Schema(ObjectNode schema) {
        this.schema = schema;
        this.compiled =
                SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7).getSchema(schema);
    }

    /** @param plural the resource's name, such as {@code proxies}, whose definition {@code crds/} has */
    static Schema of(String plural) {
        String file = "/dev/mpg/crds/" + plural + ".mpg.dev.yaml";
        try (InputStream in = Schema.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is not in the jar");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            JsonNode crd = Documents.read(new Source(file, text), new ArrayList<>())
                    .getFirst()
                    .tree();
            ObjectNode schema = strict(crd.at("/spec/versions/0/schema/openAPIV3Schema"));
            ObjectNode properties = (ObjectNode) schema.get("properties");
            // The API server has its own schema of metadata, and the status is nobody's to write.
            properties.putObject("metadata").put("type", "object");
            properties.putObject("status");
            return new Schema(schema);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }

    /** The keywords that say what is valid, and that no other fields are. */
    private static ObjectNode strict(JsonNode from) {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        for (String keyword : List.of(
                "type",
                "required",
                "enum",
                "minimum",
                "maximum",
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "pattern")) {
            if (from.has(keyword)) {
                schema.set(keyword, from.get(keyword));
            }
        }
        if (from.path("x-kubernetes-int-or-string").asBoolean()) {
            schema.putArray("type").add("integer").add("string");
        }
        if (from.path("x-kubernetes-list-type").asText().equals("set")) {
            schema.put("uniqueItems", true);
        }
        if (from.has("items")) {
            schema.set("items", strict(from.get("items")));
        }
        if (from.has("properties")) {
            ObjectNode properties = schema.putObject("properties");
            from.get("properties")
                    .properties()
                    .forEach(field -> properties.set(field.getKey(), strict(field.getValue())));
            schema.put(
                    "additionalProperties",
                    from.path("x-kubernetes-preserve-unknown-fields").asBoolean());
        }
        return schema;
    }

    /** What is wrong, at most one for each field. */
    List<Finding> check(Manifest object) {
        Map<String, Finding> findings = new LinkedHashMap<>();
        for (Error error : compiled.validate(object.tree())) {
            Finding finding = finding(object, error);
            findings.putIfAbsent(String.valueOf(finding.field()), finding);
        }
        return List.copyOf(findings.values());
    }

    private Finding finding(Manifest object, Error error) {
        String at = path(error.getInstanceLocation());
        JsonNode value = error.getInstanceNode();
        JsonNode limit = schemaAt(error.getInstanceLocation()).path(error.getKeyword());
        return switch (error.getKeyword()) {
            case "required" -> object.error(field(at, error.getProperty()), "it is missing", "add it");
            case "additionalProperties" -> {
                List<String> known = new ArrayList<>();
                schemaAt(error.getInstanceLocation())
                        .path("properties")
                        .fieldNames()
                        .forEachRemaining(known::add);
                yield object.error(
                        field(at, error.getProperty()),
                        "there is no such field",
                        "correct or remove it; there " + (known.size() == 1 ? "is " : "are ")
                                + String.join(", ", known));
            }
            case "type" ->
                object.error(
                        at,
                        value.isNull() ? "it is empty" : "it is " + shown(value) + ", not " + types(limit),
                        typeRemedy(value, limit));
            case "enum" -> object.error(at, shown(value) + " is none of the values", "write one of " + names(limit));
            case "minimum", "maximum" -> object.error(at, shown(value) + " is out of range", "use " + range(error));
            case "pattern" ->
                object.error(at, shown(value) + " doesn't look as it has to", "make it match " + limit.asText());
            case "minLength" ->
                object.error(at, "it is too short", "use at least " + Words.count(limit.asInt(), "character"));
            case "maxLength" ->
                object.error(
                        at, "it is " + value.asText().length() + " characters long", "use at most " + limit.asInt());
            case "minItems" -> object.error(at, "it has too few entries", "give at least " + limit.asInt());
            case "maxItems" -> object.error(at, "it has " + value.size() + " entries", "give at most " + limit.asInt());
            case "uniqueItems" -> object.error(at, "an entry is listed twice", "list each once");
            default -> object.error(at, String.valueOf(error.getMessage()), "correct it");
        };
    }

    private String range(Error error) {
        JsonNode at = schemaAt(error.getInstanceLocation());
        return at.has("minimum") && at.has("maximum")
                ? at.get("minimum").asText() + " to " + at.get("maximum").asText()
                : at.has("minimum")
                        ? "at least " + at.get("minimum").asText()
                        : "at most " + at.get("maximum").asText();
    }

    private static String field(String at, String name) {
        return at.isEmpty() ? name : at + "." + name;
    }

    private static String path(NodePath location) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < location.getNameCount(); i++) {
            if (location.getElement(i) instanceof Integer index) {
                path.append('[').append(index).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(location.getElement(i));
            }
        }
        return path.toString();
    }

    private JsonNode schemaAt(NodePath location) {
        JsonNode at = schema;
        for (int i = 0; i < location.getNameCount(); i++) {
            at = location.getElement(i) instanceof Integer
                    ? at.path("items")
                    : at.path("properties").path(String.valueOf(location.getElement(i)));
        }
        return at;
    }

    /** A value as it was written, if it is short. */
    private static String shown(JsonNode value) {
        if (value.isContainerNode()) {
            return value.isArray() ? "a list" : "an object";
        }
        String text = value.asText();
        String shown = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
        return value.isTextual() ? "'" + shown + "'" : shown;
    }

    /** YAML takes {@code yes} and {@code 10} for something else than texts, and {@code '10'} for no number. */
    private static String typeRemedy(JsonNode value, JsonNode type) {
        if (type.asText().equals("string") && (value.isBoolean() || value.isNumber())) {
            return "write it in quotes";
        }
        return type.asText().equals("integer")
                        && value.isTextual()
                        && value.asText().matches("[0-9]{1,18}")
                ? "write it without quotes"
                : "give " + types(type) + ", or remove the field";
    }

    private static String types(JsonNode type) {
        return (type.isArray()
                        ? StreamSupport.stream(type.spliterator(), false).map(JsonNode::asText)
                        : List.of(type.asText()).stream())
                .map(Schema::typeName)
                .collect(Collectors.joining(" or "));
    }

    private static String typeName(String type) {
        return switch (type) {
            case "integer" -> "a whole number";
            case "string" -> "a text";
            case "array" -> "a list";
            case "object" -> "an object";
            default -> "a " + type;
        };
    }

    private static String names(JsonNode values) {
        return StreamSupport.stream(values.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(", "));
    }
}
