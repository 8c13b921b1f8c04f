package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.mpg.api.Proxy;
import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.Manifests;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which endpoints a config's clusters ask for, and what they are given. */
class LiveDataTest {
    private static final ServiceRef SHOP = new ServiceRef("edge", "shop", 80);

    private static final Endpoint A = new Endpoint("10.0.0.1", 8080);
    private static final Endpoint B = new Endpoint("10.0.0.1", 8081);
    private static final Endpoint C = new Endpoint("10.0.0.2", 80);
    private static final Endpoint D = new Endpoint("2001:db8::7", 80);

    private static Snapshot compiled(String backends, String patches) {
        return Compiled.snapshot(
                Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec: {backends: [%s], envoyPatches: [%s]}
                """.formatted(backends, patches), Proxy.class))));
    }

    /** With one cluster, whose endpoints are written down but which asks for others. */
    private static Snapshot askingFor(String name) {
        return compiled(
                "{name: written, endpoints: []}",
                "{type: Cluster, name: written, operations:"
                        + " [{op: add, path: /eds_cluster_config/service_name, value: '%s'}]}".formatted(name));
    }

    private static ClusterLoadAssignment message(Resource resource) {
        return (ClusterLoadAssignment) SnapshotYaml.message(resource);
    }

    @Test
    void theServicesAreThoseOfTheBackendsEachOnce() {
        Snapshot config = compiled("""
                {name: written, endpoints: [{host: 10.0.0.7, port: 80}]},
                {name: a, service: {name: shop, port: 80}},
                {name: b, service: {name: shop, port: 80}},
                {name: c, service: {name: shop, port: 8080}},
                {name: d, service: {name: checkout, port: 65535}}
                """, "");

        assertThat(LiveData.services(config))
                .containsExactlyInAnyOrder(
                        SHOP, new ServiceRef("edge", "shop", 8080), new ServiceRef("edge", "checkout", 65535));
        assertThat(config.resources(ResourceType.ENDPOINT))
                .extracting(Resource::name)
                .containsExactly("written");
    }

    @ParameterizedTest
    @ValueSource(strings = {"edge/shop:80", "a/b:1", "other-1/1-shop:65535"})
    void whatAPatchLetsAClusterAskForIsAServiceByItsName(String name) {
        assertThat(LiveData.services(askingFor(name)))
                .extracting(LiveData::name)
                .containsExactly(name);
    }

    /** A resource for it would have another name than the one that is asked for. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "written",
                "shop:80",
                "edge/shop",
                "edge/shop:",
                "edge/shop:0",
                "edge/shop:080",
                "edge/shop:65536",
                "edge/shop:99999999999",
                "edge/shop:http",
                "edge/shop:80/x",
                "edge//shop:80",
                "edge/..:80",
                "../edge/shop:80",
                "Edge/shop:80",
                "edge/shop%2F:80",
                "edge/-shop:80",
                " edge/shop:80"
            })
    void anyOtherNameIsNoServices(String name) {
        assertThat(LiveData.services(askingFor(name))).isEmpty();
    }

    @Test
    void aPatchedServiceIsTheOneThatCounts() {
        assertThat(LiveData.services(compiled("{name: a, service: {name: shop, port: 80}}", """
                        {type: Cluster, name: a, operations:
                          [{op: replace, path: /eds_cluster_config/service_name, value: other/shop:81}]}
                        """)))
                .containsExactly(new ServiceRef("other", "shop", 81));
        assertThat(LiveData.services(compiled("{name: a, service: {name: shop, port: 80}}", """
                        {type: Cluster, name: a, operations: [{op: remove, path: /eds_cluster_config}]}
                        """)))
                .isEmpty();
    }

    /** Which is the name by which its cluster asks. */
    @Test
    void endpointsHaveTheNameOfTheirService() {
        Resource resource = LiveData.resource(SHOP, List.of(A, D));

        assertThat(resource.type()).isEqualTo(ResourceType.ENDPOINT);
        assertThat(resource.name()).isEqualTo("edge/shop:80");
        assertThat(message(resource).getClusterName()).isEqualTo(resource.name());
        assertThat(message(resource).getEndpointsList())
                .singleElement()
                .satisfies(locality -> assertThat(locality.getLbEndpointsList())
                        .extracting(
                                endpoint -> endpoint.getEndpoint().getAddress().getSocketAddress())
                        .extracting(SocketAddress::getAddress, SocketAddress::getPortValue)
                        .containsExactly(tuple("10.0.0.1", 8080), tuple("2001:db8::7", 80)));
    }

    @Test
    void equalSetsOfEndpointsAreEqualBytes() {
        Resource resource = LiveData.resource(SHOP, List.of(A, B, C, D));

        assertThat(LiveData.resource(SHOP, List.of(D, B, A, C))).isEqualTo(resource);
        assertThat(LiveData.resource(SHOP, List.of(C, A, D, B, A, D))).isEqualTo(resource);
        assertThat(LiveData.resource(SHOP, List.of(A, B, C))).isNotEqualTo(resource);
    }

    /** Rather than no resource: Envoy would wait for it. */
    @Test
    void aServiceWithoutEndpointsHasAnEmptyAssignment() {
        Snapshot live = LiveData.of(Map.of(SHOP, List.of(), new ServiceRef("edge", "shop", 81), List.of(A)));

        assertThat(live.size()).isEqualTo(2);
        assertThat(live.resource(ResourceType.ENDPOINT, "edge/shop:80"))
                .hasValueSatisfying(empty -> assertThat(message(empty))
                        .isEqualTo(ClusterLoadAssignment.newBuilder()
                                .setClusterName("edge/shop:80")
                                .build()));
        assertThat(live.resource(ResourceType.ENDPOINT, "edge/shop:81"))
                .contains(LiveData.resource(new ServiceRef("edge", "shop", 81), List.of(A)));
    }
}
