package dev.mpg.observability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * An alert that the chart has.
 *
 * @param expression in PromQL
 */
public record AlertRule(String name, String expression, JsonNode json) {
    /** In Prometheus' own form. */
    public static final Path FILE = Path.of("helm/mpg-operator/alerts.yaml");

    /** All of them, in order. */
    public static List<AlertRule> all() {
        return Dashboard.stream(yaml(FILE).path("groups"))
                .flatMap(group -> Dashboard.stream(group.path("rules")))
                .map(rule -> new AlertRule(
                        rule.path("alert").asText(), rule.path("expr").asText(), rule))
                .toList();
    }

    static JsonNode yaml(Path file) {
        try {
            return new YAMLMapper().readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be read", e);
        }
    }

    String annotation(String name) {
        return json.path("annotations").path(name).asText();
    }

    @Override
    public String toString() {
        return name;
    }
}
