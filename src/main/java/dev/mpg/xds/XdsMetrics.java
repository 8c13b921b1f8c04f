package dev.mpg.xds;

import dev.mpg.rollout.Counts;
import dev.mpg.snapshot.ResourceType;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What the engine counts. The type label is the message's simple name, e.g. {@code VirtualHost}. */
final class XdsMetrics {
    private static final String UNKNOWN = "other";

    private final Map<ResourceType, OfType> types = new EnumMap<>(ResourceType.class);
    private final OfType other;
    private final Map<StreamInfo.Protocol, AtomicInteger> streams = new EnumMap<>(StreamInfo.Protocol.class);

    private record OfType(Counter bytes, Counter resources, Counter sent, Counter acked, Counter nacked) {}

    private final Requests ofStable;
    private final Requests ofTarget;

    private record Requests(Counter successes, Counter errors, Counter dropped) {}

    /** @param unansweredNanos for how long the oldest unanswered response has been waiting; asked when metrics are read */
    XdsMetrics(MeterRegistry registry, LongSupplier unansweredNanos) {
        TimeGauge.builder("mpg.xds.unacked.age", unansweredNanos::getAsLong, TimeUnit.NANOSECONDS)
                .description("How long the oldest response that a gateway has not answered has been waiting")
                .register(registry);
        ofStable = requests(registry, "stable");
        ofTarget = requests(registry, "target");
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

    private static Requests requests(MeterRegistry registry, String config) {
        return new Requests(
                requests(registry, config, "success"),
                requests(registry, config, "error"),
                requests(registry, config, "dropped"));
    }

    private static Counter requests(MeterRegistry registry, String config, String outcome) {
        return Counter.builder("mpg.gateway.requests")
                .description(
                        "Requests of gateways to upstream services, each attempt, by their load reports; dropped: by a"
                                + " circuit breaker; target: by gateways that run one which is on trial")
                .tag("config", config)
                .tag("outcome", outcome)
                .register(registry);
    }

    /**
     * A gateway counted these.
     *
     * @param tried whether it runs a target that is on trial
     */
    void requests(boolean tried, Counts counts) {
        Requests of = tried ? ofTarget : ofStable;
        of.successes.increment((double) counts.requests() - counts.errors());
        of.errors.increment((double) counts.errors() - counts.dropped());
        of.dropped.increment((double) counts.dropped());
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
