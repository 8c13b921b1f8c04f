package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.api.SchedulerStatus.Instance;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A pool of real proxy instances with many gateways, that shrinks, grows, and has an instance that hangs: what moves, what that
 * costs, and how even it is. Prints what it measured, and asserts nothing of times.
 */
class SchedulerMeasuredIT extends OperatorTest {
    private static final int PROXIES = 60;
    private static final int STREAMS_PER_PROXY = 5;
    private static final int STREAMS = PROXIES * STREAMS_PER_PROXY;
    private static final String DEFAULT = "AffinityLeastLoaded";
    private static final double MAX_LOAD_FACTOR = 1.25;
    /** Of a hung instance to be noticed, to be given up, and later to be trusted again. */
    private static final Duration RATHER_LONG = Duration.ofSeconds(90);

    /** Nothing moves for so long. */
    private static final Duration STILL = Duration.ofSeconds(1);

    private SharedIndexInformer<Proxy> proxies;
    private RoamingGateways gateways;
    private Map<String, String> addresses = Map.of();

    /** What one change of the pool did. */
    private record Measured(
            String policy,
            String change,
            long planned,
            long forced,
            long coldConnects,
            double loadDeviation,
            double streamDeviation,
            double bytes,
            RoamingGateways.Moves moves) {
        static final String TITLES = String.format(
                "%-20s %-22s %8s %7s %6s %8s %11s %10s %15s %9s %12s",
                "POLICY",
                "CHANGE",
                "PLANNED",
                "FORCED",
                "COLD",
                "LOAD SD",
                "STREAMS SD",
                "RECONNECTS",
                "RESOURCE BYTES",
                "LAST [s]",
                "LONGEST [ms]");

        @Override
        public String toString() {
            return String.format(
                    "%-20s %-22s %8d %7d %6d %8.1f %11.1f %10d %15.0f %9.1f %12d",
                    policy,
                    change,
                    planned,
                    forced,
                    coldConnects,
                    loadDeviation,
                    streamDeviation,
                    moves.reconnects(),
                    bytes,
                    moves.last().toMillis() / 1e3,
                    moves.longestGap().toMillis());
        }
    }

    /** The counters that a change is measured by, before it. */
    private record Before(SchedulerStatus status, double bytes) {}

    private static void printTitles() {
        System.out.printf(
                "%d Proxies, %d streams; LAST: from the change to the last gateway's stream;"
                        + " LONGEST: that a gateway was without one%n%s%n",
                PROXIES, STREAMS, Measured.TITLES);
    }

    private void pool(int instances, String policy) {
        apply("""
                apiVersion: mpg.dev/v1alpha1
                kind: Scheduler
                metadata: {name: default}
                spec: {instances: %d, policy: %s, maxLoadFactor: %s, drainTimeout: 2s, movesPerMinute: 1000}
                """.formatted(instances, policy, MAX_LOAD_FACTOR));
    }

    /** Proxies on a pool of three, and their gateways, which connect; the counters are from before. */
    private Before start(String policy) {
        pool(3, policy);
        await("the pool is there").atMost(RATHER_LONG).until(() -> isWhole(scheduler(), 3));
        addresses = scheduler().instances().stream().collect(Collectors.toMap(Instance::name, Instance::xdsAddress));
        proxies = client.resources(Proxy.class).inNamespace(namespace).inform();
        gateways = new RoamingGateways(this::sentTo);
        Before empty = before("default-0", "default-1", "default-2");
        apply(IntStream.range(0, PROXIES)
                .mapToObj(i -> shop(0, "one", 3).replace("name: shop,", "name: shop" + i + ","))
                .collect(Collectors.joining("---\n")));
        await("all are placed").atMost(RATHER_LONG).until(() -> primaries().size() == PROXIES);
        for (int stream = 0; stream < STREAMS_PER_PROXY; stream++) {
            for (int i = 0; i < PROXIES; i++) {
                gateways.connect(clusterId("shop" + i), "gateway-" + i + "-" + stream);
            }
        }
        await("all gateways have a config").atMost(RATHER_LONG).until(() -> gateways.configured() == STREAMS);
        awaitSettled(3);
        return empty;
    }

    @AfterEach
    void endGateways() {
        if (gateways != null) {
            gateways.close();
            proxies.close();
        }
    }

    private String clusterId(String name) {
        return namespace + "." + name;
    }

    private List<String> instances(String clusterId) {
        return Optional.ofNullable(
                        proxies.getIndexer().getByKey(namespace + "/" + clusterId.substring(namespace.length() + 1)))
                .map(Proxy::getStatus)
                .map(ProxyStatus::instances)
                .orElse(List.of());
    }

    /** The xDS address of the first of a Proxy's instances. */
    private Optional<String> sentTo(String clusterId) {
        return instances(clusterId).stream().findFirst().map(addresses::get);
    }

    /** Where each Proxy's gateways are sent first, by cluster id. */
    private Map<String, String> primaries() {
        Map<String, String> primaries = new TreeMap<>();
        for (Proxy proxy : proxies.getIndexer().list()) {
            String clusterId = clusterId(proxy.getMetadata().getName());
            instances(clusterId).stream().findFirst().ifPresent(primary -> primaries.put(clusterId, primary));
        }
        return primaries;
    }

    /** How many Proxies' gateways are sent to each instance. */
    private static Map<String, Long> counts(Map<String, String> primaries) {
        return primaries.values().stream()
                .collect(Collectors.groupingBy(instance -> instance, TreeMap::new, Collectors.counting()));
    }

    private static boolean is(SchedulerStatus status, String condition) {
        return status.conditions().stream()
                .filter(one -> one.getType().equals(condition))
                .map(Condition::getStatus)
                .anyMatch("True"::equals);
    }

    private static boolean isWhole(SchedulerStatus status, int size) {
        return status != null
                && status.instances() != null
                && status.instances().size() == size
                && status.instances().stream().allMatch(instance -> "Ready".equals(instance.state()))
                && is(status, "Ready")
                && is(status, "Balanced");
    }

    private String state(String name) {
        return scheduler().instances().stream()
                .filter(instance -> instance.name().equals(name))
                .map(Instance::state)
                .findFirst()
                .orElseThrow();
    }

    /** Open streams at each instance, as it counts them. */
    private static Map<String, Long> streams(SchedulerStatus status) {
        Map<String, Long> streams = new TreeMap<>();
        status.instances()
                .forEach(instance -> streams.put(instance.name(), (long)
                        Metrics.of(instance.debugAddress()).sum("mpg_xds_streams")));
        return streams;
    }

    /** Whether what was decided is done: gateways are sent there, and have streams to an instance of their Proxy. */
    private boolean isSettled(SchedulerStatus status) {
        Map<String, Long> counts = counts(primaries());
        return is(status, "Balanced")
                && status.instances().stream()
                        .allMatch(instance ->
                                instance.load() == STREAMS_PER_PROXY * counts.getOrDefault(instance.name(), 0L))
                && gateways.streams().entrySet().stream()
                                .flatMap(cluster -> cluster.getValue().entrySet().stream()
                                        .filter(at -> mayBeAt(cluster.getKey(), at.getKey())))
                                .mapToLong(Map.Entry::getValue)
                                .sum()
                        == STREAMS;
    }

    private boolean mayBeAt(String clusterId, String address) {
        return instances(clusterId).stream().map(addresses::get).anyMatch(address::equals);
    }

    private void awaitSettled(int size) {
        await("a pool of " + size + " to which all gateways are connected")
                .atMost(RATHER_LONG)
                .pollInterval(Duration.ofMillis(200))
                .during(STILL)
                .until(() -> isWhole(scheduler(), size) && isSettled(scheduler()));
    }

    /** @param remaining instances that count on afterwards */
    private Before before(String... remaining) {
        SchedulerStatus status = scheduler();
        gateways.begin();
        return new Before(status, bytes(status, List.of(remaining)));
    }

    private static double bytes(SchedulerStatus status, Collection<String> instances) {
        return status.instances().stream()
                .filter(instance -> instances.contains(instance.name()))
                .mapToDouble(instance -> Metrics.of(instance.debugAddress()).resourceBytes())
                .sum();
    }

    /** Prints it, too. */
    private Measured since(Before before, String policy, String change) {
        SchedulerStatus status = scheduler();
        Measured measured = new Measured(
                policy,
                change,
                status.migrations().planned() - before.status.migrations().planned(),
                status.migrations().forced() - before.status.migrations().forced(),
                status.coldConnects() - before.status.coldConnects(),
                Double.parseDouble(status.loadStdDev()),
                deviation(streams(status).values()),
                bytes(status, addresses.keySet()) - before.bytes,
                gateways.moves());
        System.out.println(measured);
        return measured;
    }

    private static double deviation(Collection<Long> values) {
        double average = values.stream().mapToLong(value -> value).average().orElse(0);
        return Math.sqrt(values.stream()
                .mapToDouble(value -> (value - average) * (value - average))
                .average()
                .orElse(0));
    }

    private static long cap(int instances) {
        return (long) Math.ceil(MAX_LOAD_FACTOR * STREAMS / instances);
    }

    /** The fewest moves after which no instance has the cap without one of its Proxies. */
    private static long overflow(Map<String, Long> proxies, int instances) {
        return proxies.values().stream()
                .mapToLong(count -> STREAMS_PER_PROXY * (count - 1) - cap(instances))
                .filter(above -> above >= 0)
                .map(above -> above / STREAMS_PER_PROXY + 1)
                .sum();
    }

    private void assertWithinCap(int instances) {
        assertThat(scheduler().instances())
                .allSatisfy(instance -> assertThat(instance.load()).isLessThan(cap(instances) + STREAMS_PER_PROXY));
    }

    /** Shrinks a pool of three by one, and lets it grow again. */
    private List<Measured> shrinkAndGrow(String policy) {
        boolean bounded = policy.equals(DEFAULT);
        List<Measured> measured = new ArrayList<>();
        measured.add(since(start(policy), policy, "gateways come"));

        Map<String, Long> had = counts(primaries());
        Before three = before("default-0", "default-1");
        pool(2, policy);
        awaitSettled(2);
        measured.add(since(three, policy, "3 to 2 instances"));
        assertThat(measured.getLast().planned).isEqualTo(had.getOrDefault("default-2", 0L));
        if (bounded) {
            assertWithinCap(2);
        }

        had = counts(primaries());
        Before two = before("default-0", "default-1");
        pool(3, policy);
        awaitSettled(3);
        measured.add(since(two, policy, "2 to 3 instances"));
        if (bounded) {
            assertThat(measured.getLast().planned).isEqualTo(overflow(had, 3));
            assertWithinCap(3);
        }
        return measured;
    }

    @Test
    void the_default_moves_the_fewest_for_its_cap_and_sends_nothing_to_gateways_that_move() {
        printTitles();
        List<Measured> measured = new ArrayList<>(shrinkAndGrow("Random"));
        endGateways();
        deleteProxies();
        await("nothing is placed")
                .atMost(SOON)
                .until(() -> scheduler().instances().stream().allMatch(instance -> instance.load() == 0));
        namespace = api.newNamespace();
        measured.addAll(shrinkAndGrow(DEFAULT));

        assertThat(measured).filteredOn(one -> one.change.contains(" to ")).allSatisfy(one -> {
            assertThat(one.forced).isZero();
            assertThat(one.bytes).isZero();
            assertThat(one.moves.resources()).isZero();
        });
        assertThat(measured.getLast().loadDeviation).isLessThanOrEqualTo(measured.get(2).loadDeviation);
    }

    @Test
    void an_instance_that_hangs_is_given_up_after_a_while_and_comes_back_without_flapping() {
        printTitles();
        start(DEFAULT);
        Map<String, String> primariesBefore = primaries();
        Map<String, Long> had = counts(primariesBefore);
        Before three = before("default-0", "default-1", "default-2");
        ProcessHandle hung = process("default-2");
        signal("STOP", hung);
        SchedulerStatus without;
        try {
            await("it is suspect")
                    .atMost(RATHER_LONG)
                    .until(() -> state("default-2").equals("Suspect"));
            assertThat(primaries()).isEqualTo(primariesBefore);
            await("all its gateways are elsewhere")
                    .atMost(RATHER_LONG)
                    .until(() -> state("default-2").equals("Lost") && isSettled(scheduler()));
            without = scheduler();
        } finally {
            signal("CONT", hung);
        }
        assertThat(without.migrations().forced() - three.status.migrations().forced())
                .isEqualTo(had.getOrDefault("default-2", 0L));
        Duration away = gateways.moves().last();
        had = counts(primaries());
        awaitSettled(3);
        Measured measured = since(three, DEFAULT, "hangs, and comes back");
        System.out.printf("all gateways of the one that hung were elsewhere after %.1f s%n", away.toMillis() / 1e3);

        assertThat(process("default-2").pid()).isEqualTo(hung.pid());
        assertThat(scheduler().migrations().forced())
                .isEqualTo(without.migrations().forced());
        assertThat(scheduler().migrations().planned() - without.migrations().planned())
                .isEqualTo(overflow(had, 3));
        assertThat(measured.bytes).isZero();
        assertThat(measured.moves.resources()).isZero();
        assertWithinCap(3);
    }

    private static ProcessHandle process(String instance) {
        return processes().stream()
                .filter(process -> !isEnvoy(process) && commandLine(process).contains(instance))
                .findFirst()
                .orElseThrow();
    }

    private static void signal(String name, ProcessHandle process) {
        try {
            assertThat(new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                            .inheritIO()
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
