package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.SchedulerStatus;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A pool that grows, shrinks and loses instances, with real Envoys that must not notice. */
class SchedulerIT extends OperatorTest {
    private static final int PROXIES = 4;

    private void pool(String spec) {
        apply("""
                apiVersion: mpg.dev/v1alpha1
                kind: Scheduler
                metadata: {name: default}
                spec: %s
                """.formatted(spec));
    }

    @AfterEach
    void leaveOneInstance() {
        pool("{instances: 1}");
    }

    /** The first ones have a gateway that is run; the others' gateways would be run elsewhere. */
    private void proxies(int withGateways) {
        IntStream.range(0, PROXIES)
                .forEach(i -> apply(shop(i < withGateways ? 1 : 0, "one", 3)
                        .replace("name: shop", "name: shop" + i)
                        .replace("port: 8080", "port: " + (8080 + i))));
        await("all are placed").atMost(SOON).until(() -> instances().size() == PROXIES);
        for (int i = 0; i < withGateways; i++) {
            kubectl("wait", "--for=condition=Programmed", "proxy/shop" + i, "--timeout=30s");
        }
    }

    /** Where each Proxy's gateways are sent first. */
    private Map<String, String> primaries() {
        return instances().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().getFirst(), (one, _) -> one, TreeMap::new));
    }

    private Map<String, List<String>> instances() {
        Map<String, List<String>> instances = new TreeMap<>();
        for (Proxy proxy :
                client.resources(Proxy.class).inNamespace(namespace).list().getItems()) {
            Optional.ofNullable(proxy.getStatus())
                    .map(ProxyStatus::instances)
                    .filter(placed -> !placed.isEmpty())
                    .ifPresent(placed -> instances.put(proxy.getMetadata().getName(), placed));
        }
        return instances;
    }

    private List<String> addresses() {
        return client.resources(Proxy.class).inNamespace(namespace).list().getItems().stream()
                .flatMap(proxy ->
                        Stream.ofNullable(proxy.getStatus().addresses()).flatMap(List::stream))
                .map(address -> address.address())
                .toList();
    }

    private SchedulerStatus.Instance instance(String name) {
        return scheduler().instances().stream()
                .filter(instance -> instance.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private boolean is(String condition) {
        return scheduler().conditions().stream()
                .filter(one -> one.getType().equals(condition))
                .map(Condition::getStatus)
                .anyMatch("True"::equals);
    }

    private void awaitPool(int size) {
        await("the pool has " + size + " instances")
                .atMost(SOON)
                .until(() -> scheduler().instances().size() == size && is("Ready") && is("Balanced"));
    }

    @Test
    void a_pool_that_grows_and_shrinks_moves_proxies_without_a_gap() {
        pool("{instances: 1, drainTimeout: 2s}");
        proxies(2);
        assertThat(primaries().values()).containsOnly("default-0");
        long migrations = scheduler().migrations().planned();
        long cold = scheduler().coldConnects();

        try (ConstantTraffic traffic = ConstantTraffic.through(addresses(), HOST, "/checkout", 50)) {
            pool("{instances: 2, replicasPerProxy: 1, drainTimeout: 2s}");
            awaitPool(2);
            await("the fewest moves keep the cap of 3")
                    .atMost(SOON)
                    .until(() -> primaries().values().stream()
                                    .filter("default-1"::equals)
                                    .count()
                            == 1);
            assertThat(scheduler().migrations().planned() - migrations).isEqualTo(1);
            assertThat(scheduler().coldConnects() - cold).isEqualTo(1);
            assertThat(instance("default-1").load()).isEqualTo(1);

            pool("{instances: 1, drainTimeout: 2s}");
            await("what moved away moves back, and the pool shrinks then")
                    .atMost(SOON)
                    .until(() -> primaries().values().stream().allMatch("default-0"::equals)
                            && scheduler().instances().size() == 1);
            assertThat(traffic.byStatus()).containsOnlyKeys(200);
        }
    }

    @Test
    void gateways_move_with_what_they_have() {
        pool("{instances: 2, drainTimeout: 2s}");
        awaitPool(2);
        proxies(2);
        assertThat(instances().values())
                .allSatisfy(placed -> assertThat(placed).containsExactlyInAnyOrder("default-0", "default-1"));
        String leaving = "default-1";
        List<String> moving = primaries().entrySet().stream()
                .filter(entry -> entry.getValue().equals(leaving))
                .map(Map.Entry::getKey)
                .toList();
        assertThat(moving).isNotEmpty();
        await("all have connected")
                .atMost(SOON)
                .until(() ->
                        instance("default-0").gateways() + instance("default-1").gateways() == 2);
        double bytes = Metrics.of(instance("default-0").debugAddress()).resourceBytes();

        try (ConstantTraffic traffic = ConstantTraffic.through(addresses(), HOST, "/checkout", 50)) {
            pool("{instances: 1, drainTimeout: 2s}");
            await("its gateways are at the other one").atMost(SOON).untilAsserted(() -> {
                assertThat(instances().values()).containsOnly(List.of("default-0"));
                assertThat(scheduler().instances())
                        .extracting(SchedulerStatus.Instance::name)
                        .containsExactly("default-0");
                assertThat(instance("default-0").gateways()).isEqualTo(2);
            });
            assertThat(Metrics.of(instance("default-0").debugAddress()).resourceBytes())
                    .as("bytes to gateways that came")
                    .isEqualTo(bytes);
            assertThat(traffic.byStatus()).containsOnlyKeys(200);
        }
    }

    @Test
    void standbys_serve_when_an_instance_is_killed_and_nothing_moves() {
        pool("{instances: 2}");
        awaitPool(2);
        proxies(2);
        Map<String, List<String>> before = instances();
        try (ConstantTraffic traffic = ConstantTraffic.through(addresses(), HOST, "/checkout", 50)) {
            long pid = proxyPid();
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
            apply(shop(1, "two", 3).replace("name: shop", "name: shop0"));
            await("a change arrives")
                    .atMost(SOON)
                    .until(() -> Http.through(addresses().getFirst(), HOST, "/checkout")
                            .equals("200 two"));
            await("it is back").atMost(SOON).until(() -> is("Ready"));
            await("its gateways are back, too")
                    .atMost(SOON)
                    .untilAsserted(() -> before.entrySet().stream()
                            .limit(2)
                            .map(entry -> entry.getValue().getFirst())
                            .collect(Collectors.groupingBy(primary -> primary, Collectors.counting()))
                            .forEach((primary, gateways) ->
                                    assertThat(instance(primary).gateways()).isEqualTo(gateways.intValue())));
            assertThat(traffic.byStatus()).containsOnlyKeys(200);
        }
        assertThat(instances()).isEqualTo(before);
    }

    /** As an upgrade does it: each instance ends and is started again, and the next one only when that one serves. */
    @Test
    void a_rolling_restart_moves_nobody_and_sends_nothing_again() {
        pool("{instances: 3}");
        awaitPool(3);
        proxies(2);
        Map<String, List<String>> before = instances();
        long moves =
                scheduler().migrations().planned() + scheduler().migrations().forced();
        Map<String, Long> primaryOf = before.entrySet().stream()
                .limit(2)
                .collect(Collectors.groupingBy(
                        entry -> entry.getValue().getFirst(), TreeMap::new, Collectors.counting()));
        await("all have connected").atMost(SOON).untilAsserted(() -> assertGateways(primaryOf));
        try (ConstantTraffic traffic = ConstantTraffic.through(addresses(), HOST, "/checkout", 50)) {
            for (String name : List.of("default-0", "default-1", "default-2")) {
                ProcessHandle restarted = proxyInstance(name);
                restarted.destroy();
                await("another process is " + name)
                        .atMost(SOON)
                        .until(() -> !restarted.isAlive()
                                && scheduler().instances().size() == 3
                                && is("Ready")
                                && is("Balanced"));
                await("gateways are where they belong").atMost(SOON).untilAsserted(() -> assertGateways(primaryOf));
                assertThat(Metrics.of(instance(name).debugAddress()).resourceBytes())
                        .as("bytes to gateways that came back to " + name)
                        .isZero();
            }
            assertThat(traffic.byStatus()).containsOnlyKeys(200);
        }
        assertThat(instances()).isEqualTo(before);
        assertThat(scheduler().migrations().planned() + scheduler().migrations().forced())
                .isEqualTo(moves);
    }

    private void assertGateways(Map<String, Long> primaryOf) {
        primaryOf.forEach((primary, gateways) ->
                assertThat(instance(primary).gateways()).as(primary).isEqualTo(gateways.intValue()));
    }
}
