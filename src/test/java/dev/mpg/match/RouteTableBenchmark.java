package dev.mpg.match;

import dev.mpg.match.Outcome.Forward;
import dev.mpg.snapshot.Snapshot;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What a route table of many virtual hosts takes to make and a request to match. It reports, and asserts nothing of times. */
final class RouteTableBenchmark {
    private static final int HOSTS = 5_000;
    private static final int REQUESTS = 1_000_000;
    private static final int ROUNDS = 5;

    private RouteTableBenchmark() {}

    public static void main(String[] args) {
        Snapshot snapshot = Tables.snapshot("""
                listeners: [{name: http, port: 8080}]
                backends: [{name: a, endpoints: []}]
                routes:
                """
                + IntStream.range(0, HOSTS).mapToObj(RouteTableBenchmark::route).collect(Collectors.joining()));
        for (int round = 1; round <= ROUNDS; round++) {
            long start = System.nanoTime();
            RouteTable table = RouteTable.of(snapshot);
            long made = System.nanoTime();
            matchEach(table, HOSTS);
            long first = System.nanoTime();
            matchEach(table, REQUESTS);
            long end = System.nanoTime();
            System.out.printf(
                    "%d virtual hosts, round %d: table %.1f ms, first match of a host %.2f µs, later ones %.2f µs%n",
                    HOSTS, round, (made - start) / 1e6, (first - made) / 1e3 / HOSTS, (end - first) / 1e3 / REQUESTS);
        }
    }

    /** Every other host is a wildcard; of two routes the second takes the request. */
    private static String route(int i) {
        return "- {name: r%d, hostnames: ['%s'], matches: [{path: {value: /a}}, {path: {value: /b}}], backendRefs: [{name: a}]}\n"
                .formatted(i, i % 2 == 0 ? "h" + i + ".example.com" : "*.h" + i + ".example.com");
    }

    private static void matchEach(RouteTable table, int requests) {
        for (int i = 0; i < requests; i++) {
            int host = i % HOSTS;
            Request request = new Request("GET", (host % 2 == 0 ? "" : "www.") + "h" + host + ".example.com", "/b/1?q");
            if (!(table.answers(request).getFirst().outcome() instanceof Forward forward)
                    || !forward.route().equals("r" + host)) {
                throw new AssertionError(request + " goes elsewhere");
            }
        }
    }
}
