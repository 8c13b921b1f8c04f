package dev.mpg.observability;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A Grafana dashboard that the chart has.
 *
 * @param panels without rows, in order
 */
public record Dashboard(Path file, JsonNode json, List<Panel> panels) {
    private static final Path FOLDER = Path.of("helm/mpg-operator/dashboards");
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A panel.
     *
     * @param queries in PromQL, with Grafana's variables
     */
    public record Panel(String title, List<String> queries, JsonNode json) {
        private static Panel of(JsonNode json) {
            return new Panel(
                    json.path("title").asText(),
                    stream(json.path("targets"))
                            .map(target -> target.path("expr").asText())
                            .toList(),
                    json);
        }
    }

    /** All of them, by the name of their files. */
    public static List<Dashboard> all() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().map(Dashboard::read).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Dashboard read(Path file) {
        try {
            JsonNode json = JSON.readTree(Files.readString(file));
            return new Dashboard(
                    file,
                    json,
                    stream(json.path("panels"))
                            .filter(panel -> !panel.path("type").asText().equals("row"))
                            .map(Panel::of)
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be read", e);
        }
    }

    /**
     * A query as Grafana would send it, with everything selected.
     *
     * @param window for rates and increases, such as {@code 5m}
     */
    public static String expand(String query, String window) {
        return query.replace("$__rate_interval", window)
                .replace("$__range", window)
                .replaceAll("\"\\$\\w+\"", "\".*\"");
    }

    /** As Grafana itself would export it. */
    String formatted() {
        DefaultIndenter indent = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter(Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""));
        printer.indentObjectsWith(indent);
        printer.indentArraysWith(indent);
        try {
            return JSON.writer(printer).writeValueAsString(json) + "\n";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    @Override
    public String toString() {
        return file.getFileName().toString();
    }
}
