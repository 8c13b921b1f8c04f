package dev.mpg.xds;

import com.sun.net.httpserver.HttpServer;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.telemetry.Tracing;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The engine on a port of this machine, and upstream services for its gateways. */
final class Fixture implements AutoCloseable {
    private static final AccessLogs.Listener NOBODY = new AccessLogs.Listener() {
        @Override
        public void requests(String clusterId, String gateway, List<HTTPAccessLogEntry> requests) {}

        @Override
        public void connections(String clusterId, String gateway, List<TCPAccessLogEntry> connections) {}
    };

    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final List<String> changes = java.util.Collections.synchronizedList(new ArrayList<>());
    private final List<HttpServer> upstreams = new ArrayList<>();
    final Tracing tracing = Tracing.start("mpg-proxy", "default-0", 1, registry);
    XdsServer xds;
    private AccessLogs accessLogs;
    private Server server;

    Fixture() throws IOException {
        xds = new XdsServer(registry, changes::add, tracing.tracer(), Clock.systemUTC());
        server = serve(0);
    }

    private Server serve(int port) throws IOException {
        accessLogs = xds.accessLogs(NOBODY);
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .addService(xds.service())
                .addService(xds.loadService())
                .addService(accessLogs.service())
                .build()
                .start();
    }

    int port() {
        return server.getPort();
    }

    int accessLogStreams() {
        return accessLogs.streams();
    }

    /** Another process takes this one's place, so to speak. It knows nothing yet. */
    void restart(dev.mpg.snapshot.Assignment assignment) throws IOException, InterruptedException {
        int port = port();
        server.shutdownNow();
        accessLogs.close();
        server.awaitTermination(5, TimeUnit.SECONDS);
        xds = new XdsServer(registry, changes::add, tracing.tracer(), Clock.systemUTC());
        xds.assign(assignment);
        // A server that has ended can hold its port a moment longer.
        server = Awaitility.await()
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> serve(port), started -> true);
    }

    /** A port on which an HTTP service answers every request with this text. */
    int upstream(String text) throws IOException {
        HttpServer upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        upstream.start();
        upstreams.add(upstream);
        return upstream.getAddress().getPort();
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Status and body of a GET, e.g. {@code 200 hello}; what went wrong when there is no answer. */
    static String get(String address, int port, String host) {
        try (Socket socket = new Socket(address, port)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream()
                    .write(("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            BufferedReader reader =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String status = reader.readLine();
            if (status == null) {
                return "closed";
            }
            boolean head = true;
            StringBuilder body = new StringBuilder(status.split(" ", -1)[1]);
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!head) {
                    body.append(' ').append(line);
                }
                head &= !line.isEmpty();
            }
            return body.toString();
        } catch (IOException e) {
            return e.toString();
        }
    }

    static String get(int port, String host) {
        return get("127.0.0.1", port, host);
    }

    double resourceBytes() {
        return registry.find("mpg.xds.resource.bytes").counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    double resources(ResourceType type) {
        return registry.get("mpg.xds.resources")
                .tag("type", type.messageName())
                .counter()
                .count();
    }

    double responses(ResourceType type, String result) {
        return registry.get("mpg.xds.responses")
                .tags("type", type.messageName(), "result", result)
                .counter()
                .count();
    }

    GatewayReport awaitState(String clusterId, State state, Snapshot snapshot) {
        return Awaitility.await(state + " at " + snapshot)
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(2))
                .until(
                        () -> xds.gateways(clusterId),
                        reports -> reports.size() == 1
                                && reports.getFirst().state() == state
                                && reports.getFirst().version().equals(snapshot.version()))
                .getFirst();
    }

    @Override
    public void close() {
        server.shutdownNow();
        accessLogs.close();
        tracing.close();
        upstreams.forEach(upstream -> upstream.stop(0));
    }
}
