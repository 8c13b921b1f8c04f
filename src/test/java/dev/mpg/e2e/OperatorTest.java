package dev.mpg.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Address;
import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.Programs;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The product as users have it, for tests to extend: a real API server, the operator, a proxy instance, real Envoys, real
 * requests. Each test has a namespace of its own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OperatorTest {
    static final Duration SOON = Duration.ofSeconds(30);
    static final ObjectMapper JSON = new ObjectMapper();
    static final String HOST = "shop.example.com";

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path state;

    final KubernetesApi api = KubernetesApi.shared();
    final KubernetesClient client = api.client();
    final Upstream one = Upstream.named("one");
    final Upstream two = Upstream.named("two");
    RunningOperator operator;
    String namespace;

    @BeforeAll
    void startOperator() {
        api.applyCrds();
        deleteEverything(); // what other tests left on the shared API server
        operator = startOperator("--keep-running");
        apply("""
                apiVersion: mpg.dev/v1alpha1
                kind: Scheduler
                metadata: {name: default}
                spec: {instances: 1}
                """);
    }

    RunningOperator startOperator(String... options) {
        return RunningOperator.start(api.kubeconfig(), state, Programs.envoy(), options);
    }

    @AfterAll
    void endEverything() {
        deleteEverything();
        await("all processes are taken down")
                .atMost(SOON)
                .until(() -> processes().isEmpty());
        operator.close();
        one.close();
        two.close();
    }

    void deleteEverything() {
        client.resources(Proxy.class).inAnyNamespace().delete();
        client.resources(Scheduler.class).delete();
    }

    @BeforeEach
    void useFreshNamespace(TestInfo test) {
        namespace = api.newNamespace();
    }

    @AfterEach
    void deleteProxies() {
        client.resources(Proxy.class).inNamespace(namespace).delete();
        await("the fleets are taken down")
                .atMost(SOON)
                .until(() -> processes().stream().noneMatch(OperatorTest::isEnvoy));
    }

    String shop(int replicas, String backend, int timeoutSeconds) {
        return """
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: %s}
                spec:
                  gateway: {replicas: %d}
                  listeners: [{name: http, port: 8080}]
                  routes:
                  - name: checkout
                    hostnames: [%s]
                    matches: [{path: {type: PathPrefix, value: /checkout}}]
                    backendRefs: [{name: %s, weight: 1}]
                    timeouts: {request: %ds}
                  - name: other
                    hostnames: [other.example.com]
                    backendRefs: [{name: one, weight: 1}]
                  backends:
                  - name: one
                    endpoints: [{host: 127.0.0.1, port: %d}]
                  - name: two
                    endpoints: [{host: 127.0.0.1, port: %d}]
                """.formatted(namespace, replicas, HOST, backend, timeoutSeconds, one.port(), two.port());
    }

    void apply(String yaml) {
        api.kubectl("apply", "-f", file(yaml).toString()).ok();
    }

    static Path file(String yaml) {
        try {
            return Files.writeString(state.resolve("applied.yaml"), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String kubectl(String... arguments) {
        return run(arguments).ok();
    }

    KubernetesApi.Output run(String... arguments) {
        return api.kubectl(
                Stream.concat(Stream.of("-n", namespace), Stream.of(arguments)).toArray(String[]::new));
    }

    void waitProgrammed() {
        kubectl("wait", "--for=condition=Programmed", "proxy/shop", "--timeout=30s");
    }

    Proxy proxy() {
        return client.resources(Proxy.class)
                .inNamespace(namespace)
                .withName("shop")
                .require();
    }

    Condition condition(String type) {
        return condition("shop", type);
    }

    Condition condition(String name, String type) {
        return Optional.ofNullable(client.resources(Proxy.class)
                        .inNamespace(namespace)
                        .withName(name)
                        .require()
                        .getStatus())
                .map(ProxyStatus::conditions)
                .orElse(List.of())
                .stream()
                .filter(condition -> type.equals(condition.getType()))
                .findFirst()
                .orElseGet(Condition::new);
    }

    /** What gateways run that have ACKed it: how many by version. */
    Map<String, Integer> versions() {
        Map<String, Integer> versions = new TreeMap<>();
        for (Running group : proxy().getStatus().fleet()) {
            if (group.state() == Standing.Current) {
                versions.put(group.version(), group.count());
            }
        }
        return versions;
    }

    /** What each gateway answers. */
    List<String> answers() {
        return proxy().getStatus().addresses().stream()
                .map(address -> Http.through(address.address(), HOST, "/checkout"))
                .toList();
    }

    SchedulerStatus scheduler() {
        return client.resources(Scheduler.class).withName("default").require().getStatus();
    }

    List<String> events() {
        return client.v1().events().inNamespace(namespace).list().getItems().stream()
                .map(Event::getReason)
                .toList();
    }

    String debugAddress() {
        return scheduler().instances().getFirst().debugAddress();
    }

    JsonNode debugStatus() {
        return json("/debug/config/status");
    }

    JsonNode json(String page) {
        try {
            return JSON.readTree(Http.get("http://" + debugAddress() + page));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    JsonNode clusterInDebugStatus(String clusterId) {
        for (JsonNode cluster : debugStatus().get("clusters")) {
            if (clusterId.equals(cluster.get("clusterId").asText())) {
                return cluster;
            }
        }
        throw new IllegalStateException("no cluster " + clusterId + " in " + debugStatus());
    }

    boolean gatewaysAreCurrent(int count) {
        if (Http.status("http://" + debugAddress() + "/healthz") != 200) {
            return false;
        }
        for (JsonNode cluster : debugStatus().get("clusters")) {
            int current = 0;
            for (JsonNode gateway : cluster.get("gateways")) {
                current += gateway.get("state").asText().equals("CURRENT") ? 1 : 0;
            }
            if (current == count) {
                return true;
            }
        }
        return false;
    }

    Metrics proxyMetrics() {
        return Metrics.of(debugAddress());
    }

    /** The version that came with what this gateway applied last. */
    static String versionInEnvoy(Address address) {
        return EnvoyConfig.of(host(address)).newestVersion();
    }

    static String host(Address address) {
        return address.address().substring(0, address.address().indexOf(':'));
    }

    /** Versions on the wire of the clusters and listeners that the proxy instance serves, by name. */
    Map<String, String> wireVersions(String clusterId) {
        Map<String, String> versions = new TreeMap<>();
        for (JsonNode resource : json("/debug/config/dump?cluster=" + clusterId).get("resources")) {
            if (Set.of("Cluster", "Listener").contains(resource.get("type").asText())) {
                ByteString hash = ByteString.copyFrom(
                        HexFormat.of().parseHex(resource.get("hash").asText()));
                versions.put(
                        resource.get("name").asText(),
                        ContentHash.fromBytes(hash).wire());
            }
        }
        return versions;
    }

    static boolean isEnvoy(ProcessHandle process) {
        return commandLine(process).getFirst().endsWith("envoy");
    }

    /** Proxy instances and gateways of this test's operators. */
    static List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(process -> commandLine(process).stream().anyMatch(word -> word.contains(state + "/processes/")))
                .toList();
    }

    /** From the kernel, since Java cuts long ones. A process that is gone has one empty word. */
    static List<String> commandLine(ProcessHandle process) {
        try {
            return List.of(Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"))
                    .split("\0"));
        } catch (IOException gone) {
            return List.of("");
        }
    }

    static List<Long> pids() {
        return processes().stream().map(ProcessHandle::pid).sorted().toList();
    }

    static ProcessHandle proxyInstance(String name) {
        return processes().stream()
                .filter(process -> !isEnvoy(process) && commandLine(process).contains(name))
                .findFirst()
                .orElseThrow();
    }

    static long proxyPid() {
        return processes().stream()
                .filter(process -> !isEnvoy(process))
                .findFirst()
                .orElseThrow()
                .pid();
    }
}
