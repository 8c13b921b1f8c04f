package dev.mpg.telemetry;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A span as people and programs are shown it.
 *
 * @param service {@code service.name} of the process that made it
 * @param parentSpanId null when it begins its trace
 * @param startMicros since 1970, microseconds
 * @param durationMicros microseconds
 * @param error why it failed; null when it did not
 * @param events in order
 * @param links trace ids of what it is linked to
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RecentSpan(
        String service,
        String traceId,
        String spanId,
        @Nullable String parentSpanId,
        String name,
        long startMicros,
        long durationMicros,
        @Nullable String error,
        Map<String, String> attributes,
        List<String> events,
        List<String> links) {
    private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("service.name");

    static RecentSpan of(SpanData span) {
        Map<String, String> attributes = new TreeMap<>();
        span.getAttributes().forEach((key, value) -> attributes.put(key.getKey(), String.valueOf(value)));
        String description = span.getStatus().getDescription();
        return new RecentSpan(
                String.valueOf(span.getResource().getAttribute(SERVICE)),
                span.getTraceId(),
                span.getSpanId(),
                SpanId.isValid(span.getParentSpanId()) ? span.getParentSpanId() : null,
                span.getName(),
                span.getStartEpochNanos() / 1_000,
                (span.getEndEpochNanos() - span.getStartEpochNanos()) / 1_000,
                switch (span.getStatus().getStatusCode()) {
                    case ERROR -> description.isEmpty() ? "failed" : description;
                    case OK, UNSET -> null;
                },
                attributes,
                span.getEvents().stream().map(EventData::getName).toList(),
                span.getLinks().stream()
                        .map(link -> link.getSpanContext().getTraceId())
                        .toList());
    }
}
