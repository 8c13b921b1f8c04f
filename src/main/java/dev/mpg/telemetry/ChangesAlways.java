package dev.mpg.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.util.List;

/** Samples every change of what people asked for, and of the rest what another sampler does: changes are what traces are for. */
record ChangesAlways(Sampler rest) implements Sampler {
    @Override
    public SamplingResult shouldSample(
            Context parent, String traceId, String name, SpanKind kind, Attributes attributes, List<LinkData> links) {
        return Boolean.TRUE.equals(attributes.get(Tracing.CHANGE))
                ? SamplingResult.recordAndSample()
                : rest.shouldSample(parent, traceId, name, kind, attributes, links);
    }

    @Override
    public String getDescription() {
        return "ChangesAlways{" + rest.getDescription() + "}";
    }
}
