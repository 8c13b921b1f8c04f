package dev.mpg.telemetry;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Trace contexts as text: a W3C {@code traceparent}.
 *
 * @see <a href="https://www.w3.org/TR/trace-context/">Trace Context</a>
 */
public final class TraceContext {
    private static final String HEADER = "traceparent";
    private static final W3CTraceContextPropagator W3C = W3CTraceContextPropagator.getInstance();

    private TraceContext() {}

    /** The span as text; empty when it is no valid one. */
    public static String text(SpanContext span) {
        Map<String, String> carrier = new HashMap<>();
        W3C.inject(Context.root().with(Span.wrap(span)), carrier, (map, key, value) -> {
            if (map != null) {
                map.put(key, value);
            }
        });
        return carrier.getOrDefault(HEADER, "");
    }

    /** What the text says; empty when it isn't a traceparent. */
    public static Optional<SpanContext> parse(String traceparent) {
        Context context = W3C.extract(Context.root(), Map.of(HEADER, traceparent), TraceContext::get);
        SpanContext span = Span.fromContext(context).getSpanContext();
        return span.isValid() ? Optional.of(span) : Optional.empty();
    }

    /** A context in which this is the current span; the root context when the text isn't a traceparent. */
    public static Context context(String traceparent) {
        return parse(traceparent)
                .map(span -> Context.root().with(Span.wrap(span)))
                .orElseGet(Context::root);
    }

    private static @Nullable String get(@Nullable Map<String, String> carrier, String key) {
        return carrier == null ? null : carrier.get(key);
    }
}
