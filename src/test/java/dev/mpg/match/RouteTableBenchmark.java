package dev.mpg.match;

import dev.mpg.snapshot.Snapshot;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/** How long one decision takes at 10,000 routes: the route alone, and with every attempt explained. It asserts nothing of times. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class RouteTableBenchmark {
    private static final int ROUTES = 10_000;
    private static final int REQUESTS = 4_096;

    /** Every other one is a wildcard. */
    @Param("1000")
    public int hosts;

    private RouteTable table;
    private Request[] requests;
    private int next;

    public static void main(String[] args) throws RunnerException, CommandLineOptionException {
        CommandLineOptions options =
                new CommandLineOptions(args.length == 0 ? new String[] {"RouteTableBenchmark"} : args);
        new Runner(options).run();
    }

    @Setup
    public void make() {
        Snapshot snapshot = Tables.snapshot(
                """
                listeners: [{name: http, port: 8080}]
                backends: [{name: a, endpoints: []}]
                routes:
                """ + IntStream.range(0, ROUTES).mapToObj(this::route).collect(Collectors.joining()));
        table = RouteTable.of(snapshot);
        Random random = new Random(1);
        requests = IntStream.range(0, REQUESTS)
                .mapToObj(_ -> {
                    int i = random.nextInt(ROUTES);
                    int host = i % hosts;
                    Request request = new Request(
                            "GET",
                            (host % 2 == 0 ? "" : "www.") + "h" + host + ".example.com",
                            "/r" + i + "/items/1?q=1");
                    if (!table.route(request).equals(Optional.of("r" + i))) {
                        throw new AssertionError(request + " goes elsewhere");
                    }
                    return request;
                })
                .toArray(Request[]::new);
    }

    private String route(int i) {
        int host = i % hosts;
        return "- {name: r%d, hostnames: ['%s'], matches: [{path: {value: /r%d}}], backendRefs: [{name: a}]}\n"
                .formatted(i, host % 2 == 0 ? "h" + host + ".example.com" : "*.h" + host + ".example.com", i);
    }

    private Request request() {
        next = (next + 1) % REQUESTS;
        return requests[next];
    }

    @Benchmark
    public Optional<String> route() {
        return table.route(request());
    }

    @Benchmark
    public List<Answer> answers() {
        return table.answers(request());
    }
}
