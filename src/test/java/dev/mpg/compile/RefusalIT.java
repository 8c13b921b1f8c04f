package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.Proxy;
import dev.mpg.compile.Blame.Culprit;
import dev.mpg.config.Manifests;
import dev.mpg.config.TrafficConfig;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import dev.mpg.xds.XdsServer;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Patches that apply and that real Envoy refuses, and what its words are taken for. */
class RefusalIT {
    private static final String MANAGER = "/filter_chains/0/filters/0/typed_config";

    @TempDir
    private Path folder;

    private final XdsServer xds = new XdsServer(new SimpleMeterRegistry(), changed -> {});
    private Server server;

    @BeforeEach
    void serve() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(xds.service())
                .build()
                .start();
    }

    @AfterEach
    void stop() {
        server.shutdownNow();
    }

    /** What a patch does, to which resource, and a word of Envoy's that shows that it was refused for this. */
    static Stream<Arguments> refusals() {
        return Stream.of(
                        Arguments.of(
                                "Cluster", "next", "op: replace, path: /connect_timeout, value: 0s", "ConnectTimeout"),
                        Arguments.of("Cluster", "next", "op: remove, path: /eds_cluster_config", "EDS"),
                        Arguments.of(
                                "Cluster",
                                "next",
                                "op: remove, path: /type}, {op: add, path: /cluster_type, value: {name: nope}",
                                "nope"),
                        Arguments.of(
                                "ClusterLoadAssignment",
                                "next",
                                "op: add, path: /endpoints/0/priority, value: 200",
                                "Priority"),
                        Arguments.of(
                                "Listener",
                                "web",
                                "op: add, path: " + MANAGER + "/http_filters/0, value: {name: nope}",
                                "nope"),
                        Arguments.of(
                                "Listener",
                                "web",
                                "op: remove, path: " + MANAGER
                                        + "/stat_prefix", // Why is not in what Envoy says: it prints the whole listener
                                // first, and is cut.
                                "web"),
                        Arguments.of(
                                "RouteConfiguration",
                                "routes",
                                "op: add, path: /request_headers_to_add, value: [{header: {key: '', value: x}}]",
                                "Key"),
                        Arguments.of(
                                "VirtualHost",
                                "routes/b.example.com",
                                "op: replace, path: /routes/0/match, value: {safe_regex: {regex: '(unclosed'}}",
                                "unclosed"),
                        Arguments.of(
                                "VirtualHost",
                                "routes/b.example.com",
                                "op: add, path: /domains/-, value: a.example.com",
                                "Duplicate"),
                        Arguments.of(
                                "VirtualHost", "routes/b.example.com", "op: add, path: /domains, value: []", "Domains"))
                .flatMap(arguments -> Stream.of(Api.values())
                        .map(api -> Arguments.of(Stream.concat(Stream.of(api), Stream.of(arguments.get()))
                                .toArray())));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void leadsToItsPatch(Api api, String type, String name, String operation, String word) throws IOException {
        TrafficConfig config = config(patch(type, name, operation));
        Refusal refusal = refusal(api, config);
        assertThat(refusal.message()).contains(word);
        assertThat(culprits(config, refusal)).first().satisfies(culprit -> {
            assertThat(culprit.type().messageName()).isEqualTo(type);
            assertThat(culprit.resourceName()).isEqualTo(name);
            assertThat(culprit.origins().getFirst().field()).isEqualTo("spec.envoyPatches[0]");
        });
    }

    /** Each of which it takes or refuses by itself. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Cluster | checkout | next | op: remove, path: /eds_cluster_config",
                "Listener | http | web | op: add, path: /filter_chains/0/filters/0, value: {name: nope}",
            })
    void allThatOneResponseIsRefusedForAreBlamed(String type, String one, String other, String operation)
            throws IOException {
        TrafficConfig config = config(patch(type, one, operation), patch(type, other, operation));
        Refusal refusal = refusal(Api.DELTA_GRPC, config);
        assertThat(culprits(config, refusal)).extracting(Culprit::resourceName).containsExactly(one, other);
    }

    private static List<Culprit> culprits(TrafficConfig config, Refusal refusal) {
        ResourceType type = ResourceType.ofTypeUrl(refusal.typeUrl()).orElseThrow();
        return Blame.culprits(config, type, refusal.message(), refusal.resources());
    }

    /** What a gateway says that gets this config first. */
    private Refusal refusal(Api api, TrafficConfig config) throws IOException {
        xds.assign(new Assignment("shop", Optional.empty(), Compiled.snapshot(config), List.of(), ""));
        try (var _ = Envoy.start(folder, new Envoy.Node("gateway-0", "shop", api, server.getPort(), ""))) {
            return awaitRefusal();
        }
    }

    private Refusal awaitRefusal() {
        return await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(10))
                .until(
                        () -> xds.gateways("shop").stream()
                                .filter(report -> report.state() == State.REJECTED)
                                .flatMap(report -> report.refusals().stream())
                                .toList(),
                        refusals -> !refusals.isEmpty())
                .getFirst();
    }

    private static String patch(String type, String name, String operation) {
        return "{type: %s, name: %s, operations: [{%s}]}".formatted(type, name, operation);
    }

    private static TrafficConfig config(String... patches) throws IOException {
        return Manifests.config(Manifests.read(
                Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: %d}, {name: web, port: %d}]
                  routes:
                  - {name: other, backendRefs: [{name: checkout}]}
                  - {name: first, hostnames: [a.example.com], backendRefs: [{name: checkout}]}
                  - {name: second, hostnames: [b.example.com], backendRefs: [{name: checkout}]}
                  backends:
                  - {name: checkout, endpoints: [{host: 127.0.0.1, port: 1}]}
                  - {name: next, endpoints: [{host: 127.0.0.1, port: 2}]}
                  envoyPatches: [%s]
                """.formatted(freePort(), freePort(), String.join(", ", patches)), Proxy.class)));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
