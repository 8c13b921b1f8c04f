package dev.mpg.xds;

import dev.mpg.snapshot.ResourceType;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What the engine counts. The type label is the message's simple name, e.g. {@code VirtualHost}. */
final class XdsMetrics {
    private static final String UNKNOWN = "other";

    private final Map<ResourceType, OfType> types = new EnumMap<>(ResourceType.class);
    private final OfType other;
    private final Map<StreamInfo.Protocol, AtomicInteger> streams = new EnumMap<>(StreamInfo.Protocol.class);

    private record OfType(Counter bytes, Counter resources, Counter sent, Counter acked, Counter nacked) {}

    XdsMetrics(MeterRegistry registry) {
        for (ResourceType type : ResourceType.values()) {
            types.put(type, register(registry, type.messageName()));
        }
        other = register(registry, UNKNOWN);
        for (StreamInfo.Protocol protocol : StreamInfo.Protocol.values()) {
            AtomicInteger open = new AtomicInteger();
            streams.put(protocol, open);
            Gauge.builder("mpg.xds.streams", open, AtomicInteger::get)
                    .description("Open streams of gateways")
                    .tag("protocol", protocol == StreamInfo.Protocol.DELTA ? "delta" : "sotw")
                    .register(registry);
        }
    }

    private static OfType register(MeterRegistry registry, String type) {
        return new OfType(
                Counter.builder("mpg.xds.resource.bytes")
                        .description("Bytes of resources handed to gateways' streams, without what surrounds them")
                        .tag("type", type)
                        .register(registry),
                Counter.builder("mpg.xds.resources")
                        .description("Resources handed to gateways' streams")
                        .tag("type", type)
                        .register(registry),
                responses(registry, type, "sent"),
                responses(registry, type, "acked"),
                responses(registry, type, "nacked"));
    }

    private static Counter responses(MeterRegistry registry, String type, String result) {
        return Counter.builder("mpg.xds.responses")
                .description("Responses sent to gateways, and their answers")
                .tag("type", type)
                .tag("result", result)
                .register(registry);
    }

    private OfType of(@Nullable ResourceType type) {
        return type == null ? other : types.getOrDefault(type, other);
    }

    void sent(Response response) {
        OfType type = of(response.type());
        type.sent.increment();
        type.resources.increment(response.change().upserted().size());
        type.bytes.increment((double) response.change().resourceBytes());
    }

    void answered(ResourceType type, boolean accepted) {
        (accepted ? of(type).acked : of(type).nacked).increment();
    }

    void opened(StreamInfo.Protocol protocol, int difference) {
        AtomicInteger open = streams.get(protocol);
        if (open != null) {
            open.addAndGet(difference);
        }
    }
}
