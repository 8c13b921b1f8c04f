package dev.mpg.cli.offline;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads what is in a text: documents of YAML 1.1, as kubectl reads it, or of JSON. What can't be read ends the reading; what
 * was read before stays.
 */
final class Documents {
    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(YamlTree.MAX_DEPTH)
                            .build())
                    .build())
            .build();

    private static final Pattern JSON_OBJECT = Pattern.compile("\\s*\\{\\s*\"");

    private Documents() {}

    /**
     * One document.
     *
     * @param lines where its parts stand
     */
    record Document(JsonNode tree, Lines lines) {}

    /** The documents of this text, without empty ones. Why it can't be read is added to the findings. */
    static List<Document> read(Source source, List<Finding> findings) {
        boolean json = source.file().endsWith(".json")
                || JSON_OBJECT.matcher(source.text()).lookingAt();
        return json ? json(source, findings) : yaml(source, findings);
    }

    private static List<Document> yaml(Source source, List<Finding> findings) {
        List<Document> documents = new ArrayList<>();
        try {
            for (Node node : nodes(source.text())) {
                JsonNode tree = YamlTree.of(node);
                if (!tree.isNull()) {
                    documents.add(new Document(tree, new Lines(Optional.of(node))));
                }
            }
        } catch (YamlTree.RefusedException e) {
            findings.add(Finding.ofFile(source.file(), e.line(), e.found(), e.remedy()));
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
            String context = e.getContext() == null ? "" : e.getContext() + ", ";
            findings.add(Finding.ofFile(
                    source.file(),
                    mark == null ? null : mark.getLine() + 1,
                    "this is no YAML: " + context + e.getProblem(),
                    "correct it; indent with blanks, and quote texts with ': ' or ' #' in them"));
        } catch (YAMLException e) {
            findings.add(Finding.ofFile(
                    source.file(), null, "this is no YAML that can be used: " + e.getMessage(), "make it simpler"));
        }
        return documents;
    }

    private static Iterable<Node> nodes(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(Source.MAX_BYTES);
        options.setNestingDepthLimit(YamlTree.MAX_DEPTH);
        // How many there are doesn't matter, what they expand to does: YamlTree counts that.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        return new Yaml(options).composeAll(new StringReader(text));
    }

    private static List<Document> json(Source source, List<Finding> findings) {
        List<Document> documents = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(source.text());
                MappingIterator<JsonNode> values =
                        JSON.readerFor(JsonNode.class).readValues(parser)) {
            Iterator<Node> nodes = nodes(source.text().replace('\t', ' ')).iterator();
            while (values.hasNextValue()) {
                JsonNode tree = values.nextValue();
                documents.add(new Document(tree, new Lines(documents.isEmpty() ? first(nodes) : Optional.empty())));
            }
        } catch (JsonProcessingException e) {
            JsonLocation location = e.getLocation();
            findings.add(Finding.ofFile(
                    source.file(),
                    location == null ? null : location.getLineNr(),
                    "this is no JSON: " + e.getOriginalMessage(),
                    "correct it"));
        } catch (IOException e) {
            throw new UncheckedIOException("a text in memory can be read", e);
        }
        return documents;
    }

    /** YAML has JSON within it but for tabs, and these are blanks: a text has none unescaped. */
    private static Optional<Node> first(Iterator<Node> nodes) {
        try {
            return nodes.hasNext() ? Optional.of(nodes.next()) : Optional.empty();
        } catch (YAMLException e) {
            return Optional.empty();
        }
    }
}
