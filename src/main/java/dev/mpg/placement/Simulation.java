package dev.mpg.placement;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Plays a {@link Scenario} through a {@link Placement}, the very one that the operator uses. All that is random comes from the
 * seed, by {@link Random}, whose numbers are the same in any JVM; policies meet the same events.
 */
public final class Simulation {
    private final Scenario scenario;
    private final Random random;
    private final Placement placement;
    private final Map<String, Cache> caches = new LinkedHashMap<>();
    private final List<String> tasks = new ArrayList<>();
    private int begun;
    private int misses;
    private int migrations;

    private Simulation(Scenario scenario, PlacementPolicy policy, long seed) {
        this.scenario = scenario;
        this.random = new Random(Digest.mix(seed));
        this.placement = new Placement(new PlacementPolicy(policy.strategy(), policy.maxLoadFactor(), 1, false, seed));
    }

    /**
     * What was measured in one run.
     *
     * @param missRate the part of accesses that did not find their task in the core's cache
     * @param migrations tasks that went to another core than they were on
     * @param loadVariance of the tasks on each core at the end, the cores being the population
     * @param peakToAverage the most tasks on a core at the end, divided by their average
     */
    public record Outcome(double missRate, double migrations, double loadVariance, double peakToAverage) {}

    /**
     * The average of several runs.
     *
     * @param mean of each
     * @param missRateError the standard error of that mean; 0 of one run
     * @param migrationsError likewise
     * @param loadVarianceError likewise
     */
    public record Average(Outcome mean, double missRateError, double migrationsError, double loadVarianceError) {
        /** The root of the mean variance. */
        public double loadDeviation() {
            return Math.sqrt(mean.loadVariance());
        }

        /** The standard error of that root, as far as it is small. */
        public double loadDeviationError() {
            return loadVarianceError == 0 ? 0 : loadVarianceError / 2 / loadDeviation();
        }
    }

    /** A cache that drops the least recently used. */
    private static final class Cache extends LinkedHashMap<String, Boolean> {
        private static final long serialVersionUID = 1L;
        private final int capacity;

        Cache(int capacity) {
            super(16, 0.75f, true);
            this.capacity = capacity;
        }

        /** Whether it was there. It is from now on. */
        boolean access(String task) {
            return put(task, true) != null;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > capacity;
        }
    }

    /** Runs it once. The policy's replicas, zones and seed are left out. */
    public static Outcome run(Scenario scenario, PlacementPolicy policy, long seed) {
        return new Simulation(scenario, policy, seed).run();
    }

    /**
     * Runs it {@code runs} times, at least once, each with a seed of its own.
     *
     * @param seed of the first; the others have the following
     */
    public static Average average(Scenario scenario, PlacementPolicy policy, int runs, long seed) {
        List<Outcome> outcomes = IntStream.range(0, runs)
                .mapToObj(run -> run(scenario, policy, seed + run))
                .toList();
        double[] missRates = outcomes.stream().mapToDouble(Outcome::missRate).toArray();
        double[] migrations = outcomes.stream().mapToDouble(Outcome::migrations).toArray();
        double[] variances =
                outcomes.stream().mapToDouble(Outcome::loadVariance).toArray();
        double[] peaks = outcomes.stream().mapToDouble(Outcome::peakToAverage).toArray();
        return new Average(
                new Outcome(mean(missRates), mean(migrations), mean(variances), mean(peaks)),
                standardError(missRates),
                standardError(migrations),
                standardError(variances));
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double standardError(double[] values) {
        double mean = mean(values);
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length);
    }

    private Outcome run() {
        for (int i = 0; i < scenario.cores(); i++) {
            String core = "core-" + i;
            placement.put(new PoolMember(core, "", InstanceState.Ready));
            caches.put(core, new Cache(scenario.cache()));
        }
        for (int i = 0; i < scenario.tasks(); i++) {
            tasks.add("");
            begin(i);
        }
        for (int i = 0; i < scenario.warmUp(); i++) {
            event();
        }
        misses = 0;
        migrations = 0;
        for (int i = 0; i < scenario.events(); i++) {
            event();
        }
        List<Long> loads = List.copyOf(placement.statistics().loads().values());
        return new Outcome(
                (double) misses / scenario.events(),
                migrations,
                LoadStatistics.variance(loads),
                LoadStatistics.peakToAverage(loads));
    }

    private void event() {
        boolean ends = random.nextDouble() < scenario.churn();
        int index = random.nextInt(tasks.size());
        if (ends) {
            placement.remove(tasks.get(index));
            begin(index);
        } else {
            placement.reschedule(tasks.get(index));
            settleAndRun(tasks.get(index));
        }
    }

    private void begin(int index) {
        String task = "task-" + begun++;
        tasks.set(index, task);
        placement.place(task, 1);
        settleAndRun(task);
    }

    private void settleAndRun(String task) {
        migrations += (int) placement.settle(Integer.MAX_VALUE).plannedMigrations();
        Cache cache = caches.get(placement.instances(task).getFirst());
        misses += cache != null && cache.access(task) ? 0 : 1;
    }
}
