package dev.mpg.e2e;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerSpec;
import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.Programs;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * What a bad change costs, and how long it lasts, under constant traffic through three Envoys. It reports; it asserts nothing
 * of times. What is seen by asking again and again is late by up to the time that one answer takes, which is reported too.
 *
 * <p>Arguments: refused versions (10), regressions (3), flips (20).
 */
final class RolloutBenchmark implements AutoCloseable {
    private static final String HOST = "shop.example.com";
    private static final int GATEWAYS = 3;
    private static final int REQUESTS_PER_SECOND = 50;
    private static final int TAKEN_PORT = 8099;
    private static final Duration BETWEEN_FLIPS = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final KubernetesClient client;
    private final String namespace;
    private final Upstream one = Upstream.named("one");
    private final Upstream two = Upstream.named("two");
    private final Upstream failing = Upstream.failing(503);
    private int changes;

    private RolloutBenchmark(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    public static void main(String[] arguments) throws Exception {
        KubernetesApi api = KubernetesApi.shared();
        api.applyCrds();
        Path state = Files.createTempDirectory("mpg-benchmark");
        try (RunningOperator _ = RunningOperator.start(api.kubeconfig(), state, Programs.envoy())) {
            KubernetesClient client = api.client();
            Scheduler scheduler = new Scheduler();
            scheduler.getMetadata().setName("default");
            scheduler.setSpec(new SchedulerSpec(1));
            client.resource(scheduler).createOr(existing -> existing.update());
            System.out.printf("%d Envoys, %d requests per second through each%n", GATEWAYS, REQUESTS_PER_SECOND);
            try (RolloutBenchmark benchmark = new RolloutBenchmark(client, api.newNamespace())) {
                benchmark.applyGood(8080, "one");
                benchmark.refusals(argument(arguments, 0, 10));
                benchmark.regressions(argument(arguments, 1, 3));
                benchmark.flips(argument(arguments, 2, 20));
            }
        }
    }

    @Override
    public void close() {
        one.close();
        two.close();
        failing.close();
    }

    private static int argument(String[] arguments, int index, int otherwise) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
    }

    /** Envoy refuses a listener whose port is taken. */
    private void refusals(int count) throws IOException {
        List<String> hosts = addresses().stream()
                .map(address -> address.substring(0, address.indexOf(':')))
                .toList();
        List<ServerSocket> taken = new ArrayList<>();
        for (String host : hosts) {
            ServerSocket socket = new ServerSocket();
            socket.bind(new InetSocketAddress(InetAddress.getByName(host), TAKEN_PORT));
            taken.add(socket);
        }
        double[] putBack = new double[count];
        double[] rolledBack = new double[count];
        double[] looks = new double[count];
        try (ConstantTraffic traffic = traffic()) {
            for (int i = 0; i < count; i++) {
                Listeners before = Listeners.of(hosts);
                apply(TAKEN_PORT, "one");
                long began = System.nanoTime();
                int looked = 0;
                Listeners seen = before;
                while (seen.rejected() == before.rejected()) {
                    seen = Listeners.of(hosts);
                    looked++;
                }
                looks[i] = since(began) / looked;
                long refused = System.nanoTime();
                while (seen.accepted() == before.accepted()) {
                    seen = Listeners.of(hosts);
                }
                putBack[i] = since(refused);
                awaitPhase(Phase.RolledBack);
                rolledBack[i] = since(refused);
            }
            report("one look at all Envoys", looks);
            report("NACK to stable again in that Envoy", putBack);
            report("NACK to status RolledBack", rolledBack);
            reportRequests("during " + count + " refused versions", traffic);
        } finally {
            for (ServerSocket socket : taken) {
                socket.close();
            }
        }
        applyGood(8080, "one");
    }

    /** What the Envoys count of listener updates. */
    private record Listeners(long rejected, long accepted) {
        static Listeners of(List<String> hosts) {
            long rejected = 0;
            long accepted = 0;
            for (String host : hosts) {
                String stats = Http.get("http://" + host + ":9901/stats?filter=lds.update_");
                rejected += count(stats, "lds.update_rejected: ");
                accepted += count(stats, "lds.update_success: ");
            }
            return new Listeners(rejected, accepted);
        }

        private static long count(String stats, String name) {
            return stats.lines()
                    .filter(line -> line.contains(name))
                    .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        }
    }

    /** The cohort's requests fail, by an upstream that answers 503. */
    private void regressions(int count) {
        double[] failed = new double[count];
        double[] rolledBack = new double[count];
        double[] requests = new double[count];
        try (ConstantTraffic traffic = traffic()) {
            await("there is traffic", () -> traffic.total() > 20L * REQUESTS_PER_SECOND * GATEWAYS / 10);
            for (int i = 0; i < count; i++) {
                long before = failures(traffic);
                apply(8080, "failing");
                await("a request fails", () -> failures(traffic) > before);
                long first = System.nanoTime();
                long last = first;
                long seen = failures(traffic);
                while (phase() != Phase.RolledBack) {
                    if (failures(traffic) > seen) {
                        seen = failures(traffic);
                        last = System.nanoTime();
                    }
                }
                rolledBack[i] = since(first);
                failed[i] = (last - first) / 1e6;
                requests[i] = failures(traffic) - before;
                applyGood(8080, i % 2 == 0 ? "two" : "one");
            }
            report("first to last failed request", failed);
            report("first failed request to RolledBack", rolledBack);
            System.out.printf(
                    "%-38s median %.0f, max %.0f%n",
                    "requests that failed, per regression", sorted(requests)[count / 2], sorted(requests)[count - 1]);
            reportRequests("during " + count + " regressions", traffic);
        }
    }

    /** The spec changes faster than it is rolled out. */
    private void flips(int count) throws InterruptedException {
        applyGood(8080, "one");
        try (ConstantTraffic traffic = traffic();
                ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor()) {
            await("there is traffic", () -> traffic.total() > 0);
            AtomicInteger flipped = new AtomicInteger();
            ScheduledFuture<?> flips = pace.scheduleAtFixedRate(
                    () -> apply(8080, flipped.incrementAndGet() % 2 == 0 ? "one" : "two"),
                    0,
                    BETWEEN_FLIPS.toMillis(),
                    TimeUnit.MILLISECONDS);
            await("all flips", () -> flipped.get() >= count || flips.isDone());
            flips.cancel(false);
            awaitPhase(Phase.Complete);
            reportRequests(
                    "during " + flipped.get() + " flips, one every " + BETWEEN_FLIPS.toMillis() + " ms", traffic);
        }
    }

    private ConstantTraffic traffic() {
        return ConstantTraffic.through(addresses(), HOST, "/checkout", REQUESTS_PER_SECOND);
    }

    private static long failures(ConstantTraffic traffic) {
        return traffic.byStatus().entrySet().stream()
                .filter(counted -> counted.getKey() != 200)
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    private void applyGood(int port, String backend) {
        apply(port, backend);
        awaitPhase(Phase.Complete);
    }

    /** Each time another version, so that what failed once is tried again. */
    private void apply(int port, String backend) {
        changes++;
        Proxy proxy = Serialization.unmarshal(
                """
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: bench, namespace: %s}
                spec:
                  gateway: {replicas: %d}
                  listeners: [{name: http, port: %d}]
                  rollout: {steps: [{gateways: 1, bake: %s}]}
                  routes:
                  - name: checkout
                    hostnames: [%s]
                    backendRefs: [{name: %s, weight: 1}]
                    timeouts: {request: %dms}
                  backends:
                  - name: one
                    endpoints: [{host: 127.0.0.1, port: %d}]
                  - name: two
                    endpoints: [{host: 127.0.0.1, port: %d}]
                  - name: failing
                    endpoints: [{host: 127.0.0.1, port: %d}]
                """.formatted(
                                namespace,
                                GATEWAYS,
                                port,
                                backend.equals("failing") ? "1h" : "0s",
                                HOST,
                                backend,
                                3_000 + changes,
                                one.port(),
                                two.port(),
                                failing.port()),
                Proxy.class);
        client.resource(proxy).forceConflicts().serverSideApply();
    }

    private Proxy proxy() {
        return client.resources(Proxy.class)
                .inNamespace(namespace)
                .withName("bench")
                .require();
    }

    private List<String> addresses() {
        return proxy().getStatus().addresses().stream()
                .map(ProxyStatus.Address::address)
                .toList();
    }

    private Phase phase() {
        Proxy proxy = proxy();
        ProxyStatus status = proxy.getStatus();
        return status != null
                        && status.rollout() != null
                        && proxy.getMetadata().getGeneration().equals(status.observedGeneration())
                ? status.rollout().phase()
                : Phase.Progressing;
    }

    private void awaitPhase(Phase phase) {
        await("phase " + phase, () -> phase() == phase);
    }

    private static void await(String what, BooleanSupplier condition) {
        long began = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (since(began) > PATIENCE.toMillis()) {
                throw new IllegalStateException(what + ": not within " + PATIENCE);
            }
        }
    }

    private static double since(long began) {
        return (System.nanoTime() - began) / 1e6;
    }

    private static double[] sorted(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    private static void report(String what, double[] millis) {
        double[] sorted = sorted(millis);
        System.out.printf(
                "%-38s median %.1f ms, max %.1f ms (%d times)%n",
                what, sorted[sorted.length / 2], sorted[sorted.length - 1], sorted.length);
    }

    private static void reportRequests(String when, ConstantTraffic traffic) {
        System.out.printf("requests %s: %d, of which not 200: %d%n", when, traffic.total(), failures(traffic));
    }
}
