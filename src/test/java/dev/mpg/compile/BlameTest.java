package dev.mpg.compile;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.config.GoldenCases.Case;
import dev.mpg.config.Manifests;
import dev.mpg.config.Origin;
import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who is blamed for what Envoy says: long sentences are Envoy 1.40's own, as {@link RefusalIT} hears them; short ones stand for
 * what it may say.
 */
class BlameTest {
    private static final String HOSTS = "routes/*, routes/a.example.com, routes/b.example.com";

    private static final TrafficConfig PLAIN = config("[]");

    /** Of each type the last resource is patched, but for listeners. */
    private static final TrafficConfig PATCHED = config("""
            [{type: Cluster, name: next, operations: [{op: add, path: /alt_stat_name, value: checkout-stats}]},
            {type: ClusterLoadAssignment, name: next, operations: [{op: remove, path: /x}]},
            {type: RouteConfiguration, name: routes, operations: [{op: remove, path: /x}]},
            {type: VirtualHost, name: routes/a.example.com, operations: [{op: remove, path: /x}]},
            {type: VirtualHost, name: routes/b.example.com, operations:
              [{op: replace, path: /routes/0/match, value: {safe_regex: {regex: '(unclosed'}}},
              {op: add, path: /domains/-, value: a.example.com}]}]
            """);

    private static TrafficConfig config(String patches) {
        return Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: 80}, {name: web, port: 81}]
                  routes:
                  - {name: other, backendRefs: [{name: checkout}]}
                  - {name: first, hostnames: [a.example.com, b.example.com], backendRefs: [{name: checkout}]}
                  - {name: second, hostnames: [b.example.com], matches: [{path: {value: /second-path}}], backendRefs: [{name: next}]}
                  backends: [{name: checkout, endpoints: []}, {name: next, endpoints: []}, {name: checkout-next, endpoints: []}]
                  envoyPatches:
                """ + patches.indent(4), Proxy.class)));
    }

    static List<Arguments> refusals() {
        return List.of(
                // One resource in the response.
                refusal(PLAIN, CLUSTER, "whatever", "next", "Cluster next: spec.backends[1]"),
                refusal(PLAIN, ENDPOINT, "whatever", "next", "ClusterLoadAssignment next: spec.backends[1].endpoints"),
                refusal(PLAIN, ROUTE, "whatever", "routes", "RouteConfiguration routes: spec.listeners"),
                refusal(PLAIN, LISTENER, "whatever", "gone", ""),
                // Listed.
                refusal(
                        PLAIN,
                        LISTENER,
                        "Error adding/updating listener(s) web: Didn't find a registered implementation for 'http' with"
                                + " type URL: ''",
                        "http, web",
                        "Listener web: spec.listeners[1]"),
                refusal(
                        PLAIN,
                        CLUSTER,
                        "Error adding/updating cluster(s) next: cannot create an EDS cluster without an EDS config",
                        "checkout, checkout-next, next",
                        "Cluster next: spec.backends[1]"),
                refusal(
                        PLAIN,
                        CLUSTER,
                        "Error adding/updating cluster(s) checkout-next: cannot create an EDS cluster without an EDS"
                                + " config, next: Didn't find a registered cluster factory implementation for name:"
                                + " 'checkout'",
                        "checkout, checkout-next, next",
                        "Cluster checkout-next: spec.backends[2] | Cluster next: spec.backends[1]"),
                refusal(
                        PLAIN,
                        LISTENER,
                        "Error adding/updating listener(s) http: Didn't find a registered implementation for 'nope' with"
                                + " type URL: ''\nweb: Didn't find a registered implementation for 'nope' with type URL: ''\n",
                        "http, web",
                        "Listener http: spec.listeners[0] | Listener web: spec.listeners[1]"),
                // Shown.
                refusal(
                        PLAIN,
                        CLUSTER,
                        "goo.gle/debugproto    \nname: \"next\"\ntype: EDS\nalt_stat_name: \"checkout\"\nconnect_timeout {\n}\n"
                                + ": Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be"
                                + " greater than 0s)",
                        "checkout, next",
                        "Cluster next: spec.backends[1]"),
                refusal(
                        PLAIN,
                        ENDPOINT,
                        "goo.gle/debugonly  \ncluster_name: \"next\"\nendpoints {\n  priority: 200\n}\n: Proto constraint"
                                + " validation failed (ClusterLoadAssignmentValidationError.Endpoints[0]: embedded message"
                                + " failed validation | caused by LocalityLbEndpointsValidationError.Priority: value must be"
                                + " less than or equal to 128)",
                        "checkout, next",
                        "ClusterLoadAssignment next: spec.backends[1].endpoints"),
                refusal(
                        PLAIN,
                        VIRTUAL_HOST,
                        "goo.gle/debugstr  \nname: \"routes/b.example.com\"\nroutes {\n  name: \"second\"\n}\n: Proto constraint"
                                + " validation failed (VirtualHostValidationError.Domains: value must contain at least 1"
                                + " item(s))",
                        HOSTS,
                        "VirtualHost routes/b.example.com: spec.routes[1] spec.routes[2]"),
                // Mentioned.
                refusal(
                        PLAIN,
                        VIRTUAL_HOST,
                        "Only unique values for domains are permitted. Duplicate entry of domain a.example.com in route"
                                + " routes",
                        HOSTS,
                        "VirtualHost routes/a.example.com: spec.routes[1]"),
                refusal(
                        PATCHED,
                        VIRTUAL_HOST,
                        "Only unique values for domains are permitted. Duplicate entry of domain a.example.com in route"
                                + " routes",
                        HOSTS,
                        "VirtualHost routes/a.example.com: spec.envoyPatches[3] spec.routes[1]"
                                + " | VirtualHost routes/b.example.com: spec.envoyPatches[4] spec.routes[1] spec.routes[2]"),
                refusal(
                        PATCHED,
                        VIRTUAL_HOST,
                        "missing ): (unclosed",
                        HOSTS,
                        "VirtualHost routes/b.example.com: spec.envoyPatches[4] spec.routes[1] spec.routes[2]"),
                refusal(
                        PLAIN,
                        CLUSTER,
                        "something about checkout-next.",
                        "checkout, next",
                        "Cluster checkout-next: spec.backends[2]"),
                refusal(
                        PLAIN,
                        VIRTUAL_HOST,
                        "b.example.com: bad /second-path",
                        HOSTS,
                        "VirtualHost routes/b.example.com: spec.routes[2] spec.routes[1]"),
                // A state-of-the-world gateway's virtual hosts.
                refusal(
                        PATCHED,
                        ROUTE,
                        "missing ): (unclosed",
                        "routes",
                        "VirtualHost routes/b.example.com: spec.envoyPatches[4] spec.routes[1] spec.routes[2]"),
                refusal(
                        PATCHED,
                        ROUTE,
                        "goo.gle/debugproto  \nname: \"routes\"\nvirtual_hosts {\n  name: \"routes/*\"\n}\n: Proto constraint"
                                + " validation failed (RouteConfigurationValidationError.VirtualHosts[2]: embedded message"
                                + " failed validation)",
                        "routes",
                        "RouteConfiguration routes: spec.envoyPatches[2] spec.listeners"
                                + " | VirtualHost routes/a.example.com: spec.envoyPatches[3] spec.routes[1]"
                                + " | VirtualHost routes/b.example.com: spec.envoyPatches[4] spec.routes[1] spec.routes[2]"),
                // Nothing to go by.
                refusal(
                        PATCHED,
                        CLUSTER,
                        "no idea",
                        "checkout, next",
                        "Cluster next: spec.envoyPatches[0] spec.backends[1] | Cluster checkout: spec.backends[0]"),
                refusal(PLAIN, LISTENER, "", "", "Listener http: spec.listeners[0] | Listener web: spec.listeners[1]"));
    }

    private static Arguments refusal(
            TrafficConfig config, ResourceType type, String message, String names, String culprits) {
        List<String> sent = Arrays.stream(names.split(", ", -1))
                .filter(name -> !name.isEmpty())
                .toList();
        return Arguments.of(config, type, message, sent, culprits);
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void leadsTo(TrafficConfig config, ResourceType type, String message, List<String> names, String culprits) {
        assertThat(String.join(
                        " | ",
                        Blame.culprits(config, type, message, names).stream()
                                .map(culprit -> culprit.type().messageName() + " " + culprit.resourceName() + ": "
                                        + String.join(
                                                " ",
                                                culprit.origins().stream()
                                                        .map(Origin::field)
                                                        .toList()))
                                .toList()))
                .isEqualTo(culprits);
    }

    @Test
    void noMoreThanSixteenAreBlamed() {
        List<dev.mpg.config.Backend> backends = IntStream.range(0, 100)
                .mapToObj(i -> new dev.mpg.config.Backend(
                        "b" + i, List.of(), PLAIN.backends().getFirst().origin()))
                .toList();
        assertThat(Blame.culprits(
                        new TrafficConfig("eu", List.of(), List.of(), backends), CLUSTER, "no idea", List.of()))
                .hasSize(16);
    }

    static List<Case> cases() {
        return CompilerGoldenTest.cases();
    }

    /** Whatever the backends are called, their clusters ask for the Service's endpoints. */
    @Test
    void aServicesEndpointsLeadToEachBackendThatHasThem() {
        TrafficConfig config = Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  backends:
                  - {name: shop, endpoints: []}
                  - {name: checkout, service: {name: shop, port: 80}}
                  - {name: other-port, service: {name: shop, port: 8080}}
                  - {name: other-limits, service: {name: shop, port: 80}, circuitBreaker: {maxConnections: 1}}
                """, Proxy.class)));

        String message =
                "goo.gle/debugonly  \ncluster_name: \"edge/shop:80\"\nendpoints {\n}\n: Proto constraint validation"
                        + " failed (ClusterLoadAssignmentValidationError.Endpoints[0]: embedded message failed validation)";
        assertThat(Blame.culprits(config, ENDPOINT, message, List.of("shop", "edge/shop:80")))
                .singleElement()
                .satisfies(culprit -> {
                    assertThat(culprit.resourceName()).isEqualTo("edge/shop:80");
                    assertThat(culprit.origins())
                            .extracting(Origin::field)
                            .containsExactly("spec.backends[1].service", "spec.backends[3].service");
                });
        assertThat(Origins.of(config, ENDPOINT, "shop"))
                .extracting(Origin::field)
                .containsExactly("spec.backends[0].endpoints");
        assertThat(Origins.of(config, ENDPOINT, "checkout")).isEmpty();
        assertThat(Origins.of(config, CLUSTER, "checkout"))
                .extracting(Origin::field)
                .containsExactly("spec.backends[1]");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyResourceHasItsOriginsAndNoOtherHas(Case golden) {
        TrafficConfig config = Manifests.config(golden.input());
        Snapshot compiled = Compiled.snapshot(config);
        Snapshot live =
                LiveData.of(LiveData.services(compiled).stream().collect(toMap(service -> service, _ -> List.of())));
        for (ResourceType type : ResourceType.values()) {
            assertThat(Stream.of(compiled, live).flatMap(snapshot -> snapshot.resources(type).stream()))
                    .allSatisfy(resource -> assertThat(Origins.of(config, type, resource.name()))
                            .isNotEmpty())
                    .extracting(resource -> resource.name())
                    .containsExactlyInAnyOrderElementsOf(
                            Origins.names(config, type).toList());
            assertThat(Origins.of(config, type, "routes/gone")).isEmpty();
        }
    }
}
