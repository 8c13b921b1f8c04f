package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.telemetry.RecentSpan;
import dev.mpg.telemetry.RecentTrace;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where traces are read: Jaeger's query API, or what an operator and its proxy instances remember. */
final class TraceSource {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int NOT_FOUND = 404;
    private static final ObjectMapper JSON = new ObjectMapper();

    private TraceSource() {}

    /** @throws CommandException when it can't be had */
    static RecentTrace ofOperator(URI operator, String id) {
        try {
            return JSON.readValue(
                    get(operator, "/debug/trace?id=" + id, "the operator", "--operator"), RecentTrace.class);
        } catch (IOException e) {
            throw new CommandException(operator + " is no operator: " + e.getMessage(), e);
        }
    }

    /** @throws CommandException when it can't be had */
    static RecentTrace ofJaeger(URI jaeger, String id) {
        try {
            return new RecentTrace(
                    spans(JSON.readTree(get(jaeger, "/api/traces/" + id, "Jaeger", "--jaeger"))
                            .at("/data/0")),
                    List.of());
        } catch (IOException e) {
            throw new CommandException(jaeger + " is no Jaeger: " + e.getMessage(), e);
        }
    }

    private static byte[] get(URI base, String path, String what, String option) {
        URI uri = URI.create(base.toString().replaceAll("/+$", "") + path);
        try (HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
            HttpResponse<byte[]> response = http.send(
                    HttpRequest.newBuilder(uri).timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() != 200 && response.statusCode() != NOT_FOUND) {
                throw new CommandException(what + " at " + base + " answered " + response.statusCode());
            }
            return response.statusCode() == NOT_FOUND
                    ? "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8)
                    : response.body();
        } catch (IOException e) {
            throw new CommandException(
                    "cannot reach " + what + " at " + base + ": say where it is with " + option + " ("
                            + e.getClass().getSimpleName() + ")",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandException("interrupted", e);
        }
    }

    /** From Jaeger's form. */
    private static List<RecentSpan> spans(JsonNode trace) {
        List<RecentSpan> spans = new ArrayList<>();
        for (JsonNode span : trace.path("spans")) {
            Map<String, String> attributes = new TreeMap<>();
            for (JsonNode tag : span.path("tags")) {
                attributes.put(tag.path("key").asText(), tag.path("value").asText());
            }
            List<String> events = new ArrayList<>();
            span.path("logs")
                    .forEach(log -> log.path("fields").forEach(field -> {
                        if (field.path("key").asText().equals("event")) {
                            events.add(field.path("value").asText());
                        }
                    }));
            String parent = null;
            for (JsonNode reference : span.path("references")) {
                if (reference.path("refType").asText().equals("CHILD_OF")) {
                    parent = reference.path("spanID").asText();
                }
            }
            spans.add(new RecentSpan(
                    trace.path("processes")
                            .path(span.path("processID").asText())
                            .path("serviceName")
                            .asText(),
                    span.path("traceID").asText(),
                    span.path("spanID").asText(),
                    parent,
                    span.path("operationName").asText(),
                    span.path("startTime").asLong(),
                    span.path("duration").asLong(),
                    attributes.containsKey("error")
                            ? attributes.getOrDefault("otel.status_description", "failed")
                            : null,
                    attributes,
                    events,
                    List.of()));
        }
        return spans;
    }
}
