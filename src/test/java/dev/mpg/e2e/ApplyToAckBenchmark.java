package dev.mpg.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.RouteSpec;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerSpec;
import dev.mpg.compile.Compiled;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecReader;
import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.Programs;
import dev.mpg.testing.Specs;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * How long a change takes from the apply to the last gateway's ACK, and what travels. It reports; it asserts nothing of
 * times. Time runs from before the request to the API server: until its answer, until the proxy instance's status page shows
 * the last gateway's ACK (asked again and again, so up to one answer's time late), and until a watch shows
 * {@code Programmed} for the new generation.
 *
 * <p>Arguments: gateways (3), routes (100), changes (200).
 */
final class ApplyToAckBenchmark {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int WARM_UP = 50;
    private static final int PATIENCE_SECONDS = 60;

    private ApplyToAckBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int gateways = argument(arguments, 0, 3);
        int routes = argument(arguments, 1, 100);
        int changes = argument(arguments, 2, 200);
        KubernetesApi api = KubernetesApi.shared();
        api.applyCrds();
        Path state = Files.createTempDirectory("mpg-benchmark");
        try (RunningOperator operator = RunningOperator.start(api.kubeconfig(), state, Programs.envoy())) {
            KubernetesClient client = api.client();
            Scheduler scheduler = new Scheduler();
            scheduler.getMetadata().setName("default");
            scheduler.setSpec(new SchedulerSpec(1));
            client.resource(scheduler).createOr(existing -> existing.update());
            String namespace = api.newNamespace();
            BlockingQueue<Long> programmed = new ArrayBlockingQueue<>(1024);
            Watch watch = client.resources(Proxy.class).inNamespace(namespace).watch(new Programmed(programmed));
            try {
                Proxy proxy = apply(client, proxy(namespace, gateways, routes, 1));
                await(programmed, proxy);
                String debugAddress = client.resources(Scheduler.class)
                        .withName("default")
                        .require()
                        .getStatus()
                        .instances()
                        .getFirst()
                        .debugAddress();
                for (int i = 0; i < WARM_UP; i++) {
                    await(programmed, apply(client, proxy(namespace, gateways, routes, 1000 + i)));
                }
                Metrics sent = Metrics.of(debugAddress);
                Metrics published = Metrics.of(operator.httpAddress());
                double[] written = new double[changes];
                double[] acked = new double[changes];
                double[] millis = new double[changes];
                for (int i = 0; i < changes; i++) {
                    Proxy changed = proxy(namespace, gateways, routes, 2000 + i);
                    String version = version(changed);
                    long began = System.nanoTime();
                    CompletableFuture<Double> ack = CompletableFuture.supplyAsync(() -> {
                        awaitAcks(debugAddress, version, gateways);
                        return since(began);
                    });
                    Proxy applied = apply(client, changed);
                    written[i] = since(began);
                    await(programmed, applied);
                    millis[i] = since(began);
                    acked[i] = ack.join();
                }
                report("apply, answered", written);
                report("apply to last ACK", acked);
                report("apply to Programmed", millis);
                Metrics sentAfter = Metrics.of(debugAddress);
                Metrics publishedAfter = Metrics.of(operator.httpAddress());
                report(gateways, routes, changes, sent, sentAfter, published, publishedAfter);
                System.out.printf(
                        "%-22s operator %.1f ms, proxy instance %.1f ms a change%n",
                        "processor time",
                        processorMillis(published, publishedAfter, changes),
                        processorMillis(sent, sentAfter, changes));
            } finally {
                watch.close();
            }
        }
    }

    private static double processorMillis(Metrics before, Metrics after, int changes) {
        return (after.sum("process_cpu_time_ns_total") - before.sum("process_cpu_time_ns_total")) / 1e6 / changes;
    }

    private static int argument(String[] arguments, int index, int otherwise) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
    }

    private static Proxy apply(KubernetesClient client, Proxy proxy) {
        return client.resource(proxy).forceConflicts().serverSideApply();
    }

    private static void await(BlockingQueue<Long> programmed, Proxy proxy) throws InterruptedException {
        Long generation;
        do {
            generation = programmed.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (generation == null) {
                throw new IllegalStateException("not Programmed within " + PATIENCE_SECONDS + " s");
            }
        } while (generation < proxy.getMetadata().getGeneration());
    }

    private static Proxy proxy(String namespace, int gateways, int routes, int timeoutMillis) {
        Proxy proxy = new Proxy();
        proxy.getMetadata().setNamespace(namespace);
        proxy.getMetadata().setName("bench");
        proxy.setSpec(Specs.proxy(
                gateways,
                List.of(Specs.listener("http", 8080)),
                IntStream.range(0, routes)
                        .mapToObj(i -> Specs.route(
                                "route-" + i,
                                List.of("host-" + i + ".example.com"),
                                List.of(Specs.prefix("/checkout")),
                                List.of(new RouteSpec.BackendRef("backend", 1)),
                                (i == 0 ? timeoutMillis : 3000) + "ms"))
                        .toList(),
                List.of(Specs.backend("backend", "127.0.0.1", 7001))));
        return proxy;
    }

    private static double since(long began) {
        return (System.nanoTime() - began) / 1e6;
    }

    /** The same in any JVM, so that it can be waited for. */
    private static String version(Proxy proxy) {
        ObjectRef ref = new ObjectRef(
                "Proxy", proxy.getMetadata().getNamespace(), proxy.getMetadata().getName());
        return switch (SpecReader.read(ref, proxy.getSpec())) {
            case SpecReader.Reading.Accepted accepted ->
                Compiled.snapshot(accepted.config()).version().hex();
            case SpecReader.Reading.Refused refused -> throw new IllegalStateException(refused.toString());
        };
    }

    private static void awaitAcks(String debugAddress, String version, int gateways) {
        try {
            JsonNode cluster;
            do {
                cluster = JSON.readTree(Http.get("http://" + debugAddress + "/debug/config/status"))
                        .path("clusters")
                        .path(0);
            } while (!version.equals(cluster.at("/versions/target/full").asText())
                    || cluster.at("/count/current").asInt() != gateways);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void report(String what, double[] millis) {
        double[] sorted = millis.clone();
        Arrays.sort(sorted);
        int count = sorted.length;
        System.out.printf(
                "%-20s median %.1f ms, p99 %.1f ms, max %.1f ms%n",
                what, sorted[count / 2], sorted[Math.min(count - 1, count * 99 / 100)], sorted[count - 1]);
    }

    private static void report(
            int gateways,
            int routes,
            int changes,
            Metrics sent,
            Metrics sentNow,
            Metrics published,
            Metrics publishedNow) {
        System.out.printf(
                "%d gateways, %d routes, %d changes of one route%n"
                        + "per change, Master to Proxy:     %.0f B of names and hashes, %.0f B of content%n"
                        + "per change, Proxy to a gateway:  %.0f B in %.2f resources%n",
                gateways,
                routes,
                changes,
                (publishedNow.sum("mpg_sync_manifest_bytes_total") - published.sum("mpg_sync_manifest_bytes_total"))
                        / changes,
                (publishedNow.sum("mpg_sync_blob_bytes_total") - published.sum("mpg_sync_blob_bytes_total")) / changes,
                (sentNow.resourceBytes() - sent.resourceBytes()) / changes / gateways,
                (sentNow.resources() - sent.resources()) / changes / gateways);
    }

    /** Queues the generation of each Proxy that is seen to be Programmed. */
    private record Programmed(BlockingQueue<Long> queue) implements Watcher<Proxy> {
        @Override
        public void eventReceived(Action action, Proxy proxy) {
            ProxyStatus status = proxy.getStatus();
            if (status != null && status.conditions() != null) {
                status.conditions().stream()
                        .filter(condition -> condition.getType().equals("Programmed"))
                        .filter(condition -> condition.getStatus().equals("True"))
                        .forEach(condition -> queue.add(condition.getObservedGeneration()));
            }
        }

        @Override
        public void onClose(WatcherException cause) {}
    }
}
