package dev.mpg.cli.offline;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Where the parts of a document stand. Looked up when somebody asks: most documents have no findings.
 *
 * @param root of the document; empty when nothing is known
 */
record Lines(Optional<Node> root) {
    private static final Pattern STEP = Pattern.compile("\\[([0-9]+)]|([^.\\[\\]]+)");

    /** Where a node begins, counted from 1. */
    static int of(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    /** The line of a field, such as {@code spec.routes[2].timeouts}, or of the closest part around it that there is. */
    @Nullable
    Integer line(String path) {
        if (root.isEmpty()) {
            return null;
        }
        Node node = root.get();
        int line = of(node);
        Matcher step = STEP.matcher(path);
        while (step.find()) {
            Node inner = null;
            if (step.group(1) != null && node instanceof SequenceNode list) {
                int index = Integer.parseInt(step.group(1));
                inner = index < list.getValue().size() ? list.getValue().get(index) : null;
                line = inner == null ? line : of(inner);
            } else if (step.group(2) != null && node instanceof MappingNode mapping) {
                for (NodeTuple entry : mapping.getValue()) {
                    if (entry.getKeyNode() instanceof ScalarNode key
                            && key.getValue().equals(step.group(2))) {
                        inner = entry.getValueNode();
                        line = of(key);
                    }
                }
            }
            if (inner == null) {
                return line;
            }
            node = inner;
        }
        return line;
    }

    /** Those of a part of the document, an entry of a list at its root. */
    Lines entry(String list, int index) {
        return new Lines(root.filter(MappingNode.class::isInstance)
                .flatMap(node -> ((MappingNode) node)
                        .getValue().stream()
                                .filter(entry -> entry.getKeyNode() instanceof ScalarNode key
                                        && key.getValue().equals(list))
                                .map(NodeTuple::getValueNode)
                                .findFirst())
                .filter(SequenceNode.class::isInstance)
                .map(node -> ((SequenceNode) node).getValue())
                .filter(entries -> index < entries.size())
                .map(entries -> entries.get(index)));
    }
}
