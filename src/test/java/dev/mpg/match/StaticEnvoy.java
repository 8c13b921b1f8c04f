package dev.mpg.match;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Any;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import dev.mpg.testing.Programs;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A real Envoy with many route tables, each behind a listener of its own, whose responses tell which route and which cluster
 * they came from. Its clusters answer 200. Closing it ends the process.
 */
final class StaticEnvoy implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final int READ_MILLIS = 10_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final Map<String, Integer> ports = new HashMap<>();

    /**
     * What it answered.
     *
     * @param route virtual host and index of the route, as {@code host#index}; null when it was none
     * @param cluster null when it was none
     * @param location where a redirect leads to; null when it is none
     * @param path what the cluster got; null when it was none
     * @param host what the cluster got; null when it was none
     */
    record Response(
            int status,
            @Nullable String route,
            @Nullable String cluster,
            @Nullable String location,
            @Nullable String path,
            @Nullable String host) {}

    /** Starts it with a listener of each of these names and waits until they listen. */
    StaticEnvoy(
            Path folder,
            Map<String, HttpConnectionManager> managers,
            Map<String, RouteConfiguration> routes,
            Set<String> clusters)
            throws IOException {
        Path config = folder.resolve("bootstrap.pb");
        Files.write(config, bootstrap(folder, managers, routes, clusters).toByteArray());
        Path admin = folder.resolve("admin-address");
        Path log = folder.resolve("envoy.log");
        process = new ProcessBuilder(
                        Programs.envoy().toString(),
                        "--config-path",
                        config.toString(),
                        "--admin-address-path",
                        admin.toString(),
                        "--concurrency",
                        "1",
                        "--use-dynamic-base-id",
                        "--log-level",
                        "warning")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            await().atMost(START)
                    .failFast("Envoy ended, see " + log, () -> !process.isAlive())
                    .ignoreExceptions()
                    .until(() -> get(admin, "/ready").startsWith("LIVE"));
        } catch (RuntimeException e) {
            close();
            throw new AssertionError(Files.readString(log), e);
        }
        for (JsonNode listener :
                JSON.readTree(get(admin, "/listeners?format=json")).path("listener_statuses")) {
            ports.put(
                    listener.path("name").asText(),
                    listener.at("/local_address/socket_address/port_value").asInt());
        }
    }

    private static String get(Path admin, String path) throws IOException {
        try (InputStream response =
                URI.create("http://" + Files.readString(admin) + path).toURL().openStream()) {
            return new String(response.readAllBytes(), ISO_8859_1);
        }
    }

    private static Bootstrap bootstrap(
            Path folder,
            Map<String, HttpConnectionManager> managers,
            Map<String, RouteConfiguration> routes,
            Set<String> clusters) {
        Address upstream = Address.newBuilder()
                .setPipe(Pipe.newBuilder().setPath(folder.resolve("upstream").toString()))
                .build();
        Bootstrap.Builder bootstrap = Bootstrap.newBuilder();
        bootstrap.getAdminBuilder().setAddress(anyPort());
        bootstrap.getStaticResourcesBuilder().addListeners(listener("upstream", upstream, answering200()));
        managers.forEach((name, manager) -> bootstrap
                .getStaticResourcesBuilder()
                .addListeners(listener(
                        name,
                        anyPort(),
                        manager.toBuilder()
                                .setRouteConfig(telling(routes.get(name)))
                                .build())));
        clusters.forEach(cluster -> bootstrap.getStaticResourcesBuilder().addClusters(cluster(cluster, upstream)));
        return bootstrap.build();
    }

    private static Address anyPort() {
        return Address.newBuilder()
                .setSocketAddress(
                        SocketAddress.newBuilder().setAddress("127.0.0.1").setPortValue(0))
                .build();
    }

    private static Listener listener(String name, Address address, HttpConnectionManager manager) {
        return Listener.newBuilder()
                .setName(name)
                .setAddress(address)
                .addFilterChains(FilterChain.newBuilder()
                        .addFilters(Filter.newBuilder()
                                .setName("envoy.filters.network.http_connection_manager")
                                .setTypedConfig(Any.pack(manager))))
                .build();
    }

    private static HttpConnectionManager answering200() {
        return HttpConnectionManager.newBuilder()
                .setStatPrefix("upstream")
                .addHttpFilters(HttpFilter.newBuilder()
                        .setName("envoy.filters.http.router")
                        .setTypedConfig(Any.pack(Router.getDefaultInstance())))
                .setRouteConfig(RouteConfiguration.newBuilder()
                        .addVirtualHosts(VirtualHost.newBuilder()
                                .setName("all")
                                .addDomains("*")
                                .addResponseHeadersToAdd(header("x-path", "%REQ(:PATH)%"))
                                .addResponseHeadersToAdd(header("x-host", "%REQ(:AUTHORITY)%"))
                                .addRoutes(Route.newBuilder()
                                        .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                                        .setDirectResponse(DirectResponseAction.newBuilder()
                                                .setStatus(200)))))
                .build();
    }

    private static Cluster cluster(String name, Address upstream) {
        return Cluster.newBuilder()
                .setName(name)
                .setConnectTimeout(Durations.fromSeconds(5))
                .setLoadAssignment(ClusterLoadAssignment.newBuilder()
                        .setClusterName(name)
                        .addEndpoints(LocalityLbEndpoints.newBuilder()
                                .setLoadBalancingWeight(UInt32Value.of(1))
                                .addLbEndpoints(LbEndpoint.newBuilder()
                                        .setEndpoint(Endpoint.newBuilder().setAddress(upstream)))))
                .build();
    }

    /** The same routes; their responses carry which one it was. */
    private static RouteConfiguration telling(RouteConfiguration routes) {
        RouteConfiguration.Builder telling = routes.toBuilder().clearVhds();
        for (VirtualHost.Builder host : telling.getVirtualHostsBuilderList()) {
            for (int i = 0; i < host.getRoutesCount(); i++) {
                host.getRoutesBuilder(i)
                        .addResponseHeadersToAdd(header("x-route", host.getName() + "#" + i))
                        .addResponseHeadersToAdd(header("x-cluster", "%UPSTREAM_CLUSTER%"));
            }
        }
        return telling.build();
    }

    private static HeaderValueOption header(String name, String value) {
        return HeaderValueOption.newBuilder()
                .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value))
                .build();
    }

    /**
     * On a plain socket: an HTTP client would normalize the path or refuse the Host header. A request over TLS is sent as one
     * of which a proxy in front says so; listeners with {@code use_remote_address} don't believe that.
     */
    Response send(String listener, Request request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), ports.get(listener))) {
            socket.setSoTimeout(READ_MILLIS);
            StringBuilder head = new StringBuilder("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                    .formatted(request.method(), request.path(), request.host()));
            if (request.scheme().equals("https")) {
                head.append("X-Forwarded-Proto: https\r\n");
            }
            request.headers()
                    .forEach((name, values) -> values.forEach(value ->
                            head.append(name).append(": ").append(value).append("\r\n")));
            socket.getOutputStream().write(head.append("\r\n").toString().getBytes(ISO_8859_1));
            BufferedReader response = new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
            int status = Integer.parseInt(response.readLine().split(" ", 3)[1]);
            Map<String, String> headers = new HashMap<>();
            for (String line = response.readLine(); !line.isEmpty(); line = response.readLine()) {
                int colon = line.indexOf(':');
                headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
            }
            String cluster = headers.get("x-cluster");
            return new Response(
                    status,
                    headers.get("x-route"),
                    cluster == null || cluster.equals("-") ? null : cluster,
                    headers.get("location"),
                    headers.get("x-path"),
                    headers.get("x-host"));
        }
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
