package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Address;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.operator.proxy.History;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A change goes out in waves, and what is wrong with it hurts no more gateways than its wave has. */
class RolloutIT extends OperatorTest {
    private int commands;

    @Test
    void a_version_that_envoy_refuses_reaches_one_gateway_which_is_put_back() throws IOException {
        apply(shop(3, "one", 3));
        waitProgrammed();
        String good = proxy().getStatus().versions().stable();
        List<ServerSocket> taken = new ArrayList<>();
        try {
            for (Address address : proxy().getStatus().addresses()) {
                ServerSocket socket = new ServerSocket();
                socket.bind(new InetSocketAddress(InetAddress.getByName(host(address)), 8099));
                taken.add(socket);
            }
            apply(shop(3, "one", 3).replace("port: 8080", "port: 8099"));
            awaitPhase(Phase.RolledBack);
        } finally {
            for (ServerSocket socket : taken) {
                socket.close();
            }
        }

        ProxyStatus status = proxy().getStatus();
        assertThat(condition("Programmed").getReason()).isEqualTo("Rejected");
        assertThat(condition("Programmed").getMessage())
                .contains("Address already in use", "the fleet goes on with version " + good);
        assertThat(status.versions().stable()).isEqualTo(good);
        assertThat(status.fleet())
                .containsExactly(new Running(good, Standing.Current, 3, List.of("shop-0", "shop-1", "shop-2")));
        assertThat(status.rejections()).singleElement().satisfies(rejection -> {
            assertThat(rejection.gateways()).isEqualTo(1);
            assertThat(rejection.version()).isEqualTo(status.versions().desired());
        });
        assertThat(status.addresses())
                .allSatisfy(address -> assertThat(Http.through(host(address) + ":8080", HOST, "/checkout"))
                        .isEqualTo("200 one"));
        await("people are told")
                .atMost(SOON)
                .until(() -> events().containsAll(List.of("WaveOpened", "Rejected", "RolledBack")));

        apply(shop(3, "one", 3).replace("port: 8080", "port: 8098"));
        waitProgrammed();
        assertThat(proxy().getStatus().rejections()).isNull();
        assertThat(proxy().getStatus().rollout().failed()).isNull();
        await("history tells it")
                .atMost(SOON)
                .until(() -> List.copyOf(outcomes().values()).equals(List.of("Complete", "Rejected", "Complete")));
    }

    @Test
    void what_envoy_refuses_is_led_back_to_the_field_that_is_to_blame() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        apply(shop(2, "one", 3).replace("spec:\n", """
                spec:
                  envoyPatches:
                  - type: Cluster
                    name: two
                    operations: [{op: add, path: /lb_policy, value: CLUSTER_PROVIDED}]
                """));
        awaitPhase(Phase.RolledBack);

        assertThat(proxy().getStatus().rejections()).singleElement().satisfies(rejection -> {
            assertThat(rejection.resource()).isEqualTo("Cluster two");
            assertThat(rejection.object()).isEqualTo("Proxy " + namespace + "/shop");
            assertThat(rejection.field()).startsWith("spec.envoyPatches[0]");
            assertThat(rejection.message()).contains("cluster provided LB specified");
        });
        assertThat(condition("Programmed").getMessage()).contains("spec.envoyPatches[0]");
    }

    @Test
    void a_version_that_breaks_requests_is_taken_back_from_its_cohort() {
        try (Upstream failing = Upstream.failing(500)) {
            apply(waves(3, "one", "[{gateways: 1, bake: 1h}]"));
            waitProgrammed();
            String good = proxy().getStatus().versions().stable();
            List<String> gateways = proxy().getStatus().addresses().stream()
                    .map(Address::address)
                    .toList();
            try (ConstantTraffic traffic = ConstantTraffic.through(gateways, HOST, "/checkout", 40)) {
                await("there is traffic").atMost(SOON).until(() -> traffic.total() > 200);
                apply(waves(3, "two", "[{gateways: 1, bake: 1h}]")
                        .replace("port: " + two.port(), "port: " + failing.port()));
                awaitPhase(Phase.RolledBack);

                assertThat(condition("Programmed").getReason()).isEqualTo("Regression");
                assertThat(condition("Programmed").getMessage())
                        .contains("in the cohort", "in the rest of the fleet", "most by backend two");
                assertThat(versions()).isEqualTo(Map.of(good, 3));
                long failed = traffic.byStatus().getOrDefault(500, 0L);
                assertThat(gateways.stream()
                                .filter(gateway -> traffic.byStatus(gateway).containsKey(500)))
                        .as("gateways that failed requests")
                        .hasSize(1);
                long total = traffic.total();
                await("more traffic").atMost(SOON).until(() -> traffic.total() > total + 200);
                assertThat(traffic.byStatus().getOrDefault(500, 0L))
                        .as("failed requests, once everybody is back on stable")
                        .isCloseTo(failed, within(20L));
                assertThat(traffic.byStatus()).containsOnlyKeys(200, 500);
            }
        }
    }

    @Test
    void a_good_change_fails_no_request_in_any_wave() {
        String steps = "[{gateways: 1}, {gateways: 2}, {gateways: 100%}]";
        apply(waves(3, "one", steps));
        waitProgrammed();
        List<String> gateways =
                proxy().getStatus().addresses().stream().map(Address::address).toList();
        try (ConstantTraffic traffic = ConstantTraffic.through(gateways, HOST, "/checkout", 40)) {
            for (String backend : List.of("two", "one", "two")) {
                apply(waves(3, backend, steps));
                waitProgrammed();
                long total = traffic.total();
                await("more traffic").atMost(SOON).until(() -> traffic.total() > total + 50);
            }
            assertThat(traffic.byStatus()).containsOnlyKeys(200);
        }
        assertThat(events()).contains("WaveOpened", "RolloutComplete");
    }

    @Test
    void what_failed_is_not_tried_again_when_the_operator_is_killed() throws IOException {
        apply(shop(1, "one", 3));
        waitProgrammed();
        String host = host(proxy().getStatus().addresses().getFirst());
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(InetAddress.getByName(host), 8099));
            apply(shop(1, "one", 3).replace("port: 8080", "port: 8099"));
            awaitPhase(Phase.RolledBack);
        }
        operator.kill();
        operator = startOperator("--keep-running");
        awaitInstanceIsBack();

        assertThat(proxy().getStatus().rollout().phase()).isEqualTo(Phase.RolledBack);
        assertThat(Http.through(host + ":8080", HOST, "/checkout")).isEqualTo("200 one");
        command("resume");
        waitProgrammed();
        assertThat(Http.through(host + ":8099", HOST, "/checkout")).isEqualTo("200 one");
    }

    @Test
    void a_rollout_is_paused_resumed_aborted_and_promoted() {
        apply(waves(3, "one", "[{gateways: 1, bake: 1h}]"));
        waitProgrammed();
        String first = proxy().getStatus().versions().stable();
        command("pause by=alice");
        awaitObeyed();
        apply(waves(3, "two", "[{gateways: 1, bake: 1h}]"));
        awaitPhase(Phase.Paused);
        String second = proxy().getStatus().versions().target();
        assertThat(versions()).isEqualTo(Map.of(first, 3));
        assertThat(condition("Programmed").getMessage()).contains("paused by alice");

        command("resume");
        await("one gateway has it").atMost(SOON).until(() -> versions().equals(Map.of(first, 2, second, 1)));
        assertThat(answers()).containsExactlyInAnyOrder("200 one", "200 one", "200 two");
        assertThat(proxy().getStatus().rollout().message()).contains("step 1 of 2", "baking until");

        command("abort");
        awaitPhase(Phase.RolledBack);
        assertThat(condition("Programmed").getReason()).isEqualTo("Aborted");
        assertThat(versions()).isEqualTo(Map.of(first, 3));

        command("promote");
        waitProgrammed();
        assertThat(versions()).isEqualTo(Map.of(second, 3));
        assertThat(answers()).containsOnly("200 two");
    }

    @Test
    void a_gateway_that_comes_in_the_middle_of_a_wave_gets_stable() {
        apply(waves(2, "one", "[{gateways: 1, bake: 1h}]"));
        waitProgrammed();
        apply(waves(2, "two", "[{gateways: 1, bake: 1h}]"));
        await("one gateway has it").atMost(SOON).until(() -> versions().containsValue(1));
        apply(waves(3, "two", "[{gateways: 1, bake: 1h}]"));
        await("the new gateway serves")
                .atMost(SOON)
                .until(() ->
                        versions().equals(Map.of(proxy().getStatus().versions().stable(), 2, target(), 1)));
    }

    @Test
    void an_operator_that_is_killed_in_the_middle_of_a_wave_goes_on_and_sends_nothing() {
        apply(waves(3, "one", "[{gateways: 1, bake: 1h}]"));
        waitProgrammed();
        apply(waves(3, "two", "[{gateways: 1, bake: 1h}]"));
        await("one gateway has it").atMost(SOON).until(() -> versions().containsValue(1));
        Map<String, Integer> before = versions();
        List<String> cohort = proxy().getStatus().rollout().wave().cohort();
        double bytes = proxyMetrics().resourceBytes();

        operator.kill();
        operator = startOperator("--keep-running");
        awaitInstanceIsBack();

        assertThat(proxy().getStatus().rollout().wave().cohort()).isEqualTo(cohort);
        assertThat(versions()).isEqualTo(before);
        assertThat(proxyMetrics().resourceBytes()).isEqualTo(bytes);
        command("promote");
        waitProgrammed();
        assertThat(answers()).containsOnly("200 two");
    }

    @Test
    void an_instance_that_is_killed_in_the_middle_of_a_wave_serves_each_gateway_what_it_did() {
        apply(waves(3, "one", "[{gateways: 1, bake: 1h}]"));
        waitProgrammed();
        apply(waves(3, "two", "[{gateways: 1, bake: 1h}]"));
        await("one gateway has it").atMost(SOON).until(() -> versions().containsValue(1));
        Map<String, Integer> before = versions();
        long pid = proxyPid();

        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        await("another instance serves")
                .atMost(SOON)
                .until(() -> processes().stream().anyMatch(process -> !isEnvoy(process) && process.pid() != pid));
        await("it has all gateways").atMost(SOON).until(() -> gatewaysAreCurrent(3));

        await("they are reported").atMost(SOON).until(() -> versions().equals(before));
        assertThat(answers()).containsExactlyInAnyOrder("200 one", "200 one", "200 two");
    }

    private void awaitInstanceIsBack() {
        await("the operator knows the instance again")
                .atMost(SOON)
                .until(() -> scheduler().instances().getFirst().ready()
                        && proxy().getStatus().fleet().stream().noneMatch(group -> group.state() == Standing.Away));
    }

    private String waves(int replicas, String backend, String steps) {
        return shop(replicas, backend, 3).replace("spec:\n", "spec:\n  rollout: {steps: " + steps + "}\n");
    }

    private String target() {
        return proxy().getStatus().versions().target();
    }

    private void command(String command) {
        kubectl("annotate", "proxy/shop", "mpg.dev/rollout-command=" + command + " id=" + ++commands, "--overwrite");
    }

    private void awaitObeyed() {
        await("the command is obeyed")
                .atMost(SOON)
                .until(() -> proxy().getStatus().rollout().obeyed() != null);
    }

    private void awaitPhase(Phase phase) {
        await("phase " + phase)
                .atMost(SOON)
                .until(() -> proxy().getStatus().rollout().phase() == phase
                        && proxy().getMetadata()
                                .getGeneration()
                                .equals(proxy().getStatus().observedGeneration()));
    }

    /** What became of each version, by number. */
    private Map<Long, String> outcomes() {
        Map<Long, String> outcomes = new TreeMap<>();
        for (ControllerRevision revision : client.resources(ControllerRevision.class)
                .inNamespace(namespace)
                .withLabel(History.PROXY_LABEL, "shop")
                .list()
                .getItems()) {
            outcomes.put(
                    revision.getRevision(),
                    revision.getMetadata().getAnnotations().get(History.OUTCOME));
        }
        return outcomes;
    }
}
