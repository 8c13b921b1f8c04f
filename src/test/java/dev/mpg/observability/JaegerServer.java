package dev.mpg.observability;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * A real Jaeger, which takes spans by OTLP and keeps them in memory. A span can be found a moment after it was taken:
 * await what you look for. Thread-safe. Closing it ends the process.
 */
public final class JaegerServer implements AutoCloseable {
    private static final Pattern ADMIN = started("Admin server started", "http.host-port");
    private static final Pattern QUERY = started("Query server started", "http_addr");
    private static final Pattern OTLP_GRPC = started("Starting GRPC server", "endpoint");
    private static final Pattern OTLP_HTTP = started("Starting HTTP server", "endpoint");
    private static final int MOST_TRACES = 1000;

    private final ServerProcess process;
    private final String queryUrl;
    private final String otlpGrpcUrl;
    private final String otlpHttpUrl;

    /**
     * A trace as far as it has arrived.
     *
     * @param id 32 hex digits
     * @param spans in no particular order
     */
    public record Trace(String id, List<Span> spans) {}

    /**
     * A span.
     *
     * @param id 16 hex digits
     * @param parent the id of the span that it is a child of; empty for a root. It may not have arrived, or belong to no
     *     span that is recorded
     * @param service the {@code service.name} of the resource
     * @param tags the attributes, as text
     */
    public record Span(String id, String parent, String service, String name, Map<String, String> tags) {}

    private JaegerServer(ServerProcess process) {
        this.process = process;
        process.awaitReady("http://" + process.awaitLog(ADMIN));
        queryUrl = "http://" + process.awaitLog(QUERY);
        otlpGrpcUrl = "http://" + process.awaitLog(OTLP_GRPC);
        otlpHttpUrl = "http://" + process.awaitLog(OTLP_HTTP);
    }

    /** Starts one and waits until it is ready. Its files are in a folder of its own below this one. */
    public static JaegerServer start(Path folder) {
        try {
            Path home = Files.createTempDirectory(folder, "jaeger-");
            return new JaegerServer(ServerProcess.start(
                    "jaeger",
                    home,
                    "--admin.http.host-port=127.0.0.1:0",
                    "--query.http-server.host-port=127.0.0.1:0",
                    // The same as the line before, but Jaeger refuses what is spelled the same.
                    "--query.grpc-server.host-port=localhost:0",
                    "--collector.http-server.host-port=127.0.0.1:0",
                    "--collector.grpc-server.host-port=127.0.0.1:0",
                    "--collector.otlp.grpc.host-port=127.0.0.1:0",
                    "--collector.otlp.http.host-port=127.0.0.1:0"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The log is a JSON object on each line. */
    private static Pattern started(String message, String key) {
        return Pattern.compile("\"msg\":\"" + message + "\".*\"" + Pattern.quote(key) + "\":\"([^\"]+)\"");
    }

    /** The traces that have a span of this service, the latest first; at most a thousand. */
    public List<Trace> traces(String service) {
        String name = URLEncoder.encode(service, StandardCharsets.UTF_8);
        return traces(process.json(queryUrl + "/api/traces?service=" + name + "&limit=" + MOST_TRACES));
    }

    /**
     * The trace with this id, if any span of it has arrived.
     *
     * @param id 32 hex digits
     */
    public Optional<Trace> trace(String id) {
        HttpResponse<String> response = process.get(queryUrl + "/api/traces/" + id);
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        return traces(ServerProcess.body(response)).stream().findFirst();
    }

    /** Its query API. */
    public String url() {
        return queryUrl;
    }

    /** Where it takes OTLP over gRPC: {@code http://host:port}. */
    public String otlpGrpcUrl() {
        return otlpGrpcUrl;
    }

    /**
     * Where it takes OTLP over HTTP: {@code http://host:port}, as {@code OTEL_EXPORTER_OTLP_ENDPOINT} has it; spans go to
     * {@code /v1/traces} below that.
     */
    public String otlpHttpUrl() {
        return otlpHttpUrl;
    }

    private static List<Trace> traces(JsonNode answer) {
        return StreamSupport.stream(answer.path("data").spliterator(), false)
                .map(JaegerServer::trace)
                .toList();
    }

    private static Trace trace(JsonNode trace) {
        List<Span> spans = new ArrayList<>();
        for (JsonNode span : trace.path("spans")) {
            String service = trace.path("processes")
                    .path(span.path("processID").asText())
                    .path("serviceName")
                    .asText();
            spans.add(new Span(
                    span.path("spanID").asText(),
                    parent(span),
                    service,
                    span.path("operationName").asText(),
                    tags(span)));
        }
        return new Trace(trace.path("traceID").asText(), List.copyOf(spans));
    }

    private static String parent(JsonNode span) {
        for (JsonNode reference : span.path("references")) {
            if (reference.path("refType").asText().equals("CHILD_OF")
                    && reference.path("traceID").equals(span.path("traceID"))) {
                return reference.path("spanID").asText();
            }
        }
        return "";
    }

    private static Map<String, String> tags(JsonNode span) {
        Map<String, String> tags = new HashMap<>();
        span.path("tags")
                .forEach(tag ->
                        tags.put(tag.path("key").asText(), tag.path("value").asText()));
        return Map.copyOf(tags);
    }

    @Override
    public void close() {
        process.close();
    }
}
