package dev.mpg.xds;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Traces how one gateway takes a config: from when it should have it to its last ACK or its NACK. Without a sampled change it
 * costs a look at a flag. Not thread-safe.
 */
final class ApplySpan {
    private static final AttributeKey<String> GATEWAY = AttributeKey.stringKey("mpg.gateway");
    private static final AttributeKey<String> CLUSTER_ID = AttributeKey.stringKey("mpg.cluster_id");
    private static final AttributeKey<String> VERSION = AttributeKey.stringKey("mpg.version");

    private static final int MAX_REASON = 512;

    private final Tracer tracer;
    private final String clusterId;
    private final String gateway;
    private @Nullable Span open;

    ApplySpan(Tracer tracer, String clusterId, String gateway) {
        this.tracer = tracer;
        this.clusterId = clusterId;
        this.gateway = gateway;
    }

    /** From now on the gateway should have this version, because of a change. */
    void begin(ContentHash version, SpanContext change) {
        end("another version replaced it");
        if (change.isSampled()) {
            open = tracer.spanBuilder("gateway.apply")
                    .setParent(Context.root().with(Span.wrap(change)))
                    .setAttribute(GATEWAY, gateway)
                    .setAttribute(CLUSTER_ID, clusterId)
                    .setAttribute(VERSION, version.abbreviated())
                    .startSpan();
        }
    }

    /** The gateway says this. */
    void note(GatewayReport report) {
        Span span = open;
        if (span == null || report.state() == GatewayReport.State.PENDING) {
            return;
        }
        if (report.state() == GatewayReport.State.REJECTED) {
            String why = report.refusals().stream()
                    .map(GatewayReport.Refusal::summary)
                    .collect(Collectors.joining("; "));
            span.setStatus(StatusCode.ERROR, why.substring(0, Math.min(why.length(), MAX_REASON)));
        }
        span.end();
        open = null;
    }

    /** It won't say anything any more. */
    void end(String why) {
        Span span = open;
        if (span != null) {
            span.setStatus(StatusCode.ERROR, why);
            span.end();
            open = null;
        }
    }
}
