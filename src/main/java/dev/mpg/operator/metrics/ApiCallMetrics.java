package dev.mpg.operator.metrics;

import dev.mpg.telemetry.Histograms;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * How long calls to the API server take until the head of the answer is here, by verb, resource and status code:
 * {@code mpg_api_calls_seconds}. So a watch counts until it is established, and one over a WebSocket not at all, nor a call that
 * is never answered. The span in which a call was made is its exemplar. Thread-safe.
 */
public final class ApiCallMetrics implements Interceptor {
    /** Calls that are given up are never heard of again. */
    private static final int MAX_OPEN = 1_000;

    private final MeterRegistry registry;
    /** By the id of the request that is sent. */
    private final Map<UUID, Started> open = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Started> eldest) {
            return size() > MAX_OPEN;
        }
    });

    private record Started(long nanoTime, Context context) {}

    public ApiCallMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Comes right before the request is sent, on the caller's thread; not for WebSockets. */
    @Override
    public AsyncBody.Consumer<List<ByteBuffer>> consumer(
            AsyncBody.Consumer<List<ByteBuffer>> consumer, HttpRequest request) {
        open.put(request.id(), new Started(System.nanoTime(), Context.current()));
        return consumer;
    }

    @Override
    public void after(HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        Started started = open.remove(request.id());
        if (started != null) {
            record(request, started, Integer.toString(response.code()));
        }
    }

    private void record(HttpRequest request, Started started, String code) {
        long nanos = System.nanoTime() - started.nanoTime;
        ApiCall call = ApiCall.of(request);
        try (Scope _ = started.context.makeCurrent()) {
            Histograms.ofWork("mpg.api.calls")
                    .description("How long calls to the API server took until the head of the answer came")
                    .tag("verb", call.verb())
                    .tag("resource", call.resource())
                    .tag("code", code)
                    .register(registry)
                    .record(nanos, TimeUnit.NANOSECONDS);
        }
    }
}
