package dev.mpg.proxy;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.mpg.api.Proxy;
import dev.mpg.compile.Compiled;
import dev.mpg.config.Manifests;
import dev.mpg.gateway.Bootstrap;
import dev.mpg.gateway.HostPort;
import dev.mpg.gateway.XdsServers;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Proxy moves from one proxy instance to another, under a real Envoy that serves requests all the time. */
class InstanceMoveIT {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final String OLD = "default-0";
    private static final String NEW = "default-1";
    private static final String ADS = "DeltaAggregatedResources";
    private static final String LOAD = "StreamLoadStats";
    private static final Pattern RESOURCE_BYTES =
            Pattern.compile("^mpg_xds_resource_bytes_total\\{[^}]*} (\\S+)$", Pattern.MULTILINE);

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    private final List<AutoCloseable> toClose = new ArrayList<>(List.of(http));
    private final AtomicInteger served = new AtomicInteger();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : toClose.reversed()) {
            closeable.close();
        }
    }

    @Test
    void theGatewayGoesToTheNewInstanceWithoutAResourceByteOrAFailedRequest() throws Exception {
        TestMaster master = opened(TestMaster.start());
        ProxyProcess before = instance(OLD, master);
        ProxyProcess after = instance(NEW, master);
        int port = freePort();
        Snapshot config = config(port);
        master.place(Configs.first("shop", config), Set.of(OLD));
        Path addresses = folder.resolve("xds-servers.json");
        switchTo(addresses, before);
        HostPort admin = envoy(addresses);
        await().until(() -> gatewaysAt(master, OLD) == 1 && isCurrent(master, config));
        await().until(() -> streamsStarted(before, LOAD) == 1);
        traffic(port);
        await().until(() -> served.get() > 50);

        master.place(Configs.first("shop", config), Set.of(OLD, NEW));
        await().until(() -> holds(master, NEW, config));
        switchTo(addresses, after);
        await().until(() -> knows(admin, after));
        master.drain("shop", Set.of(OLD));

        await().until(() -> gatewaysAt(master, NEW) == 1 && isCurrent(master, config));
        await().until(() -> gatewaysAt(master, OLD) == 0);
        await().until(() -> streamsStarted(after, LOAD) == 1);
        int moved = served.get();
        await().until(() -> served.get() > moved + 50);
        master.place(Configs.first("shop", config), Set.of(NEW));
        await().until(() -> get(before, "/debug/config/status?cluster=shop").statusCode() == 404);
        int forgotten = served.get();
        await().until(() -> served.get() > forgotten + 50);

        assertThat(failures).isEmpty();
        assertThat(streamsStarted(before, ADS)).as("it went straight there").isEqualTo(1);
        assertThat(streamsStarted(after, ADS)).isEqualTo(1);
        assertThat(streamsStarted(before, LOAD)).isEqualTo(1);
        assertThat(resourceBytes(before)).isPositive();
        assertThat(resourceBytes(after)).isZero();
        assertThat(gatewaysAt(master, NEW)).isEqualTo(1);
    }

    @Test
    void aGatewayThatHearsOfTheNewInstanceLateGoesThereThen() throws Exception {
        TestMaster master = opened(TestMaster.start());
        ProxyProcess before = instance(OLD, master);
        ProxyProcess after = instance(NEW, master);
        int port = freePort();
        Snapshot config = config(port);
        master.place(Configs.first("shop", config), Set.of(OLD, NEW));
        Path addresses = folder.resolve("xds-servers.json");
        switchTo(addresses, before);
        envoy(addresses);
        await().until(() -> gatewaysAt(master, OLD) == 1 && isCurrent(master, config));
        traffic(port);
        await().until(() -> served.get() > 50);
        double sent = streamsStarted(before, ADS);

        master.drain("shop", Set.of(OLD));
        await().until(() -> streamsStarted(before, ADS) > sent && gatewaysAt(master, OLD) == 1);
        switchTo(addresses, after);

        await().until(() -> gatewaysAt(master, NEW) == 1 && isCurrent(master, config));
        assertThat(failures).isEmpty();
        assertThat(resourceBytes(after)).isZero();
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        toClose.add(closeable);
        return closeable;
    }

    private ProxyProcess instance(String name, TestMaster master) {
        return opened(ProxyProcess.start(
                new ProxyProcess.Options(name, master.address(), ANY, ANY, folder.resolve(name), Optional.empty(), 0)));
    }

    private Snapshot config(int port) throws IOException {
        HttpServer upstream = HttpServer.create(ANY, 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        upstream.start();
        toClose.add(() -> upstream.stop(0));
        String yaml = """
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: %d}]
                  routes:
                  - name: shop
                    hostnames: [localhost]
                    matches: [{path: {value: /}}]
                    backendRefs: [{name: shop}]
                  backends:
                  - {name: shop, endpoints: [{host: 127.0.0.1, port: %d}]}
                """.formatted(port, upstream.getAddress().getPort());
        return Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read(yaml, Proxy.class))));
    }

    /** As the gateway's host does it. */
    private void switchTo(Path addresses, ProxyProcess instance) throws IOException {
        HostPort address = new HostPort("127.0.0.1", instance.xdsAddress().getPort());
        Path next = Files.writeString(folder.resolve("next"), XdsServers.fileContent(List.of(address)));
        Files.move(next, addresses, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Starts a gateway. Returns where its admin interface is. */
    private HostPort envoy(Path addresses) throws IOException {
        Path bootstrap = folder.resolve("bootstrap.json");
        HostPort admin = new HostPort("127.0.0.1", freePort());
        Files.writeString(
                bootstrap,
                new Bootstrap("gw-0", "shop", Optional.of("127.0.0.1"), admin, new XdsServers.InFile(addresses))
                        .toJson());
        Process envoy = new ProcessBuilder(
                        Programs.envoy().toString(),
                        "-c",
                        bootstrap.toString(),
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
        return admin;
    }

    /** Whether the gateway has this instance's address. */
    private boolean knows(HostPort admin, ProxyProcess instance) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create("http://" + admin + "/clusters"))
                        .build())
                .body()
                .contains(":" + instance.xdsAddress().getPort() + "::");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** 100 requests a second from when one was served, until the test ends. */
    private void traffic(int port) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/"))
                .timeout(Duration.ofSeconds(10))
                .build();
        await().ignoreExceptions().until(() -> send(request).statusCode() == 200);
        ScheduledExecutorService client = Executors.newSingleThreadScheduledExecutor();
        toClose.add(() -> {
            client.shutdownNow();
            client.awaitTermination(10, TimeUnit.SECONDS);
        });
        var _ = client.scheduleAtFixedRate(
                () -> {
                    try {
                        int status = send(request).statusCode();
                        if (status == 200) {
                            served.incrementAndGet();
                        } else {
                            failures.add("status " + status);
                        }
                    } catch (IOException e) {
                        failures.add(e.toString());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                0,
                10,
                TimeUnit.MILLISECONDS);
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static int gatewaysAt(TestMaster master, String instance) {
        return Optional.ofNullable(master.fleet("shop").instances().get(instance))
                .map(serving -> serving.gateways())
                .orElse(0);
    }

    private static boolean holds(TestMaster master, String instance, Snapshot config) {
        return Optional.ofNullable(master.fleet("shop").instances().get(instance))
                .filter(serving -> serving.held().contains(config.version()))
                .isPresent();
    }

    private static boolean isCurrent(TestMaster master, Snapshot config) {
        return master.gateways("shop")
                .equals(List.of(new GatewayReport("gw-0", GatewayReport.State.CURRENT, config.version(), List.of())));
    }

    private HttpResponse<String> get(ProxyProcess instance, String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + instance.debugAddress().getPort() + path))
                .build());
    }

    private double resourceBytes(ProxyProcess instance) throws IOException, InterruptedException {
        return sum(instance, RESOURCE_BYTES);
    }

    private double streamsStarted(ProxyProcess instance, String method) throws IOException, InterruptedException {
        return sum(
                instance,
                Pattern.compile("^grpc_server_started_total\\{[^}]*" + method + "[^}]*} (\\S+)$", Pattern.MULTILINE));
    }

    private double sum(ProxyProcess instance, Pattern samples) throws IOException, InterruptedException {
        List<Double> values = samples.matcher(get(instance, "/metrics").body())
                .results()
                .map((MatchResult sample) -> Double.valueOf(sample.group(1)))
                .toList();
        return values.stream().mapToDouble(Double::doubleValue).sum();
    }
}
