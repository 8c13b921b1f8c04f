package dev.mpg.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.mpg.match.Answer;
import dev.mpg.match.Request;
import dev.mpg.match.RouteTable;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The route tables of the configs that people asked about last, and how long their answers take. Thread-safe. */
final class RouteTables {
    private static final int MAX_TABLES = 8;
    /** Bounds from 1 µs to 4 ms. */
    private static final Duration[] BUCKETS = IntStream.rangeClosed(0, 6)
            .mapToObj(i -> Duration.ofNanos(1_000L << (2 * i)))
            .toArray(Duration[]::new);

    private final Timer matching;

    /** The least recently used first. */
    @GuardedBy("this")
    private final Map<ContentHash, RouteTable> tables = new LinkedHashMap<>(MAX_TABLES, 0.75f, true);

    RouteTables(MeterRegistry registry) {
        matching = Timer.builder("mpg.proxy.rule.match.duration")
                .description(
                        "How long the matcher takes to find the route of a request that a gateway had or that somebody asks about")
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    /**
     * What the listeners of a config do with a request.
     *
     * @throws IllegalArgumentException when the config has a resource that cannot be read
     */
    List<Answer> answers(Snapshot config, Request request) {
        RouteTable table = table(config);
        return matching.record(() -> table.answers(request));
    }

    private synchronized RouteTable table(Snapshot config) {
        RouteTable table = tables.computeIfAbsent(config.version(), _ -> RouteTable.of(config));
        if (tables.size() > MAX_TABLES) {
            tables.remove(tables.keySet().iterator().next());
        }
        return table;
    }
}
