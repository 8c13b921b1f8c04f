package dev.mpg.xds;

import static dev.mpg.xds.Configs.assignment;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.listener;
import static dev.mpg.xds.Configs.route;
import static dev.mpg.xds.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.util.Durations;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import io.envoyproxy.envoy.extensions.filters.common.fault.v3.FaultDelay;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No request fails while a real Envoy that is busy with requests is moved from one config to another. */
class ChangeUnderTrafficIT {
    private static final String CLUSTER_ID = "shop";
    private static final int CHANGES = 20;

    @TempDir
    private Path folder;

    private Fixture fixture;
    private int plainPort;
    private int holdingPort;
    private int a;
    private int b;

    @BeforeEach
    void serve() throws IOException {
        fixture = new Fixture();
        plainPort = Fixture.freePort();
        holdingPort = Fixture.freePort();
        a = fixture.upstream("a");
        b = fixture.upstream("b");
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private Snapshot shop(String used, int backend) {
        return shop(used, backend, "main");
    }

    private Snapshot shop(String used, int backend, String route) {
        return snapshot(
                cluster(used, 1_000),
                endpoints(used, backend),
                listener("plain", plainPort, route),
                holdingListener(route),
                route(route),
                host(route, "shop", used));
    }

    /**
     * One with a filter that holds each request for a moment, as one that asks an authorization service does. By then Envoy has
     * chosen the route: when the cluster is removed meanwhile, the request fails.
     */
    private Resource holdingListener(String route) {
        HTTPFault hold = HTTPFault.newBuilder()
                .setDelay(FaultDelay.newBuilder()
                        .setFixedDelay(Durations.fromMillis(10))
                        .setPercentage(FractionalPercent.newBuilder().setNumerator(100)))
                .build();
        return listener(
                "holding",
                holdingPort,
                route,
                HttpFilter.newBuilder()
                        .setName("hold")
                        .setTypedConfig(Any.pack(hold))
                        .build());
    }

    @ParameterizedTest
    @EnumSource
    void noRequestFailsWhileARouteFlipsBetweenClustersThatComeAndGo(Api api) throws Exception {
        change(api, List.of(shop("a", a), shop("b", b)));
    }

    @ParameterizedTest
    @EnumSource
    void noRequestFailsWhileABackendMoves(Api api) throws Exception {
        change(api, List.of(shop("a", a), shop("a", b)));
    }

    /** Connections that were open before keep the earlier one. */
    @ParameterizedTest
    @EnumSource
    void noRequestFailsWhileListenersTakeAnotherRouteConfiguration(Api api) throws Exception {
        change(api, List.of(shop("a", a, "main"), shop("a", b, "other")));
    }

    /** From the first to the second and back, again and again. */
    private void change(Api api, List<Snapshot> versions) throws Exception {
        fixture.xds.assign(assignment(CLUSTER_ID, versions.getFirst()));
        try (Envoy envoy = Envoy.start(folder, new Envoy.Node("gateway-0", CLUSTER_ID, api, fixture.port(), ""))) {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, versions.getFirst());
            await().until(() -> Fixture.get(holdingPort, "shop"), "200 a"::equals);
            await().until(() -> Fixture.get(plainPort, "shop"), "200 a"::equals);
            try (Traffic traffic = new Traffic(List.of(plainPort, holdingPort))) {
                for (int i = 1; i <= CHANGES; i++) {
                    Snapshot next = versions.get(i % versions.size());
                    fixture.xds.assign(assignment(CLUSTER_ID, next));
                    fixture.awaitState(CLUSTER_ID, State.CURRENT, next);
                    traffic.awaitAnswer(i % versions.size() == 0 ? "a" : "b");
                    EnvoyConfig expected = EnvoyConfig.of(next);
                    await().atMost(Duration.ofSeconds(5))
                            .pollInterval(Duration.ofMillis(20))
                            .until(() -> EnvoyConfig.of(envoy), expected::equals);
                }
                assertThat(traffic.failures())
                        .as("of %d requests", traffic.requests())
                        .isEmpty();
            }
        }
    }

    /** Clients that send one request after the other, on connections that are kept. */
    private static final class Traffic implements AutoCloseable {
        private static final int CLIENTS_PER_PORT = 2;

        private final HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(5))
                .build();
        private final Collection<String> failures = new ConcurrentLinkedQueue<>();
        private final AtomicLong requests = new AtomicLong();
        private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
        private volatile String lastAnswer = "";
        private volatile boolean done;

        Traffic(List<Integer> ports) {
            for (int port : ports) {
                HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                        .header("Host", "shop")
                        .timeout(Duration.ofSeconds(10))
                        .build();
                for (int i = 0; i < CLIENTS_PER_PORT; i++) {
                    clients.execute(() -> send(request));
                }
            }
        }

        private void send(HttpRequest request) {
            while (!done) {
                try {
                    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
                    if (response.statusCode() == 200) {
                        lastAnswer = response.body();
                    } else {
                        failures.add(response.statusCode() + " " + response.body());
                    }
                } catch (IOException e) {
                    failures.add(e.toString());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
                requests.incrementAndGet();
            }
        }

        void awaitAnswer(String answer) {
            await().atMost(Duration.ofSeconds(10))
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> lastAnswer, answer::equals);
        }

        List<String> failures() {
            return List.copyOf(failures);
        }

        long requests() {
            return requests.get();
        }

        @Override
        public void close() {
            done = true;
            clients.close();
            http.close();
        }
    }
}
