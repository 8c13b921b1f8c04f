package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.Proxy;
import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Manifests;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import dev.mpg.xds.XdsServer;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What real Envoy makes of clusters whose endpoints have another name. */
class LiveDataIT {
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

    @ParameterizedTest
    @EnumSource
    void everyClusterThatAsksForAServiceHasItsEndpoints(Api api) throws IOException {
        Snapshot config = Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  backends:
                  - {name: one, service: {name: shop, port: 80}}
                  - {name: two, service: {name: shop, port: 80}}
                  - {name: shop, endpoints: [{host: 127.0.0.1, port: 1}]}
                """, Proxy.class))));
        Snapshot live = LiveData.of(Map.of(
                LiveData.services(config).iterator().next(),
                List.of(new Endpoint("127.0.0.1", 3), new Endpoint("127.0.0.1", 2))));
        Snapshot both = Snapshot.of(Stream.of(config, live)
                .flatMap(snapshot -> snapshot.resources().stream())
                .toList());
        xds.assign(new Assignment("shop", Optional.empty(), both, List.of(), ""));

        try (Envoy envoy = Envoy.start(folder, new Envoy.Node("gateway-0", "shop", api, server.getPort(), ""))) {
            await().atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(50))
                    .untilAsserted(() -> assertThat(envoy.get("/clusters").lines())
                            .filteredOn(line -> line.matches("(one|two|shop)::.*::cx_active::0"))
                            .extracting(line -> line.replace("::cx_active::0", ""))
                            .containsExactlyInAnyOrder(
                                    "one::127.0.0.1:2",
                                    "one::127.0.0.1:3",
                                    "two::127.0.0.1:2",
                                    "two::127.0.0.1:3",
                                    "shop::127.0.0.1:1"));
        }
    }
}
