package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Proxies.clusterId;
import static dev.mpg.operator.proxy.Proxies.ref;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.rollout.Phase;
import dev.mpg.telemetry.LogKeys;
import dev.mpg.telemetry.TraceContext;
import dev.mpg.telemetry.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * A span of each reconcile of a Proxy. The first that sees a new spec begins the trace of that change; those that take it
 * further, wave by wave, belong to it, and so does all that is done because of them at other tiers.
 */
final class ReconcileSpans {
    /** Trace context of whoever changed the Proxy, a pipeline for example: the change's trace links to it. */
    static final String TRACEPARENT = "mpg.dev/traceparent";

    private static final AttributeKey<String> CONTROLLER = AttributeKey.stringKey("controller");
    private static final AttributeKey<String> NAMESPACE = AttributeKey.stringKey("k8s.namespace.name");
    private static final AttributeKey<String> NAME = AttributeKey.stringKey("k8s.proxy.name");
    private static final AttributeKey<Long> GENERATION = AttributeKey.longKey("k8s.proxy.generation");
    private static final Logger log = LoggerFactory.getLogger(ReconcileSpans.class);

    private final Tracer tracer;

    ReconcileSpans(Tracer tracer) {
        this.tracer = tracer;
    }

    /**
     * Does this within the reconcile's span.
     *
     * @param before what is known of the Proxy; empty when this operator sees it for the first time
     * @param work is given the trace context, as a traceparent, of the change that made the spec; empty when that isn't kept
     */
    <T> T reconcile(Proxy proxy, Optional<Running> before, Function<String, T> work) {
        boolean change = !proxy.isMarkedForDeletion() && isChange(proxy, before);
        String earlier = before.map(Running::traceparent).orElseGet(() -> stored(proxy));
        SpanBuilder builder = tracer.spanBuilder("reconcile")
                .setParent(!change && isUnderWay(proxy, before) ? TraceContext.context(earlier) : Context.root())
                .setAttribute(CONTROLLER, "proxy")
                .setAttribute(NAMESPACE, proxy.getMetadata().getNamespace())
                .setAttribute(NAME, proxy.getMetadata().getName())
                .setAttribute(GENERATION, proxy.getMetadata().getGeneration())
                .setAttribute(Tracing.CLUSTER_ID, clusterId(proxy));
        if (change) {
            builder.setAttribute(Tracing.CHANGE, true);
            cause(proxy).ifPresent(builder::addLink);
        }
        Span span = builder.startSpan();
        SpanContext context = span.getSpanContext();
        String traceparent = change ? (context.isSampled() ? TraceContext.text(context) : "") : earlier;
        return Tracing.within(span, () -> {
            try (var _ = MDC.putCloseable(LogKeys.CONTROLLER, "proxy");
                    var _ = MDC.putCloseable(
                            LogKeys.NAMESPACE, proxy.getMetadata().getNamespace());
                    var _ = MDC.putCloseable(LogKeys.NAME, proxy.getMetadata().getName());
                    var _ = MDC.putCloseable(LogKeys.CLUSTER_ID, clusterId(proxy));
                    var _ = MDC.putCloseable(LogKeys.TRACE_ID, context.isSampled() ? context.getTraceId() : null);
                    var _ = MDC.putCloseable(LogKeys.SPAN_ID, context.isSampled() ? context.getSpanId() : null)) {
                return work.apply(traceparent);
            }
        });
    }

    /** Does this within a span of its own. */
    <T> T step(String name, Supplier<T> work) {
        return Tracing.within(tracer.spanBuilder(name).startSpan(), work);
    }

    private static boolean isChange(Proxy proxy, Optional<Running> before) {
        Long generation = proxy.getMetadata().getGeneration();
        return before.map(running -> running.generation() != generation
                        || !running.uid().equals(proxy.getMetadata().getUid()))
                .orElseGet(() -> Optional.ofNullable(proxy.getStatus())
                        .map(status -> !generation.equals(status.observedGeneration()))
                        .orElse(true));
    }

    private static boolean isUnderWay(Proxy proxy, Optional<Running> before) {
        return before.map(running -> running.state().phase() == Phase.Progressing)
                .orElseGet(() -> Optional.ofNullable(proxy.getStatus())
                        .map(ProxyStatus::rollout)
                        .map(rollout -> rollout.phase() == ProxyStatus.Phase.Progressing)
                        .orElse(false));
    }

    private static String stored(Proxy proxy) {
        return Optional.ofNullable(proxy.getStatus())
                .map(ProxyStatus::traceparent)
                .orElse("");
    }

    private static Optional<SpanContext> cause(Proxy proxy) {
        String text = Optional.ofNullable(proxy.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(TRACEPARENT))
                .orElse("");
        Optional<SpanContext> cause = TraceContext.parse(text);
        if (cause.isEmpty() && !text.isEmpty()) {
            log.warn(
                    "{}: annotation {} is no W3C traceparent, and is ignored: {}",
                    ref(proxy),
                    TRACEPARENT,
                    text.substring(0, Math.min(text.length(), 80)));
        }
        return cause;
    }
}
