package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Address;
import io.fabric8.kubernetes.api.model.Condition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A route applied with kubectl reaches every gateway, whatever is killed or wrong on the way. */
class EndToEndIT extends OperatorTest {
    @Test
    void a_route_applied_with_kubectl_reaches_every_gateway_and_its_hash_comes_back() {
        apply(shop(2, "one", 3));
        waitProgrammed();

        Proxy proxy = proxy();
        ProxyStatus status = proxy.getStatus();
        assertThat(status.observedGeneration()).isEqualTo(1);
        assertThat(status.versions().stable())
                .isEqualTo(status.versions().desired())
                .isEqualTo(status.versions().target());
        assertThat(status.gateways().summary()).isEqualTo("2/2");
        assertThat(status.addresses()).extracting(Address::gateway).containsExactly("shop-0", "shop-1");
        for (Address address : status.addresses()) {
            assertThat(Http.through(address.address(), HOST, "/checkout/1")).isEqualTo("200 one");
            assertThat(Http.through(address.address(), HOST, "/checkouts")).startsWith("404");
            assertThat(versionInEnvoy(address)).startsWith(status.versions().desired());
        }
        Map<String, String> wireVersions = wireVersions(status.clusterId());
        assertThat(wireVersions).containsOnlyKeys("http", "one", "two");
        assertThat(status.addresses())
                .allSatisfy(address -> assertThat(EnvoyConfig.of(host(address)).resourceVersions())
                        .isEqualTo(wireVersions));
        JsonNode served = clusterInDebugStatus(status.clusterId());
        assertThat(served.toString()).contains(status.versions().desired());
        assertThat(served.get("gateways"))
                .hasSize(2)
                .allSatisfy(gateway -> assertThat(gateway.get("state").asText()).isEqualTo("CURRENT"));
        assertThat(kubectl("get", "proxies").lines().toList().get(1).split("\\s+"))
                .startsWith("shop", status.versions().desired(), "2/2", "True", "Complete");
        assertThat(events()).contains("RolloutStarted", "Programmed");
    }

    @Test
    void a_changed_route_costs_its_host_alone() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        String before = proxy().getStatus().versions().stable();
        Metrics sent = proxyMetrics();

        apply(shop(2, "two", 3));
        waitProgrammed();

        Metrics now = proxyMetrics();
        assertThat(proxy().getStatus().versions().stable()).isNotEqualTo(before);
        assertThat(now.resources() - sent.resources())
                .as("one virtual host for each gateway")
                .isEqualTo(2);
        for (Address address : proxy().getStatus().addresses()) {
            assertThat(versionInEnvoy(address))
                    .startsWith(proxy().getStatus().versions().desired());
            await("the workers use what was ACKed")
                    .atMost(SOON)
                    .until(() ->
                            Http.through(address.address(), HOST, "/checkout").equals("200 two"));
        }
    }

    @Test
    void equal_content_is_not_sent_again() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        Metrics sent = proxyMetrics();
        Metrics published = Metrics.of(operator.httpAddress());

        apply(shop(2, "one", 3));
        kubectl("label", "proxy", "shop", "team=checkout");
        // Another spec with the same meaning: a new generation, the same version.
        apply(shop(2, "one", 3).replace("weight: 1}", "weight: 1000}"));
        await("the new generation is looked at")
                .atMost(SOON)
                .until(() -> proxy().getStatus().observedGeneration() == 2L);
        waitProgrammed();

        assertThat(proxyMetrics().resourceBytes()).isEqualTo(sent.resourceBytes());
        assertThat(Metrics.of(operator.httpAddress()).sum("mpg_sync_blob_bytes_total"))
                .isEqualTo(published.sum("mpg_sync_blob_bytes_total"));
    }

    @Test
    void an_operator_that_is_killed_or_restarted_sends_nothing_and_disturbs_nobody() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        Metrics sent = proxyMetrics();
        List<Long> running = pids();

        operator.kill();
        operator = startOperator("--keep-running");
        operator.terminate();
        operator = startOperator("--keep-running");
        await("the operator knows the instance again")
                .atMost(SOON)
                .until(() -> scheduler().instances().getFirst().ready());
        waitProgrammed();

        assertThat(pids()).as("processes were adopted").isEqualTo(running);
        assertThat(proxyMetrics().resourceBytes()).isEqualTo(sent.resourceBytes());
    }

    @Test
    void a_killed_proxy_instance_comes_back_from_disk_while_gateways_go_on() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        List<Address> gateways = proxy().getStatus().addresses();

        long killed = proxyPid();
        ProcessHandle.of(killed).orElseThrow().destroyForcibly();
        await("another process took its place, and the gateways are back")
                .atMost(SOON)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    for (Address gateway : gateways) {
                        assertThat(Http.through(gateway.address(), HOST, "/checkout"))
                                .isEqualTo("200 one");
                    }
                    return gatewaysAreCurrent(2);
                });

        assertThat(proxyPid()).isNotEqualTo(killed);
        assertThat(proxyMetrics().resourceBytes()).as("since the restart").isZero();
        waitProgrammed();
    }

    @Test
    void without_an_operator_the_proxy_instance_serves_a_gateway_that_is_new() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        Address gateway = proxy().getStatus().addresses().getFirst();
        operator.kill();
        try {
            ProcessHandle envoy =
                    processes().stream().filter(EndToEndIT::isEnvoy).findFirst().orElseThrow();
            List<String> command = commandLine(envoy);
            envoy.destroyForcibly();
            await().atMost(SOON).until(() -> !envoy.isAlive());
            Process fresh = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(state.resolve("fresh-envoy.log").toFile())
                    .start();
            try {
                await("the new gateway serves")
                        .atMost(SOON)
                        .ignoreExceptions()
                        .until(() -> Http.through(gateway.address(), HOST, "/checkout")
                                .equals("200 one"));
            } finally {
                fresh.destroyForcibly().waitFor();
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            operator = startOperator("--keep-running");
        }
        waitProgrammed();
    }

    @Test
    void a_spec_that_cannot_be_used_is_told_and_changes_nothing() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        String stable = proxy().getStatus().versions().stable();
        Metrics sent = proxyMetrics();

        apply(shop(1, "two", 3).replace("value: /checkout}", "value: /a//b}"));
        await("it is refused")
                .atMost(SOON)
                .until(() -> "False".equals(condition("Accepted").getStatus()));

        assertThat(condition("Accepted").getReason()).isEqualTo("InvalidSpec");
        assertThat(condition("Accepted").getMessage())
                .contains("spec.routes[0].matches[0].path.value", "/a//b", "leave out //");
        assertThat(condition("Programmed"))
                .extracting(Condition::getStatus, Condition::getObservedGeneration)
                .containsExactly("False", 2L);
        assertThat(run("wait", "--for=condition=Programmed", "proxy/shop", "--timeout=2s")
                        .exitCode())
                .as("wait does not return for an older generation")
                .isNotZero();
        assertThat(proxy().getStatus().versions().stable()).isEqualTo(stable);
        assertThat(Http.through(proxy().getStatus().addresses().getFirst().address(), HOST, "/checkout"))
                .isEqualTo("200 one");
        assertThat(proxyMetrics().resourceBytes()).isEqualTo(sent.resourceBytes());
        assertThat(events()).contains("InvalidSpec");

        apply(shop(1, "two", 3));
        waitProgrammed();
        assertThat(condition("Accepted").getStatus()).isEqualTo("True");
    }

    @Test
    void an_operator_that_starts_with_an_unusable_spec_leaves_the_running_config_alone() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        apply(shop(1, "two", 3).replace("value: /checkout}", "value: /a//b}"));
        await("it is refused")
                .atMost(SOON)
                .until(() -> "False".equals(condition("Accepted").getStatus()));
        String target = proxy().getStatus().versions().target();

        operator.kill();
        operator = startOperator("--keep-running");
        await("the operator knows the instance again")
                .atMost(SOON)
                .until(() -> scheduler().instances().getFirst().ready()
                        && "1/1".equals(proxy().getStatus().gateways().summary()));

        assertThat(proxy().getStatus().versions().target()).isEqualTo(target);
        assertThat(Http.through(proxy().getStatus().addresses().getFirst().address(), HOST, "/checkout"))
                .isEqualTo("200 one");
    }

    @Test
    void a_port_that_is_taken_is_told_in_envoys_words_and_heals_when_it_is_free() throws IOException {
        apply(shop(1, "one", 3));
        waitProgrammed();
        String address = proxy().getStatus().addresses().getFirst().address();
        String host = address.substring(0, address.indexOf(':'));
        List<Long> running = pids();
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(InetAddress.getByName(host), 8099));
            apply(shop(1, "one", 3).replace("port: 8080", "port: 8099"));
            await("it is refused")
                    .atMost(SOON)
                    .until(() -> "Rejected".equals(condition("Programmed").getReason()));
            assertThat(proxy().getStatus().gateways().rejected()).isEqualTo(1);
            assertThat(proxy().getStatus().rejections()).singleElement().satisfies(rejection -> {
                assertThat(rejection.gateway()).isEqualTo("shop-0");
                assertThat(rejection.resource()).startsWith("Listener");
                assertThat(rejection.message()).contains("8099", "Address already in use");
            });
            assertThat(events()).contains("Rejected");
            assertThat(pids()).as("nothing crashed").isEqualTo(running);
        }
        apply(shop(1, "one", 3).replace("port: 8080", "port: 8098"));
        waitProgrammed();
        assertThat(Http.through(host + ":8098", HOST, "/checkout")).isEqualTo("200 one");
    }

    @Test
    void a_cluster_id_belongs_to_the_older_proxy_and_is_inherited() {
        apply(shop(1, "one", 3).replace("spec:", "spec:\n  clusterId: " + namespace + "-shared"));
        waitProgrammed();
        apply(shop(1, "two", 3)
                .replace("name: shop,", "name: heir,")
                .replace("spec:", "spec:\n  clusterId: " + namespace + "-shared"));
        await("the newer one is told")
                .atMost(SOON)
                .until(() ->
                        "ClusterIdConflict".equals(condition("heir", "Accepted").getReason()));
        assertThat(condition("heir", "Accepted").getMessage()).contains("Proxy " + namespace + "/shop");
        assertThat(condition("Programmed").getStatus()).isEqualTo("True");

        kubectl("delete", "proxy", "shop");
        kubectl("wait", "--for=condition=Programmed", "proxy/heir", "--timeout=30s");
    }

    @Test
    void a_scheduler_that_is_not_there_is_named() {
        apply(shop(0, "one", 3).replace("spec:", "spec:\n  schedulerName: nobody"));
        await("it is told")
                .atMost(SOON)
                .until(() -> "SchedulerNotFound".equals(condition("Accepted").getReason()));
        assertThat(condition("Accepted").getMessage()).contains("no Scheduler named nobody");
    }

    @Test
    void a_proxy_deleted_while_no_operator_runs_is_taken_down_by_the_next_one() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        operator.kill();
        kubectl("delete", "proxy", "shop");
        operator = startOperator("--keep-running");
        await("its gateways are gone, and the instance forgot it")
                .atMost(SOON)
                .until(() -> processes().stream().noneMatch(EndToEndIT::isEnvoy)
                        && debugStatus().get("clusters").isEmpty());
    }

    @Test
    void a_proxy_that_is_replaced_by_another_of_its_name_leaves_nothing_behind() {
        for (int i = 0; i < 6; i++) {
            String yaml = shop(1, "one", 3).replace("spec:", "spec:\n  clusterId: " + namespace + "-" + i);
            kubectl("replace", "--force", "-f", file(yaml).toString());
        }
        waitProgrammed();
        assertThat(proxy().getStatus().clusterId()).isEqualTo(namespace + "-5");
        await("the others are gone").atMost(SOON).untilAsserted(() -> {
            assertThat(processes().stream().filter(EndToEndIT::isEnvoy)).hasSize(1);
            assertThat(debugStatus().get("clusters")).hasSize(1);
        });
    }

    @Test
    void an_operator_that_cannot_start_leaves_what_runs_alone() throws IOException {
        apply(shop(1, "one", 3));
        waitProgrammed();
        List<Long> running = pids();
        operator.kill();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> startOperator("--http-address=127.0.0.1:" + taken.getLocalPort()))
                    .hasMessageContaining("cannot listen on 127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("choose another --http-address");
        } finally {
            assertThat(pids()).isEqualTo(running);
            operator = startOperator("--keep-running");
        }
        waitProgrammed();
        assertThat(pids()).isEqualTo(running);
    }

    @Test
    void a_fleet_that_died_with_its_operator_is_not_said_to_be_programmed() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        operator.kill();
        processes().forEach(ProcessHandle::destroyForcibly);
        await().atMost(SOON).until(() -> processes().isEmpty());
        operator = startOperator("--keep-running");
        waitProgrammed();
        for (Address address : proxy().getStatus().addresses()) {
            assertThat(Http.through(address.address(), HOST, "/checkout")).isEqualTo("200 one");
        }
    }

    @Test
    void wait_returns_only_when_the_new_generation_is_on_every_gateway() {
        apply(shop(2, "one", 3));
        waitProgrammed();
        for (int timeout = 10; timeout < 20; timeout++) {
            apply(shop(2, "one", timeout));
            waitProgrammed();
            String desired = proxy().getStatus().versions().desired();
            assertThat(proxy().getStatus().observedGeneration())
                    .isEqualTo(proxy().getMetadata().getGeneration());
            for (Address address : proxy().getStatus().addresses()) {
                assertThat(versionInEnvoy(address)).startsWith(desired);
            }
        }
    }

    @Test
    void steps_of_one_proxy_are_logged_while_it_asks_for_it() {
        apply(shop(1, "one", 3));
        waitProgrammed();
        String step = "gateway shop-0 of cluster " + namespace + ".shop is sent";
        assertThat(log("operator.log") + log("default-0/log")).doesNotContain(step, "Delivery - " + namespace);

        kubectl("annotate", "proxy", "shop", "mpg.dev/debug=true");
        await().atMost(SOON)
                .untilAsserted(() ->
                        assertThat(log("default-0/log")).contains("Proxy " + namespace + ".shop: each step is logged"));
        apply(shop(1, "two", 3));
        waitProgrammed();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(log("default-0/log")).contains(step));
        assertThat(log("operator.log"))
                .contains(
                        "Delivery - " + namespace + ".shop: target",
                        "instance default-0 is told of " + namespace + ".shop");

        kubectl("annotate", "proxy", "shop", "mpg.dev/debug-");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(log("default-0/log"))
                        .contains("Proxy " + namespace + ".shop: steps are logged no longer"));
    }

    /** Of what is below the state folder. */
    private static String log(String name) {
        try (Stream<Path> files = Files.walk(state)) {
            return Files.readString(
                    files.filter(file -> file.endsWith(name)).findFirst().orElseThrow());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
