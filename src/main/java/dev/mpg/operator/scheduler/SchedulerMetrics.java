package dev.mpg.operator.scheduler;

import dev.mpg.placement.InstanceState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** What is measured of pools. A pool has at most 64 instances, which are named {@code proxy_instance}. Thread-safe. */
public final class SchedulerMetrics {
    private static final String SCHEDULER = "scheduler";

    private static final String MOVES =
            "Proxies whose gateways were sent from one instance to another: planned, and forced where the"
                    + " first was gone";
    private static final String COLD_CONNECTS =
            "Proxies, new ones too, whose gateways were sent to an instance that did not hold their config";

    private final MeterRegistry registry;
    private final MultiGauge load;
    private final MultiGauge deviation;
    private final MultiGauge peak;
    private final MultiGauge instances;
    private final MultiGauge waiting;
    private final Map<String, Seen> pools = new ConcurrentSkipListMap<>();

    private record Seen(int wanted, Outlook outlook) {
        long load(String instance) {
            return outlook.loads().loads().getOrDefault(instance, 0L);
        }

        long count(InstanceState state) {
            return outlook.states().values().stream().filter(state::equals).count();
        }
    }

    public SchedulerMetrics(MeterRegistry registry) {
        this.registry = registry;
        load = gauge("load", "Gateways that are to connect to an instance");
        deviation = gauge("load.stddev", "Standard deviation of the loads of a pool's instances");
        peak = gauge("load.peak.to.average", "The largest load of a pool's instances, divided by the average");
        instances = gauge(
                "instances",
                "Instances of a pool: wanted, and by what is asked of each: ready, suspect, draining, lost");
        waiting = gauge("moves.waiting", "Proxies of a pool that wait to be moved, or for an instance");
    }

    private MultiGauge gauge(String name, String description) {
        return MultiGauge.builder("mpg.scheduler." + name)
                .description(description)
                .register(registry);
    }

    /** How a pool is now. */
    synchronized void set(String scheduler, int wanted, Outlook outlook) {
        Seen before = pools.put(scheduler, new Seen(wanted, outlook));
        Totals now = outlook.totals();
        Totals then = before == null ? Totals.NONE : before.outlook().totals();
        count("moves", scheduler, Tags.of("kind", "planned"), MOVES, now.planned() - then.planned());
        count("moves", scheduler, Tags.of("kind", "forced"), MOVES, now.forced() - then.forced());
        count("cold.connects", scheduler, Tags.empty(), COLD_CONNECTS, now.coldConnects() - then.coldConnects());
        show();
    }

    private void count(String name, String scheduler, Tags tags, String description, long more) {
        Counter.builder("mpg.scheduler." + name)
                .description(description)
                .tags(tags.and(SCHEDULER, scheduler))
                .register(registry)
                .increment((double) Math.max(0, more));
    }

    /** This pool is gone. Its counters stay where they are. */
    synchronized void forget(String scheduler) {
        pools.remove(scheduler);
        show();
    }

    /**
     * Brings the rows in line with the pools. A row that stays is not registered anew, its value is looked up when it is read:
     * a name that is taken away and given again while somebody reads is there twice for them, and reading fails.
     */
    private void show() {
        load.register(rows((name, seen) -> seen.outlook().loads().loads().keySet().stream()
                .map(instance -> row(name, Tags.of("proxy_instance", instance), pool -> pool.load(instance)))));
        deviation.register(rows((name, seen) ->
                Stream.of(row(name, Tags.empty(), pool -> pool.outlook().loads().standardDeviation()))));
        peak.register(rows((name, seen) ->
                Stream.of(row(name, Tags.empty(), pool -> pool.outlook().loads().peakToAverage()))));
        waiting.register(rows((name, seen) -> Stream.of(row(
                name,
                Tags.empty(),
                pool -> pool.outlook().left() + pool.outlook().unplaced()))));
        instances.register(rows((name, seen) -> Stream.concat(
                Stream.of(row(name, Tags.of("state", "wanted"), Seen::wanted)),
                Stream.of(InstanceState.values())
                        .map(state -> row(
                                name,
                                Tags.of("state", state.name().toLowerCase(Locale.ROOT)),
                                pool -> pool.count(state))))));
    }

    /** Of a pool that is gone meanwhile the value is not a number. */
    private Row<?> row(String scheduler, Tags tags, ToDoubleFunction<Seen> value) {
        return Row.of(tags.and(SCHEDULER, scheduler), pools, now -> {
            Seen seen = now.get(scheduler);
            return seen == null ? Double.NaN : value.applyAsDouble(seen);
        });
    }

    private List<Row<?>> rows(BiFunction<String, Seen, Stream<Row<?>>> of) {
        return pools.entrySet().stream()
                .flatMap(pool -> of.apply(pool.getKey(), pool.getValue()))
                .toList();
    }
}
