package dev.mpg.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec.PatchOp;
import dev.mpg.config.Backend.CircuitBreaker;
import dev.mpg.config.Route.PathMatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a valid spec is read as. What makes one invalid: {@link SpecReaderGoldenTest}. */
class SpecReaderTest {
    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");

    private static TrafficConfig read(String spec) {
        return Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                """ + spec.indent(2), Proxy.class)));
    }

    /** A route to a backend that exists. */
    private static Route route(String fields) {
        return read("""
                routes: [{name: r, backendRefs: [{name: a}], %s}]
                backends: [{name: a, endpoints: []}]
                """.formatted(fields)).routes().getFirst();
    }

    @Test
    void anEmptySpecIsAnEmptyConfig() {
        assertThat(read("{}")).isEqualTo(new TrafficConfig("edge.shop", List.of(), List.of(), List.of()));
    }

    @Test
    void theClusterIdIsTheOneWrittenOrTheObjectsName() {
        assertThat(read("{}").clusterId()).isEqualTo("edge.shop");
        assertThat(read("clusterId: eu-west-1").clusterId()).isEqualTo("eu-west-1");
    }

    @Test
    void aRouteTakesEveryHostAndPathByDefault() {
        for (String fields : List.of("timeouts: {}", "hostnames: [], matches: []", "matches: [{}]")) {
            Route route = route(fields);
            assertThat(route.hostnames()).containsExactly("*");
            assertThat(route.matches()).containsExactly(new Route.Match(new PathMatch.Prefix("/")));
            assertThat(route.timeouts().request()).isEmpty();
            assertThat(route.backendRefs())
                    .singleElement()
                    .satisfies(ref -> assertThat(ref.weight()).isEqualTo(1));
        }
    }

    @Test
    void hostnamesAreLowerCasedAndNamedOnce() {
        assertThat(route("hostnames: [Shop.Example.COM, '*.I.example', shop.example.com]")
                        .hostnames())
                .containsExactly("shop.example.com", "*.i.example");
    }

    @ParameterizedTest
    @CsvSource({"/, /", "/foo, /foo", "/foo/, /foo", "/foo/bar/, /foo/bar", "/Foo/, /Foo"})
    void aPrefixesTrailingSlashIsIgnored(String written, String read) {
        assertThat(route("matches: [{path: {value: %s}}]".formatted(written)).matches())
                .isEqualTo(route("matches: [{path: {type: PathPrefix, value: %s}}]".formatted(written))
                        .matches())
                .containsExactly(new Route.Match(new PathMatch.Prefix(read)));
    }

    @ParameterizedTest
    @CsvSource({"/", "/foo", "/foo/", "/Foo/"})
    void anExactPathStaysAsItIs(String written) {
        assertThat(route("matches: [{path: {type: Exact, value: %s}}]".formatted(written))
                        .matches())
                .containsExactly(new Route.Match(new PathMatch.Exact(written)));
    }

    @Test
    void noTimeoutIsNotAZeroTimeout() {
        assertThat(route("timeouts: {request: 0s}").timeouts().request()).contains(Duration.ZERO);
        assertThat(route("timeouts: {request: 1m30s}").timeouts().request()).contains(Duration.ofSeconds(90));
    }

    @Test
    void aWeightOfZeroIsNotTheDefault() {
        assertThat(read("""
                        routes: [{name: r, backendRefs: [{name: a, weight: 0}, {name: b, weight: 1000000}, {name: c}]}]
                        backends: [{name: a, endpoints: []}, {name: b, endpoints: []}, {name: c, endpoints: []}]
                        """).routes().getFirst().backendRefs())
                .extracting(Route.BackendRef::weight)
                .containsExactly(0, 1_000_000, 1);
    }

    @Test
    void aLimitThatIsNotWrittenIsLeftToTheGateway() {
        List<Backend> backends = read("""
                backends:
                - {name: none, endpoints: []}
                - {name: empty, endpoints: [], circuitBreaker: {}}
                - {name: some, endpoints: [], circuitBreaker: {maxConnections: 0, maxParallelRequests: 4294967295}}
                """).backends();

        assertThat(backends)
                .extracting(backend -> backend.policy().circuitBreaker())
                .containsExactly(
                        CircuitBreaker.NONE,
                        CircuitBreaker.NONE,
                        new CircuitBreaker(
                                OptionalLong.of(0),
                                OptionalLong.empty(),
                                OptionalLong.of(4294967295L),
                                OptionalLong.empty(),
                                OptionalLong.empty(),
                                OptionalLong.empty()));
    }

    @Test
    void aServiceIsOneOfTheProxysNamespace() {
        List<Backend> backends = read("""
                backends:
                - {name: written, endpoints: []}
                - {name: found, service: {name: checkout, port: 65535}}
                - {name: digit-first, service: {name: 1up, port: 1}}
                """).backends();

        assertThat(backends)
                .extracting(Backend::service)
                .containsExactly(
                        Optional.empty(),
                        Optional.of(new Backend.ServiceRef("edge", "checkout", 65535)),
                        Optional.of(new Backend.ServiceRef("edge", "1up", 1)));
    }

    @Test
    void everyPartKnowsWhereItWasWritten() {
        TrafficConfig config = read("""
                listeners: [{name: http, port: 80}, {name: other, port: 81}]
                routes:
                - {name: r, backendRefs: [{name: a}]}
                - {name: s, matches: [{path: {value: /s}}], backendRefs: [{name: a}, {name: b}]}
                backends: [{name: a, endpoints: []}, {name: b, endpoints: []}]
                """);

        assertThat(config.listeners())
                .extracting(Listener::origin)
                .containsExactly(new Origin(SHOP, "spec.listeners[0]"), new Origin(SHOP, "spec.listeners[1]"));
        assertThat(config.routes().get(1).origin()).hasToString("Proxy edge/shop: spec.routes[1]");
        assertThat(config.routes().get(1).backendRefs().get(1).origin().field())
                .isEqualTo("spec.routes[1].backendRefs[1]");
        assertThat(config.backends().get(1).origin().field()).isEqualTo("spec.backends[1]");
    }

    @Test
    void aPatchHasWhatItsOperationsNeed() {
        TrafficConfig.EnvoyPatch patch = read("""
                envoyPatches:
                - type: Cluster
                  name: checkout
                  operations:
                  - {op: add, path: /a/-, from: /ignored, value: null}
                  - {op: copy, from: '', path: /~0~1, value: ignored}
                """).envoyPatches().getFirst();

        assertThat(patch.origin().field()).isEqualTo("spec.envoyPatches[0]");
        assertThat(patch.operations())
                .containsExactly(
                        new TrafficConfig.Operation(
                                PatchOp.add,
                                "/a/-",
                                Optional.empty(),
                                Optional.of(NullNode.instance),
                                patch.origin().field("operations").index(0)),
                        new TrafficConfig.Operation(
                                PatchOp.copy,
                                "/~0~1",
                                Optional.of(""),
                                Optional.empty(),
                                patch.origin().field("operations").index(1)));
    }
}
