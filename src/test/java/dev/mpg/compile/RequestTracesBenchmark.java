package dev.mpg.compile;

import static org.awaitility.Awaitility.await;

import dev.mpg.api.Proxy;
import dev.mpg.config.Manifests;
import dev.mpg.snapshot.Assignment;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import dev.mpg.xds.XdsServer;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * What trace ids cost an Envoy: CPU time per request with and without, by turns. It reports; it asserts nothing of times.
 * The upstream service is a third Envoy, whose time isn't counted.
 *
 * <p>Arguments: rounds (10), requests per round (20000), connections (8).
 */
final class RequestTracesBenchmark implements AutoCloseable {
    private static final byte[] REQUEST =
            "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final String UNTRACED = """
            [{type: Listener, name: http, operations: [
                {op: remove, path: /filter_chains/0/filters/0/typed_config/tracing},
                {op: remove, path: /filter_chains/0/filters/0/typed_config/local_reply_config}]},
             {type: RouteConfiguration, name: routes, operations: [
                {op: remove, path: /request_headers_to_add}, {op: remove, path: /response_headers_to_add}]}]""";
    private static final String UPSTREAM = """
            [{type: VirtualHost, name: 'routes/*', operations: [
                {op: replace, path: '/routes/0', value: {match: {prefix: /}, direct_response: {status: 200}}}]}]""";

    private final Path folder = Files.createTempDirectory("mpg-benchmark");
    private final XdsServer xds = new XdsServer(new SimpleMeterRegistry(), changed -> {});
    private final Server server = NettyServerBuilder.forAddress(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(xds.service())
            .build()
            .start();
    private final List<Envoy> envoys = new ArrayList<>();

    private RequestTracesBenchmark() throws IOException {}

    public static void main(String[] arguments) throws Exception {
        int rounds = argument(arguments, 0, 10);
        int requests = argument(arguments, 1, 20_000);
        int connections = argument(arguments, 2, 8);
        try (RequestTracesBenchmark benchmark = new RequestTracesBenchmark();
                ExecutorService clients = Executors.newFixedThreadPool(connections)) {
            int upstream = benchmark.start("upstream", UPSTREAM, 1).port;
            Gateway with = benchmark.start("with", "[]", upstream);
            Gateway without = benchmark.start("without", UNTRACED, upstream);
            double[][] micros = new double[2][rounds];
            for (int round = -1; round < rounds; round++) {
                double first = with.round(clients, connections, requests);
                double second = without.round(clients, connections, requests);
                // The first one warms up.
                if (round >= 0) {
                    micros[0][round] = first;
                    micros[1][round] = second;
                }
            }
            System.out.printf("%d rounds of %d requests over %d connections%n", rounds, requests, connections);
            report("with trace ids", micros[0]);
            report("without", micros[1]);
        }
    }

    private static int argument(String[] arguments, int index, int otherwise) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
    }

    private static void report(String what, double[] micros) {
        double[] sorted = micros.clone();
        Arrays.sort(sorted);
        System.out.printf(
                "%-15s Envoy's CPU time per request, us: least %.1f, median %.1f, most %.1f%n",
                what, sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
    }

    private Gateway start(String name, String patches, int upstream) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        xds.assign(new Assignment(
                name,
                Optional.empty(),
                Compiled.snapshot(Manifests.config(Manifests.read(
                        Manifests.read("""
                        apiVersion: mpg.dev/v1alpha1
                        kind: Proxy
                        metadata: {name: shop, namespace: edge}
                        spec:
                          listeners: [{name: http, port: %d}]
                          routes: [{name: shop, backendRefs: [{name: shop}]}]
                          backends: [{name: shop, endpoints: [{host: 127.0.0.1, port: %d}]}]
                          envoyPatches: %s
                        """.formatted(port, upstream, patches.replace("\n", " ")), Proxy.class)))),
                List.of(),
                ""));
        Set<ProcessHandle> before = children();
        envoys.add(Envoy.start(folder, new Envoy.Node(name, name, Api.DELTA_GRPC, server.getPort(), "127.0.0.1")));
        ProcessHandle process = children().stream()
                .filter(child -> !before.contains(child))
                .findFirst()
                .orElseThrow();
        Gateway gateway = new Gateway(process, port);
        await().atMost(Duration.ofSeconds(30))
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> {
                    gateway.requests(1);
                    return true;
                });
        return gateway;
    }

    private static Set<ProcessHandle> children() {
        return ProcessHandle.current().children().collect(Collectors.toSet());
    }

    @Override
    public void close() {
        envoys.forEach(Envoy::close);
        server.shutdownNow();
    }

    private record Gateway(ProcessHandle process, int port) {
        /** CPU time of the Envoy per request, in microseconds. */
        double round(ExecutorService clients, int connections, int requests) throws Exception {
            Duration before = cpu();
            List<Future<?>> shares = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                shares.add(clients.submit(() -> {
                    requests(requests / connections);
                    return null;
                }));
            }
            for (Future<?> share : shares) {
                share.get();
            }
            return cpu().minus(before).toNanos() / 1_000.0 / (requests / connections * connections);
        }

        private Duration cpu() {
            return process.info().totalCpuDuration().orElseThrow();
        }

        /** One after the other, over one connection. Anything but 200 is an IOException. */
        void requests(int count) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setTcpNoDelay(true);
                OutputStream out = socket.getOutputStream();
                InputStream in = new BufferedInputStream(socket.getInputStream());
                for (int i = 0; i < count; i++) {
                    out.write(REQUEST);
                    String head = head(in);
                    if (!head.startsWith("HTTP/1.1 200") || !head.contains("content-length: 0\r\n")) {
                        throw new IOException("the gateway answered " + head);
                    }
                }
            }
        }

        private static String head(InputStream in) throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n", Math.max(0, head.length() - 4)) < 0) {
                int read = in.read();
                if (read < 0) {
                    throw new IOException("the gateway hung up after " + head);
                }
                head.append((char) read);
            }
            return head.toString();
        }
    }
}
