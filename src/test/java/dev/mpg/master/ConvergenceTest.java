package dev.mpg.master;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.Contents;
import dev.mpg.sync.MemorySink;
import dev.mpg.sync.Order;
import dev.mpg.sync.SyncClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens on the way, in the end every instance serves what was published last, and nothing else. */
class ConvergenceTest {
    private static final List<String> INSTANCES = List.of("default-0", "default-1", "default-2");
    private static final int PUBLISHERS = 3;
    private static final int CLUSTERS_EACH = 4;
    private static final int CHANGES_EACH = 150;

    private final SyncRig rig = new SyncRig();
    private final Map<String, MemorySink> sinks = new TreeMap<>();
    private final Map<String, SyncClient> clients = new TreeMap<>();

    @AfterEach
    void stop() throws InterruptedException {
        rig.stop();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void everyInstanceServesWhatWasPublishedLast(long seed) throws Exception {
        for (String instance : INSTANCES) {
            MemorySink sink = new MemorySink();
            sinks.put(instance, sink);
            clients.put(instance, rig.proxy(instance, sink));
        }
        rig.master.placementComplete();
        Map<String, Map<String, Assignment>> expected = new HashMap<>();
        INSTANCES.forEach(instance -> expected.put(instance, new HashMap<>()));

        try (ExecutorService publishers = Executors.newFixedThreadPool(PUBLISHERS)) {
            List<Callable<List<Published>>> tasks = new ArrayList<>();
            for (int i = 0; i < PUBLISHERS; i++) {
                int publisher = i;
                tasks.add(() -> publish(publisher, new Random(seed * 31 + publisher)));
            }
            for (Future<List<Published>> last : publishers.invokeAll(tasks)) {
                for (Published each : last.get()) {
                    each.instances()
                            .forEach(instance -> expected.getOrDefault(instance, Map.of())
                                    .put(each.assignment().clusterId(), each.assignment()));
                }
            }
        }

        await().untilAsserted(() -> {
            for (String instance : INSTANCES) {
                MemorySink sink = sinks.getOrDefault(instance, new MemorySink());
                Map<String, Assignment> serving = expected.getOrDefault(instance, Map.of());
                assertThat(sink.holdings()).containsOnlyKeys(serving.keySet());
                serving.forEach((clusterId, assignment) ->
                        assertThat(sink.serving(clusterId)).contains(assignment));
            }
        });
        await().untilAsserted(() -> expected.forEach((instance, serving) -> serving.forEach((clusterId, assignment) ->
                assertThat(rig.serving(clusterId, instance).held())
                        .contains(assignment.target().version()))));
        reportsArrive(expected);
    }

    private void reportsArrive(Map<String, Map<String, Assignment>> expected) {
        Map<String, Set<String>> gateways = new HashMap<>();
        clients.forEach((instance, client) -> expected.getOrDefault(instance, Map.of())
                .forEach((clusterId, assignment) -> {
                    GatewayReport report = new GatewayReport(
                            clusterId + "@" + instance,
                            GatewayReport.State.CURRENT,
                            assignment.target().version(),
                            List.of());
                    client.report(clusterId, assignment.target().version(), List.of(report));
                    gateways.computeIfAbsent(clusterId, id -> new HashSet<>()).add(report.gateway());
                }));
        await().untilAsserted(() -> gateways.forEach(
                (clusterId, names) -> assertThat(rig.master.fleet(clusterId).gateways())
                        .extracting(GatewayReport::gateway)
                        .containsExactlyInAnyOrderElementsOf(names)));
    }

    private record Published(Assignment assignment, Set<String> instances) {}

    /** Publishes changes of its own clusters, and troubles the instances; returns what it published last. */
    private List<Published> publish(int publisher, Random random) {
        Map<String, Published> last = new TreeMap<>();
        Map<String, Snapshot> contents = new HashMap<>();
        for (int change = 0; change < CHANGES_EACH; change++) {
            String clusterId = "cluster-" + publisher + "-" + random.nextInt(CLUSTERS_EACH);
            Snapshot before = contents.getOrDefault(clusterId, Contents.hosts(50, clusterId));
            String instance = INSTANCES.get(random.nextInt(INSTANCES.size()));
            switch (random.nextInt(20)) {
                case 0 -> {
                    rig.master.withdraw(clusterId);
                    last.remove(clusterId);
                }
                // Its stream is replaced, so it connects anew.
                case 1 -> rig.raw().read(1).hello(instance);
                case 2 -> sinks.getOrDefault(instance, new MemorySink()).lose(clusterId, before);
                case 3 -> sinks.getOrDefault(instance, new MemorySink()).fail(1);
                default -> {
                    Snapshot after = Contents.with(
                            before, Contents.host("rc/%05d".formatted(random.nextInt(60)), "" + random.nextInt(3)));
                    Assignment assignment = random.nextBoolean()
                            ? Contents.settled(clusterId, after)
                            : Contents.rollout(clusterId, before, after);
                    Set<String> instances = new HashSet<>(Set.of(instance));
                    if (random.nextBoolean()) {
                        instances.add(INSTANCES.get(random.nextInt(INSTANCES.size())));
                    }
                    rig.master.publish(Order.of(assignment), instances);
                    contents.put(clusterId, after);
                    last.put(clusterId, new Published(assignment, instances));
                }
            }
        }
        return List.copyOf(last.values());
    }
}
