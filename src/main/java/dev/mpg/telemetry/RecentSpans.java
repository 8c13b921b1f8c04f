package dev.mpg.telemetry;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** The sampled spans of this process that ended last, by trace, for people without a tracing backend. Thread-safe. */
final class RecentSpans implements SpanProcessor {
    static final int MAX_TRACES = 256;
    static final int MAX_SPANS = 512;

    @GuardedBy("this")
    private final LinkedHashMap<String, List<SpanData>> traces = new LinkedHashMap<>();

    /** Those of a trace, in the order in which they ended; empty when none is remembered. */
    synchronized List<SpanData> of(String traceId) {
        return List.copyOf(traces.getOrDefault(traceId, List.of()));
    }

    @Override
    public void onStart(Context parent, ReadWriteSpan span) {}

    @Override
    public boolean isStartRequired() {
        return false;
    }

    @Override
    public void onEnd(ReadableSpan span) {
        if (!span.getSpanContext().isSampled()) {
            return;
        }
        SpanData data = span.toSpanData();
        synchronized (this) {
            List<SpanData> trace = traces.computeIfAbsent(data.getTraceId(), id -> new ArrayList<>());
            if (trace.size() < MAX_SPANS) {
                trace.add(data);
            }
            if (traces.size() > MAX_TRACES) {
                traces.pollFirstEntry();
            }
        }
    }

    @Override
    public boolean isEndRequired() {
        return true;
    }
}
