package dev.mpg.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A real Envoy that gets its config over ADS from a server on this machine. Closing it ends the process. */
public final class Envoy implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final Path log;
    private final String admin;

    /** The variant of ADS, as the bootstrap names it. */
    public enum Api {
        DELTA_GRPC,
        GRPC
    }

    /**
     * Who the Envoy is and where its config comes from.
     *
     * @param bindAddress put into the node's metadata; empty: none
     */
    public record Node(String id, String cluster, Api api, int xdsPort, String bindAddress) {}

    private Envoy(Process process, Path log, String admin) {
        this.process = process;
        this.log = log;
        this.admin = admin;
    }

    /** Starts an Envoy and waits until its admin interface answers. Its files are in {@code folder}. */
    public static Envoy start(Path folder, Node node) throws IOException {
        Path home = Files.createTempDirectory(folder, node.id() + "-");
        Path config = Files.writeString(home.resolve("bootstrap.yaml"), bootstrap(node));
        Path address = home.resolve("admin-address");
        Path log = home.resolve("log");
        Process process = new ProcessBuilder(
                        Programs.envoy().toString(),
                        "--config-path",
                        config.toString(),
                        "--admin-address-path",
                        address.toString(),
                        "--concurrency",
                        "1",
                        "--disable-hot-restart",
                        "--log-level",
                        "warning")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        Awaitility.await()
                .atMost(START)
                .pollInterval(Duration.ofMillis(20))
                .failFast("Envoy ended, see " + log, () -> !process.isAlive())
                .until(() -> Files.exists(address) && Files.size(address) > 0);
        return new Envoy(process, log, Files.readString(address).strip());
    }

    private static String bootstrap(Node node) {
        String metadata =
                node.bindAddress().isEmpty() ? "{}" : "{\"mpg.dev/bind-address\": \"" + node.bindAddress() + "\"}";
        return """
                node: {id: "%s", cluster: "%s", metadata: %s}
                admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
                layered_runtime: {layers: [{name: admin, admin_layer: {}}]}
                dynamic_resources:
                  ads_config:
                    api_type: %s
                    transport_api_version: V3
                    set_node_on_first_message_only: true
                    grpc_services:
                    - envoy_grpc:
                        cluster_name: mpg.proxy
                        retry_policy: {retry_back_off: {base_interval: 0.05s, max_interval: 0.5s}}
                  cds_config: {ads: {}, resource_api_version: V3}
                  lds_config: {ads: {}, resource_api_version: V3}
                static_resources:
                  clusters:
                  - name: mpg.proxy
                    type: STATIC
                    connect_timeout: 1s
                    typed_extension_protocol_options:
                      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                        explicit_http_config: {http2_protocol_options: {}}
                    load_assignment:
                      cluster_name: mpg.proxy
                      endpoints:
                      - lb_endpoints:
                        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
                """.formatted(node.id(), node.cluster(), metadata, node.api(), node.xdsPort());
    }

    /** What the admin interface answers to a GET, e.g. of {@code /stats}. */
    public String get(String path) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** POSTs to the admin interface, e.g. to {@code /runtime_modify?key=value}. */
    public void post(String path) throws IOException, InterruptedException {
        http.send(
                HttpRequest.newBuilder(URI.create("http://" + admin + path))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.discarding());
    }

    /** {@code /config_dump}, without what differs from one time to the next, such as times. */
    public String configDump() throws IOException, InterruptedException {
        JsonNode dump = JSON.readTree(get("/config_dump?include_eds"));
        StringBuilder lines = new StringBuilder();
        for (JsonNode config : dump.path("configs")) {
            if (!config.path("@type").asText().contains("Bootstrap")) {
                lines.append(withoutVolatile(config).toPrettyString()).append('\n');
            }
        }
        return lines.toString();
    }

    private static JsonNode withoutVolatile(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(List.of("last_updated", "version_info", "error_state"));
        }
        node.forEach(Envoy::withoutVolatile);
        return node;
    }

    /** The value of a counter or gauge; 0 when there is none of this name. */
    public long stat(String name) throws IOException, InterruptedException {
        for (String line :
                get("/stats?filter=%5E" + name.replace(".", "%5C.") + "$").split("\n", -1)) {
            if (line.startsWith(name + ": ")) {
                return Long.parseLong(line.substring(name.length() + 2).strip());
            }
        }
        return 0;
    }

    /** The warnings and errors that it has logged so far, but for what it always says. */
    public List<String> complaints() throws IOException {
        return Files.readAllLines(log).stream()
                .filter(line -> !line.contains("There is no configured limit"))
                .toList();
    }

    /** When the process began. */
    public Instant startedAt() {
        return process.info().startInstant().orElseThrow();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
