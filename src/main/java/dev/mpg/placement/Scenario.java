package dev.mpg.placement;

/**
 * What a {@link Simulation} runs. Tasks run on cores: so gateways are served by proxy instances, and what a core has in its cache
 * an instance has in memory. Immutable.
 *
 * @param cores 1 to 1000
 * @param tasks 1 to 100,000, there at any time
 * @param cache how many tasks' data a core's cache holds, at least 1; it drops the least recently used
 * @param events measured, at least 1: at each a task runs, which is one access to a cache
 * @param warmUp events before those, 0 or more, so that caches have filled
 * @param churn which part of the events is that a task ends and another begins in its place; of the others each is that one of
 *     the tasks, all equally likely, is scheduled again. 0 to 1
 */
public record Scenario(int cores, int tasks, int cache, int events, int warmUp, double churn) {
    /** A workload with which random scheduling has what was published of it: 38.2 % misses, 142 migrations, σ 9.7. */
    public static final Scenario BUILT_IN = new Scenario(3, 424, 262, 213, 2 * 3 * 424, 0);

    public Scenario {
        check("cores", cores, 1, 1000);
        check("tasks", tasks, 1, 100_000);
        check("cache", cache, 1, Integer.MAX_VALUE);
        check("events", events, 1, Integer.MAX_VALUE);
        check("warm-up", warmUp, 0, Integer.MAX_VALUE);
        if (!(churn >= 0 && churn <= 1)) {
            throw new IllegalArgumentException("churn is 0 to 1, not " + churn);
        }
    }

    private static void check(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what
                    + (most == Integer.MAX_VALUE ? " is at least " + least : " is " + least + " to " + most)
                    + ", not " + value);
        }
    }

    /** The part of events that random scheduling misses the cache, without churn: it finds C of T tasks there. */
    public double randomMissRate() {
        return 1 - Math.min(1, (double) cache / tasks);
    }

    /** The same when every task stays, and as many are on each core: it finds C of T/m tasks. */
    public double affinityMissRate() {
        return 1 - Math.min(1, (double) cores * cache / tasks);
    }

    /** Migrations that random scheduling makes on average: all but one of m cores are another. */
    public double randomMigrations() {
        return events * (1 - churn) * (cores - 1) / cores;
    }

    /** The expected variance of a core's load with random scheduling: n tasks, binomially spread; 2n/9 for three cores. */
    public double randomLoadVariance() {
        return tasks * (cores - 1.0) / cores / cores;
    }
}
