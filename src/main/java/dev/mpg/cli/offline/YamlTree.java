package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A YAML document as JSON: aliases and merge keys are replaced by what they stand for. Bounded, since a few lines of aliases
 * can stand for more than any memory holds.
 */
final class YamlTree {
    /** As deep as JSON may be here. */
    static final int MAX_DEPTH = 100;

    /** Values in a document, each as often as aliases repeat it. */
    static final int MAX_VALUES = 2_000_000;

    /** Of a number, as Jackson has it for JSON. */
    private static final int MAX_DIGITS = 1000;

    private static final Set<String> TRUE = Set.of("true", "yes", "on");

    private int values;

    /** A document that can't be used. */
    static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int line;
        private final String remedy;

        RefusedException(Node at, String found, String remedy) {
            super(found);
            this.line = Lines.of(at);
            this.remedy = remedy;
        }

        int line() {
            return line;
        }

        String found() {
            return String.valueOf(getMessage());
        }

        String remedy() {
            return remedy;
        }
    }

    private YamlTree() {}

    /** @throws RefusedException when it stands for too much, or has two values for one key */
    static JsonNode of(Node document) {
        return new YamlTree().value(document, 0);
    }

    private JsonNode value(Node node, int depth) {
        if (depth > MAX_DEPTH) {
            throw new RefusedException(
                    node,
                    "values stand more than " + MAX_DEPTH + " deep in each other",
                    "nest less, and no alias in itself");
        }
        if (++values > MAX_VALUES) {
            throw new RefusedException(
                    node, "its aliases stand for more than " + MAX_VALUES + " values", "use fewer of them");
        }
        return switch (node) {
            case MappingNode mapping -> object(mapping, depth);
            case SequenceNode sequence -> {
                ArrayNode array = JsonNodeFactory.instance.arrayNode();
                sequence.getValue().forEach(entry -> array.add(value(entry, depth + 1)));
                yield array;
            }
            case ScalarNode scalar -> scalar(scalar);
            default -> throw new RefusedException(node, "this is no value", "correct it");
        };
    }

    private ObjectNode object(MappingNode mapping, int depth) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        Map<String, Node> keys = new HashMap<>();
        for (NodeTuple entry : mapping.getValue()) {
            if (entry.getKeyNode().getTag().equals(Tag.MERGE)) {
                continue;
            }
            if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                throw new RefusedException(entry.getKeyNode(), "a key is no text", "write a name before the colon");
            }
            Node earlier = keys.putIfAbsent(key.getValue(), key);
            if (earlier != null) {
                throw new RefusedException(
                        key,
                        "the key '" + key.getValue() + "' was given in line " + Lines.of(earlier) + " already",
                        "remove one of them");
            }
            object.set(key.getValue(), value(entry.getValueNode(), depth + 1));
        }
        for (NodeTuple entry : mapping.getValue()) {
            if (entry.getKeyNode().getTag().equals(Tag.MERGE)) {
                merge(value(entry.getValueNode(), depth + 1), object, entry.getValueNode());
            }
        }
        return object;
    }

    /** What stands in the object itself, or comes first, wins. */
    private static void merge(JsonNode more, ObjectNode object, Node at) {
        switch (more) {
            case ObjectNode fields ->
                fields.properties().forEach(field -> {
                    if (!object.has(field.getKey())) {
                        object.set(field.getKey(), field.getValue());
                    }
                });
            case ArrayNode several when !several.isEmpty() -> several.forEach(one -> merge(one, object, at));
            default -> throw new RefusedException(at, "<< merges what is no object", "give an alias of an object");
        }
    }

    private static JsonNode scalar(ScalarNode scalar) {
        String text = scalar.getValue();
        Tag tag = scalar.getTag();
        if (tag.equals(Tag.NULL)) {
            return NullNode.getInstance();
        }
        if (tag.equals(Tag.BOOL)) {
            return BooleanNode.valueOf(TRUE.contains(text.toLowerCase(Locale.ROOT)));
        }
        try {
            if (tag.equals(Tag.INT)) {
                return integer(text.replace("_", ""));
            }
            if (tag.equals(Tag.FLOAT)) {
                return number(Double.parseDouble(text.replace("_", "")), text);
            }
        } catch (NumberFormatException e) {
            // A text that looks like a number of YAML 1.1, such as 10:30, which is none of JSON.
            return TextNode.valueOf(text);
        }
        return TextNode.valueOf(text);
    }

    /** JSON has neither infinity nor anything too large to tell from it. */
    private static JsonNode number(double value, String text) {
        return Double.isFinite(value) ? JsonNodeFactory.instance.numberNode(value) : TextNode.valueOf(text);
    }

    private static JsonNode integer(String text) {
        if (text.length() > MAX_DIGITS) {
            return TextNode.valueOf(text);
        }
        boolean negative = text.startsWith("-");
        String digits = negative || text.startsWith("+") ? text.substring(1) : text;
        BigInteger value;
        if (digits.startsWith("0x")) {
            value = new BigInteger(digits.substring(2), 16);
        } else if (digits.startsWith("0b")) {
            value = new BigInteger(digits.substring(2), 2);
        } else if (digits.length() > 1 && digits.startsWith("0")) {
            value = new BigInteger(digits.substring(1), 8);
        } else {
            value = new BigInteger(digits);
        }
        BigInteger signed = negative ? value.negate() : value;
        return signed.bitLength() < Integer.SIZE
                ? JsonNodeFactory.instance.numberNode(signed.intValue())
                : signed.bitLength() < Long.SIZE
                        ? JsonNodeFactory.instance.numberNode(signed.longValue())
                        : BigIntegerNode.valueOf(signed);
    }
}
