package dev.mpg.placement;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/** What decisions cost among 100,000 Proxies on 1,000 instances. It reports; it asserts nothing of times. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class PlacementBenchmark {
    private static final int PROXIES = 100_000;
    private static final int INSTANCES = 1_000;
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    @Param({"1", "2"})
    public int replicas;

    private PlacementPolicy policy;
    private List<PoolMember> members;
    private List<PlacedProxy> fresh;
    private List<PlacedProxy> placed;
    private Placement placement;

    @Setup
    public void place() {
        policy = new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, replicas, false, 0);
        members = IntStream.range(0, INSTANCES)
                .mapToObj(i -> new PoolMember("default-" + i, "", InstanceState.Ready))
                .toList();
        fresh = IntStream.range(0, PROXIES)
                .mapToObj(i -> new PlacedProxy("namespace.proxy-" + i, 1 + i % 7, List.of()))
                .toList();
        placement = replanOfNew();
        placed = placement.proxies();
    }

    /** Two decisions: one Proxy comes, and goes. */
    @Benchmark
    public int placeAndRemoveOne() {
        placement.place("new", 3);
        int moves = placement.settle(NO_LIMIT).moves().size();
        placement.remove("new");
        return moves + placement.settle(NO_LIMIT).moves().size();
    }

    /** Two decisions: one instance of a thousand is lost, and comes back. */
    @Benchmark
    public int loseOneInstanceAndGetItBack() {
        placement.lost("default-500");
        int moves = placement.settle(NO_LIMIT).moves().size();
        placement.put(members.get(500));
        return moves + placement.settle(NO_LIMIT).moves().size();
    }

    /** All Proxies are where they should be, as after a restart. */
    @Benchmark
    public Placement replan() {
        Placement restored = Placement.restore(policy, members, placed);
        restored.settle(NO_LIMIT);
        return restored;
    }

    /** No Proxy is anywhere yet. */
    @Benchmark
    public Placement replanOfNew() {
        Placement restored = Placement.restore(policy, members, fresh);
        restored.settle(NO_LIMIT);
        return restored;
    }

    /** Measures what a placement keeps in memory, then times with JMH, whose options the arguments are. */
    public static void main(String[] arguments) throws Exception {
        PlacementBenchmark benchmark = new PlacementBenchmark();
        for (int replicas = 1; replicas <= 2; replicas++) {
            benchmark.replicas = replicas;
            benchmark.place();
            long with = usedMemory();
            benchmark.placement = null;
            System.out.printf(
                    "%d replicas: %.1f MB for %d Proxies on %d instances, their names not counted%n",
                    replicas, (with - usedMemory()) / 1e6, PROXIES, INSTANCES);
        }
        new Runner(new CommandLineOptions(arguments)).run();
    }

    private static long usedMemory() {
        Runtime runtime = Runtime.getRuntime();
        for (int i = 0; i < 3; i++) {
            runtime.gc();
        }
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
