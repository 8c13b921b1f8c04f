package dev.mpg.telemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.CollectionRegistration;
import io.opentelemetry.sdk.metrics.export.MetricReader;

/** Reads of what the SDK measures about itself how many spans it dropped or failed to export. Thread-safe. */
final class DroppedSpans implements MetricReader {
    private static final AttributeKey<Boolean> DROPPED = AttributeKey.booleanKey("dropped");
    private static final AttributeKey<Boolean> SUCCESS = AttributeKey.booleanKey("success");

    private volatile CollectionRegistration registration = CollectionRegistration.noop();

    /** Since the process began. */
    double count() {
        return registration.collectAllMetrics().stream()
                .mapToLong(metric -> switch (metric.getName()) {
                    case "processedSpans" -> sum(metric, DROPPED, true);
                    case "otlp.exporter.exported" -> sum(metric, SUCCESS, false);
                    default -> 0;
                })
                .sum();
    }

    private static long sum(MetricData metric, AttributeKey<Boolean> attribute, Boolean value) {
        return metric.getLongSumData().getPoints().stream()
                .filter(point -> value.equals(point.getAttributes().get(attribute)))
                .mapToLong(LongPointData::getValue)
                .sum();
    }

    @Override
    public void register(CollectionRegistration by) {
        registration = by;
    }

    @Override
    public AggregationTemporality getAggregationTemporality(InstrumentType type) {
        return AggregationTemporality.CUMULATIVE;
    }

    @Override
    public CompletableResultCode forceFlush() {
        return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
        return CompletableResultCode.ofSuccess();
    }
}
