package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.testing.Programs;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Endpoints of a Service, from its EndpointSlices to the Envoys. */
class ServiceEndpointsIT extends OperatorTest {
    private ApiServerRelay relay;

    /** Through a relay, so that the API server can be away for the operator alone. */
    @Override
    RunningOperator startOperator(String... options) {
        if (relay == null) {
            relay = ApiServerRelay.start(api.kubeconfig(), state.resolve("relay.kubeconfig"));
        }
        return RunningOperator.start(relay.kubeconfig(), state, Programs.envoy(), options);
    }

    @Override
    @AfterAll
    void endEverything() {
        super.endEverything();
        relay.close();
    }

    @Test
    void endpoints_reach_every_gateway_without_a_version() {
        apply(referring());
        waitProgrammed();
        assertThat(condition("ResolvedRefs").getReason()).isEqualTo("ServiceNotFound");
        assertThat(statuses()).containsOnly(503);

        create(service());
        awaitReason("NoReadyEndpoints");
        create(slice("10.0.0.1"));
        awaitReason("ResolvedRefs");
        awaitEndpoints("10.0.0.1:8080");
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(events()).contains("ServiceNotFound", "NoReadyEndpoints", "ResolvedRefs"));

        Proxy before = proxy();
        ProxyStatus.Versions versions = before.getStatus().versions();
        edit("10.0.0.1", "10.0.0.2");
        awaitEndpoints("10.0.0.1:8080", "10.0.0.2:8080");
        assertThat(proxy().getMetadata().getResourceVersion())
                .as("no status is written")
                .isEqualTo(before.getMetadata().getResourceVersion());

        edit();
        awaitReason("NoReadyEndpoints");
        awaitEndpoints();
        assertThat(proxy().getStatus().versions()).isEqualTo(versions);
        assertThat(condition("Programmed").getStatus()).isEqualTo("True");
    }

    @Test
    void while_the_api_server_is_away_and_after_a_restart_endpoints_stay() {
        create(service());
        create(slice("10.0.0.1"));
        apply(referring());
        waitProgrammed();
        awaitEndpoints("10.0.0.1:8080");

        relay.cut();
        edit("10.0.0.2");
        relay.pass();
        awaitEndpoints("10.0.0.2:8080");

        double bytes = proxyMetrics().resourceBytes();
        operator.terminate();
        operator = startOperator("--keep-running");
        await("it has looked")
                .atMost(SOON)
                .until(() -> Metrics.of(operator.httpAddress()).sum("mpg_endpoint_sets") == 1);
        awaitReason("ResolvedRefs");
        assertThat(proxyMetrics().resourceBytes()).as("bytes to gateways").isEqualTo(bytes);
        edit("10.0.0.3");
        awaitEndpoints("10.0.0.3:8080");
    }

    /** Its backend's cluster asks for the endpoints of a Service. */
    private String referring() {
        return shop(2, "one", 3).replace("spec:\n", """
                spec:
                  envoyPatches:
                  - {type: Cluster, name: one, operations: [{op: add, path: /eds_cluster_config/service_name, value: "%s/checkout:80"}]}
                """.formatted(namespace));
    }

    private Service service() {
        return new ServiceBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("checkout")
                .endMetadata()
                .withNewSpec()
                .addNewPort()
                .withName("http")
                .withPort(80)
                .endPort()
                .endSpec()
                .build();
    }

    private EndpointSlice slice(String... addresses) {
        return new EndpointSliceBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("checkout")
                .addToLabels("kubernetes.io/service-name", "checkout")
                .endMetadata()
                .withAddressType("IPv4")
                .addNewPort()
                .withName("http")
                .withPort(8080)
                .endPort()
                .withEndpoints(Stream.of(addresses)
                        .map(address ->
                                new EndpointBuilder().withAddresses(address).build())
                        .toList())
                .build();
    }

    private void create(HasMetadata object) {
        client.resource(object).create();
    }

    private void edit(String... addresses) {
        client.discovery()
                .v1()
                .endpointSlices()
                .inNamespace(namespace)
                .withName("checkout")
                .edit(slice -> new EndpointSliceBuilder(slice)
                        .withEndpoints(slice(addresses).getEndpoints())
                        .build());
    }

    private void awaitReason(String reason) {
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(condition("ResolvedRefs").getReason()).isEqualTo(reason));
    }

    private void awaitEndpoints(String... endpoints) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(proxy().getStatus().addresses())
                        .hasSize(2)
                        .allSatisfy(
                                address -> assertThat(endpoints(host(address))).containsExactlyInAnyOrder(endpoints)));
    }

    /** Those of the backend, as this Envoy has them. */
    private static List<String> endpoints(String host) {
        try {
            for (JsonNode cluster : JSON.readTree(Http.get("http://" + host + ":9901/clusters?format=json"))
                    .get("cluster_statuses")) {
                if (cluster.get("name").asText().equals("one")) {
                    return StreamSupport.stream(cluster.path("host_statuses").spliterator(), false)
                            .map(endpoint -> endpoint.at("/address/socket_address"))
                            .map(address -> address.get("address").asText() + ":"
                                    + address.get("port_value").asInt())
                            .toList();
                }
            }
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Integer> statuses() {
        return proxy().getStatus().addresses().stream()
                .map(address -> Http.statusThrough(address.address(), HOST, "/checkout"))
                .toList();
    }
}
