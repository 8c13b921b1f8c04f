package dev.mpg.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.testing.Programs;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a real Envoy with our bootstrap finds a proxy instance that lives. */
class GatewayFailoverTest {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration AFTER_SILENCE = Duration.ofSeconds(15);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> toClose = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : toClose.reversed()) {
            closeable.close();
        }
    }

    @Test
    void goesToTheNextAddressWhileNobodyListensAtTheFirst() throws IOException {
        HostPort nobody = freePort();
        Instance standby = new Instance(freePort());
        envoy(new XdsServers.Fixed(List.of(nobody, standby.address)));
        await().atMost(SOON).untilAsserted(() -> assertThat(standby.gateways).hasSize(1));
    }

    @Test
    void goesToTheNextAddressWhenTheFirstDiesAndReturnsWhenSentAway() throws IOException {
        HostPort first = freePort();
        Instance primary = new Instance(first);
        Instance standby = new Instance(freePort());
        envoy(new XdsServers.Fixed(List.of(first, standby.address)));
        await().atMost(SOON).untilAsserted(() -> assertThat(primary.gateways).hasSize(1));

        primary.close();
        await().atMost(SOON).untilAsserted(() -> assertThat(standby.gateways).hasSize(1));

        Instance returned = new Instance(first);
        await().atMost(AFTER_SILENCE).untilAsserted(() -> {
            standby.sendAway();
            assertThat(returned.gateways).hasSize(1);
        });
    }

    @Test
    void comesBackAtOnceToTheInstanceThatEndsItsStream() throws IOException {
        Instance primary = new Instance(freePort());
        Instance standby = new Instance(freePort());
        envoy(new XdsServers.Fixed(List.of(primary.address, standby.address)));
        for (int time = 0; time < 5; time++) {
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(primary.gateways).hasSize(1));
            primary.sendAway();
        }
        await().atMost(SOON).untilAsserted(() -> assertThat(primary.gateways).hasSize(1));
        assertThat(standby.gateways).isEmpty();
    }

    @Test
    void leavesAnInstanceThatTakesConnectionsButSaysNothing() throws IOException {
        HostPort address = freePort();
        ServerSocket silent = new ServerSocket(address.port(), 50, InetAddress.ofLiteral(address.host()));
        toClose.add(silent);
        Instance standby = new Instance(freePort());
        envoy(new XdsServers.Fixed(List.of(address, standby.address)));
        await().atMost(AFTER_SILENCE.multipliedBy(2))
                .untilAsserted(() -> assertThat(standby.gateways).hasSize(1));
    }

    @Test
    void followsAddressesInAFileWithoutRestart() throws IOException {
        Instance before = new Instance(freePort());
        Instance after = new Instance(freePort());
        Path file = folder.resolve("xds-servers.json");
        Files.writeString(file, XdsServers.fileContent(List.of(before.address)));
        Process envoy = envoy(new XdsServers.InFile(file));
        await().atMost(SOON).untilAsserted(() -> assertThat(before.gateways).hasSize(1));

        Path next = folder.resolve("next");
        Files.writeString(next, XdsServers.fileContent(List.of(after.address, before.address)));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        await().atMost(SOON).untilAsserted(() -> {
            before.sendAway();
            assertThat(after.gateways).hasSize(1);
        });
        assertThat(envoy.isAlive()).isTrue();
    }

    private Process envoy(XdsServers servers) throws IOException {
        Path config = folder.resolve("bootstrap.json");
        Files.writeString(config, new Bootstrap("shop-0", "eu-west-1", Optional.empty(), freePort(), servers).toJson());
        Process envoy = new ProcessBuilder(
                        Programs.envoy().toString(),
                        "-c",
                        config.toString(),
                        "--disable-hot-restart",
                        "--concurrency",
                        "1")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        toClose.add(() -> {
            envoy.destroyForcibly();
            envoy.waitFor();
        });
        return envoy;
    }

    private static HostPort freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new HostPort("127.0.0.1", socket.getLocalPort());
        }
    }

    /** Stands for a proxy instance: takes streams and says nothing on them. */
    private final class Instance extends AggregatedDiscoveryServiceImplBase {
        final HostPort address;
        final Set<StreamObserver<DeltaDiscoveryResponse>> gateways = ConcurrentHashMap.newKeySet();
        private final Server server;

        Instance(HostPort address) throws IOException {
            this.address = address;
            this.server = NettyServerBuilder.forAddress(new InetSocketAddress(address.host(), address.port()))
                    .permitKeepAliveTime(1, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)
                    .addService(this)
                    .build()
                    .start();
            toClose.add(this::close);
        }

        @Override
        public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
                StreamObserver<DeltaDiscoveryResponse> responses) {
            gateways.add(responses);
            return new StreamObserver<>() {
                @Override
                public void onNext(DeltaDiscoveryRequest request) {}

                @Override
                public void onError(Throwable error) {
                    gateways.remove(responses);
                }

                @Override
                public void onCompleted() {
                    gateways.remove(responses);
                }
            };
        }

        void sendAway() {
            for (StreamObserver<DeltaDiscoveryResponse> gateway : List.copyOf(gateways)) {
                if (gateways.remove(gateway)) {
                    gateway.onError(
                            Status.UNAVAILABLE.withDescription("go elsewhere").asRuntimeException());
                }
            }
        }

        void close() {
            server.shutdownNow();
        }
    }
}
