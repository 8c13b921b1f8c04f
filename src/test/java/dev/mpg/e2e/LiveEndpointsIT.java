package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.ProxyStatus;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Endpoints of Services reach every gateway at once, whatever config it runs, and make no version. */
class LiveEndpointsIT extends OperatorTest {
    private static final String LONG_WAVE = "[{gateways: 1, bake: 1h}]";

    private final List<Upstream> pods = new ArrayList<>();

    @AfterEach
    void endPods() {
        pods.forEach(Upstream::close);
    }

    private Upstream pod(String name) {
        Upstream pod = Upstream.pod(name);
        pods.add(pod);
        return pod;
    }

    /** @param ready those that take requests */
    private void service(Upstream... ready) {
        // There is no controller here that would make them of pods. Each has a port of its own, so a slice of its own.
        StringBuilder yaml = new StringBuilder("""
                apiVersion: v1
                kind: Service
                metadata: {name: cart, namespace: %s}
                spec: {ports: [{name: http, port: 80}]}
                """.formatted(namespace));
        kubectl("delete", "endpointslices", "--all");
        int number = 0;
        for (Upstream pod : ready) {
            yaml.append("""
                    ---
                    apiVersion: discovery.k8s.io/v1
                    kind: EndpointSlice
                    metadata: {name: cart-%d, namespace: %s, labels: {kubernetes.io/service-name: cart}}
                    addressType: IPv4
                    ports: [{name: http, port: %d}]
                    endpoints: [{addresses: [%s], conditions: {ready: true}}]
                    """.formatted(number++, namespace, pod.port(), pod.host()));
        }
        apply(yaml.toString());
    }

    private String shop(int timeoutSeconds) {
        return """
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: %s}
                spec:
                  gateway: {replicas: 2}
                  rollout: {steps: %s}
                  listeners: [{name: http, port: 8080}]
                  routes:
                  - name: checkout
                    hostnames: [%s]
                    backendRefs: [{name: cart}]
                    timeouts: {request: %ds}
                  backends:
                  - name: cart
                    service: {name: cart, port: 80}
                """.formatted(namespace, LONG_WAVE, HOST, timeoutSeconds);
    }

    private void awaitEveryAnswer(String answer) {
        await("both gateways answer " + answer)
                .atMost(SOON)
                .until(() -> answers().size() == 2 && Set.of(answer).containsAll(answers()));
    }

    private Map<String, Double> resourcesSent() {
        Map<String, Double> sent = new TreeMap<>();
        for (String type :
                List.of("Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration", "VirtualHost")) {
            sent.put(type, proxyMetrics().sum("mpg_xds_resources_total{type=\"" + type + "\"}"));
        }
        return sent;
    }

    @Test
    void endpoints_that_move_in_the_middle_of_a_wave_reach_stable_and_target_alike() {
        service(pod("first"));
        apply(shop(3));
        waitProgrammed();
        awaitEveryAnswer("200 first");
        apply(shop(4));
        await("one gateway has it").atMost(SOON).until(() -> versions().containsValue(1));
        Map<String, Integer> versions = versions();
        ProxyStatus before = proxy().getStatus();
        Map<String, Double> sent = resourcesSent();

        service(pod("second"));

        awaitEveryAnswer("200 second");
        Map<String, Double> expected = new TreeMap<>(sent);
        expected.compute(
                "ClusterLoadAssignment", (type, count) -> resourcesSent().get(type));
        assertThat(resourcesSent()).as("nothing but endpoints was sent").isEqualTo(expected);
        assertThat(versions()).isEqualTo(versions);
        assertThat(proxy().getStatus().rollout())
                .as("the wave goes on as it was")
                .isEqualTo(before.rollout());
        assertThat(proxy().getStatus().versions()).isEqualTo(before.versions());
        assertThat(condition("Progressing").getStatus()).isEqualTo("True");
    }

    @Test
    void a_service_without_ready_endpoints_is_served_as_it_is_and_reported() {
        service(pod("first"));
        apply(shop(3));
        waitProgrammed();
        awaitEveryAnswer("200 first");
        assertThat(condition("ResolvedRefs").getStatus()).isEqualTo("True");
        ProxyStatus before = proxy().getStatus();

        service();

        await("it is reported")
                .atMost(SOON)
                .until(() -> "NoReadyEndpoints".equals(condition("ResolvedRefs").getReason()));
        assertThat(condition("ResolvedRefs").getMessage()).contains(namespace + "/cart:80");
        await("gateways have none").atMost(SOON).until(() -> answers().stream().allMatch(a -> a.startsWith("503")));
        assertThat(operatorMetrics().sum("mpg_endpoint_sets{state=\"empty\"}")).isEqualTo(1);
        assertThat(condition("Programmed").getStatus()).isEqualTo("True");
        assertThat(proxy().getStatus().versions()).isEqualTo(before.versions());
        await("people are told").atMost(SOON).until(() -> events().contains("NoReadyEndpoints"));

        service(pod("second"), pod("third"));

        await("it is well again")
                .atMost(SOON)
                .until(() -> "True".equals(condition("ResolvedRefs").getStatus()));
        Set<String> seen = new HashSet<>();
        await("both serve").atMost(SOON).until(() -> {
            seen.addAll(answers());
            return seen.containsAll(Set.of("200 second", "200 third"));
        });
        assertThat(operatorMetrics().sum("mpg_endpoint_sets{state=\"empty\"}")).isZero();
    }

    private Metrics operatorMetrics() {
        return Metrics.of(operator.httpAddress());
    }
}
