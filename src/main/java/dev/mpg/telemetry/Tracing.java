package dev.mpg.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The traces of one process. Configured by the OpenTelemetry SDK's environment variables; without an endpoint
 * ({@code OTEL_EXPORTER_OTLP_ENDPOINT}) spans stay in the process, where {@link #recent} finds the last ones. Spans that are
 * exported wait in a bounded queue; when the collector is slow or away they are dropped and counted. Thread-safe.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/">SDK variables</a>
 */
public final class Tracing implements AutoCloseable {
    /** True of a span that is the change of what somebody asked for. */
    public static final AttributeKey<Boolean> CHANGE = AttributeKey.booleanKey("mpg.change");

    /** Cluster id of the Proxy concerned. */
    public static final AttributeKey<String> CLUSTER_ID = AttributeKey.stringKey("mpg.cluster_id");

    /** Abbreviated version of the config concerned. */
    public static final AttributeKey<String> VERSION = AttributeKey.stringKey("mpg.version");

    private static final AttributeKey<String> INSTANCE = AttributeKey.stringKey("service.instance.id");
    private static final String SCOPE = "dev.mpg";
    private static final Pattern TRACE_ID = Pattern.compile("[0-9a-f]{32}");
    private static final Duration LAST_EXPORT = Duration.ofSeconds(2);

    private final OpenTelemetrySdk sdk;
    private final RecentSpans recent;

    private Tracing(OpenTelemetrySdk sdk, RecentSpans recent) {
        this.sdk = sdk;
        this.recent = recent;
    }

    /**
     * Begins to trace.
     *
     * @param service its {@code service.name}, unless the environment gives one
     * @param instance its {@code service.instance.id}
     * @param sampling share of traces that begin here and are kept, 0 to 1, unless the environment gives a sampler. Changes
     *     are always kept, unless it is 0
     * @throws IllegalArgumentException when the environment asks for what there isn't
     */
    public static Tracing start(String service, String instance, double sampling, MeterRegistry metrics) {
        return start(service, instance, sampling, metrics, System.getenv());
    }

    static Tracing start(
            String service, String instance, double sampling, MeterRegistry metrics, Map<String, String> environment) {
        for (String variable : List.of("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")) {
            if ("grpc".equals(environment.get(variable))) {
                throw new IllegalArgumentException(variable
                        + " is grpc, by which no spans are exported: use http/protobuf (port 4318 of most collectors)");
            }
        }
        RecentSpans recent = new RecentSpans();
        DroppedSpans dropped = new DroppedSpans();
        OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(() -> defaults(service, sampling, environment))
                .addResourceCustomizer((resource, config) -> Resource.builder()
                        .put(INSTANCE, instance)
                        .putAll(resource.getAttributes())
                        .build())
                .addSamplerCustomizer((sampler, config) -> sampling > 0 ? new ChangesAlways(sampler) : sampler)
                .addTracerProviderCustomizer((provider, config) -> provider.addSpanProcessor(recent))
                .addMeterProviderCustomizer((provider, config) -> provider.registerMetricReader(dropped))
                .disableShutdownHook()
                .build()
                .getOpenTelemetrySdk();
        FunctionCounter.builder("mpg.trace.spans.dropped", dropped, DroppedSpans::count)
                .description("Spans that were not exported because the collector was away or too slow")
                .register(metrics);
        return new Tracing(sdk, recent);
    }

    /** What holds unless the environment says otherwise. */
    private static Map<String, String> defaults(String service, double sampling, Map<String, String> environment) {
        Map<String, String> defaults = new HashMap<>();
        boolean hasEndpoint = environment.containsKey("OTEL_EXPORTER_OTLP_ENDPOINT")
                || environment.containsKey("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        defaults.put("otel.service.name", service);
        defaults.put("otel.traces.exporter", hasEndpoint ? "otlp" : "none");
        defaults.put("otel.metrics.exporter", "none");
        defaults.put("otel.logs.exporter", "none");
        defaults.put("otel.exporter.otlp.protocol", "http/protobuf");
        defaults.put("otel.traces.sampler", "parentbased_traceidratio");
        defaults.put("otel.traces.sampler.arg", Double.toString(sampling));
        return defaults;
    }

    /** What makes spans. */
    public Tracer tracer() {
        return sdk.getTracer(SCOPE);
    }

    /** Does this within the span, which is current meanwhile, has the exception if there is one, and ends with it. */
    public static <T> T within(Span span, Supplier<T> work) {
        try (Scope _ = span.makeCurrent()) {
            return work.get();
        } catch (RuntimeException e) {
            span.recordException(e);
            span.setStatus(StatusCode.ERROR, String.valueOf(e.getMessage()));
            throw e;
        } finally {
            span.end();
        }
    }

    /** Spans of a trace that ended in this process lately. */
    public List<SpanData> recent(String traceId) {
        return recent.of(traceId);
    }

    /** {@code /debug/trace?id=<trace id>}: spans of a trace that ended in this process lately. */
    public HttpAnswer page(HttpRequest request) throws BadRequestException {
        return HttpAnswer.json(200, new RecentTrace(remembered(traceId(request)), List.of()));
    }

    /** The trace id that a page is asked for. */
    public static String traceId(HttpRequest request) throws BadRequestException {
        return request.parameter("id")
                .filter(text -> TRACE_ID.matcher(text).matches())
                .orElseThrow(() -> new BadRequestException("say which trace: ?id=<32 hexadecimal digits>"));
    }

    /** {@link #recent}, as it is shown. */
    public List<RecentSpan> remembered(String traceId) {
        return recent(traceId).stream().map(RecentSpan::of).toList();
    }

    /** Exports what waits, for at most two seconds. */
    @Override
    public void close() {
        sdk.shutdown().join(LAST_EXPORT.toMillis(), TimeUnit.MILLISECONDS);
    }
}
