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

/**
 * Sampled spans of this process, by trace, for people without a tracing backend: of the traces that something was added to last.
 * A span takes about 1 KB, so all of them some MB. Thread-safe.
 */
final class RecentSpans implements SpanProcessor {
    static final int MAX_TRACES = 256;
    /** Of one trace, the first ones: they say how it began. */
    static final int MAX_SPANS = 512;
    /** Of all traces. */
    static final int MAX_ALL = 4_096;

    /** The one that was added to last comes last. */
    @GuardedBy("this")
    private final LinkedHashMap<String, List<SpanData>> traces = new LinkedHashMap<>();

    @GuardedBy("this")
    private int all;

    /** The first of a trace, in the order in which they ended; empty when none is remembered. */
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
            List<SpanData> known = traces.remove(data.getTraceId());
            List<SpanData> trace = known == null ? new ArrayList<>() : known;
            traces.putLast(data.getTraceId(), trace);
            if (trace.size() < MAX_SPANS) {
                trace.add(data);
                all++;
            }
            while (traces.size() > MAX_TRACES || all > MAX_ALL) {
                all -= traces.pollFirstEntry().getValue().size();
            }
        }
    }

    @Override
    public boolean isEndRequired() {
        return true;
    }
}
