package dev.mpg.operator;

import dev.mpg.operator.metrics.ApiCall;
import dev.mpg.telemetry.TraceContext;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes a span of each call to the API server that is made within another span, and tells the API server of it, which may
 * trace, too. Calls outside of spans, such as watches and leases, are left alone. Thread-safe.
 */
public final class ApiCallSpans implements Interceptor {
    private static final String TRACEPARENT = "traceparent";
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final AttributeKey<String> PATH = AttributeKey.stringKey("url.path");
    private static final AttributeKey<String> RESOURCE = AttributeKey.stringKey("k8s.resource");

    /** Calls that never end, if there are any, must not stay forever. */
    private static final int MAX_OPEN = 1_000;

    private final Tracer tracer;
    /** By traceparent, which a request carries. */
    private final Map<String, Span> open = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Span> eldest) {
            boolean tooMany = size() > MAX_OPEN;
            if (tooMany) {
                eldest.getValue()
                        .setStatus(StatusCode.ERROR, "no answer is known")
                        .end();
            }
            return tooMany;
        }
    });

    public ApiCallSpans(Tracer tracer) {
        this.tracer = tracer;
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (!Span.current().getSpanContext().isValid()) {
            return;
        }
        String resource = ApiCall.of(request).resource();
        Span span = tracer.spanBuilder(request.method() + " " + resource)
                .setSpanKind(SpanKind.CLIENT)
                .setParent(Context.current())
                .setAttribute(METHOD, request.method())
                .setAttribute(RESOURCE, resource)
                .setAttribute(PATH, request.uri().getPath())
                .startSpan();
        String traceparent = TraceContext.text(span.getSpanContext());
        builder.setHeader(TRACEPARENT, traceparent);
        open.put(traceparent, span);
    }

    private @Nullable Span sent(HttpRequest request) {
        String traceparent = request.header(TRACEPARENT);
        return traceparent == null ? null : open.remove(traceparent);
    }

    @Override
    public void after(HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        Span span = sent(request);
        if (span != null) {
            span.setAttribute(STATUS, (long) response.code());
            if (!response.isSuccessful()) {
                span.setStatus(StatusCode.ERROR, "the API server answered " + response.code());
            }
            span.end();
        }
    }

    @Override
    public void afterConnectionFailure(HttpRequest request, Throwable failure) {
        Span span = sent(request);
        if (span != null) {
            span.recordException(failure);
            span.setStatus(StatusCode.ERROR, String.valueOf(failure.getMessage()));
            span.end();
        }
    }
}
