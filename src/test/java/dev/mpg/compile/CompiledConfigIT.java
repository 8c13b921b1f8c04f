package dev.mpg.compile;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec;
import dev.mpg.config.Backend;
import dev.mpg.config.GoldenCases.Case;
import dev.mpg.config.Listener;
import dev.mpg.config.Manifests;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.Route;
import dev.mpg.config.Route.BackendRef;
import dev.mpg.config.Route.PathMatch;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What real Envoy makes of what we compile. */
class CompiledConfigIT {
    private static final Path ENVOY = envoy();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Origin ORIGIN = new Origin(new ObjectRef("Proxy", "edge", "shop"), "spec");

    @TempDir
    private Path folder;

    static List<Case> cases() {
        return CompilerGoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void envoyAccepts(Case golden) throws Exception {
        Snapshot snapshot = Compiled.snapshot(Manifests.config(golden.input()));
        Path bootstrap = Files.writeString(
                folder.resolve("bootstrap.json"), StaticBootstrap.of(snapshot, UnaryOperator.identity()));

        Process envoy = new ProcessBuilder(ENVOY.toString(), "--mode", "validate", "-c", bootstrap.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(envoy.getInputStream().readAllBytes(), UTF_8);

        assertThat(envoy.waitFor()).as(said).isZero();
    }

    @Test
    void requestsTakeTheRouteThatGatewayApiSays() throws Exception {
        TrafficConfig config = Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: 8080}]
                  routes:
                  - {name: everyone, backendRefs: [{name: a}]}
                  - {name: wildcard, hostnames: ['*.example.com'], backendRefs: [{name: a}]}
                  - {name: deeper, hostnames: ['*.eu.example.com'], backendRefs: [{name: a}]}
                  - {name: root, hostnames: [shop.example.com], matches: [{path: {type: Exact, value: /}}], backendRefs: [{name: a}]}
                  - {name: prefix, hostnames: [shop.example.com], matches: [{path: {value: /foo/}}], backendRefs: [{name: a}]}
                  - {name: longer, hostnames: [shop.example.com], matches: [{path: {value: /foo/bar}}], backendRefs: [{name: a}]}
                  - {name: exact, hostnames: [shop.example.com], matches: [{path: {type: Exact, value: /foo/x}}], backendRefs: [{name: a}]}
                  - {name: off, hostnames: [shop.example.com], matches: [{path: {value: /off}}], backendRefs: [{name: a, weight: 0}]}
                  backends: [{name: a, endpoints: []}]
                """, Proxy.class)));
        try (Gateway gateway = new Gateway(config)) {
            // The most specific host name wins, whatever its case and port.
            assertThat(gateway.route("other.test", "/")).isEqualTo("everyone");
            assertThat(gateway.route("example.com", "/")).isEqualTo("everyone");
            assertThat(gateway.route("www.example.com", "/")).isEqualTo("wildcard");
            assertThat(gateway.route("a.b.example.com", "/")).isEqualTo("wildcard");
            assertThat(gateway.route("www.eu.example.com", "/")).isEqualTo("deeper");
            assertThat(gateway.route("SHOP.example.com:8080", "/")).isEqualTo("root");

            // Exact before prefix, longer prefixes first, whole path elements, without the query.
            assertThat(gateway.route("shop.example.com", "/?q=/foo")).isEqualTo("root");
            assertThat(gateway.route("shop.example.com", "/foo")).isEqualTo("prefix");
            assertThat(gateway.route("shop.example.com", "/foo/")).isEqualTo("prefix");
            assertThat(gateway.route("shop.example.com", "/foo?q")).isEqualTo("prefix");
            assertThat(gateway.route("shop.example.com", "/foo/bars")).isEqualTo("prefix");
            assertThat(gateway.route("shop.example.com", "/foo/bar")).isEqualTo("longer");
            assertThat(gateway.route("shop.example.com", "/foo/bar/x")).isEqualTo("longer");
            assertThat(gateway.route("shop.example.com", "/foo/x")).isEqualTo("exact");
            assertThat(gateway.route("shop.example.com", "/foo/x/")).isEqualTo("prefix");

            // What doesn't fit the most specific host name's routes is lost, even where a wildcard would take it.
            assertThat(gateway.route("shop.example.com", "/fool")).isEqualTo("404");
            assertThat(gateway.route("shop.example.com", "/Foo")).isEqualTo("404");
            assertThat(gateway.route("shop.example.com", "/off")).isEqualTo("500");

            // Paths are normalized before they are matched, and slashes in disguise are sent back to be said plainly.
            assertThat(gateway.route("shop.example.com", "//foo/./x/../bar")).isEqualTo("longer");
            assertThat(gateway.route("shop.example.com", "/%66oo")).isEqualTo("prefix");
            assertThat(gateway.route("shop.example.com", "/foo%2Fbar")).isEqualTo("307");
        }
    }

    /** Every character of ASCII as it is, every byte escaped, and segments that gateways resolve. */
    private static List<String> paths() {
        Stream<String> plain = IntStream.rangeClosed('!', '~').mapToObj(c -> "/x" + (char) c + "y");
        Stream<String> escaped = IntStream.rangeClosed(0x01, 0xff)
                .boxed()
                .flatMap(c -> Stream.of("/x%%%02xy".formatted(c), "/x%%%02XY".formatted(c)));
        Stream<String> segments =
                Stream.of("/a//b", "//a", "/.", "/..", "/a/./b", "/a/../b", "/a/..", "/...", "/.a/..b/c..");
        return Stream.of(plain, escaped, segments)
                .flatMap(paths -> paths)
                .distinct()
                .toList();
    }

    @Test
    void everyPathThatIsAcceptedCanBeMatchedAndNoneThatIsCalledUnnormalized() throws Exception {
        TrafficConfig config = new TrafficConfig(
                "edge.shop",
                List.of(new Listener("http", 8080, ORIGIN)),
                paths().stream().map(CompiledConfigIT::routeNamedLikeItsPath).toList(),
                List.of(new Backend("a", List.of(), ORIGIN)));

        try (Gateway gateway = new Gateway(config)) {
            assertThat(paths()).allSatisfy(path -> {
                List<String> problems = problemsOf(path);
                if (problems.isEmpty()) {
                    assertThat(gateway.route("h", path)).isEqualTo(path);
                } else if (problems.toString().contains("not a normalized path")) {
                    assertThat(gateway.route("h", path)).isNotEqualTo(path);
                }
            });
        }
    }

    private static List<String> problemsOf(String path) {
        ObjectNode spec = JSON.createObjectNode();
        spec.withArray("backends").addObject().put("name", "a").putArray("endpoints");
        ObjectNode route = spec.withArray("routes").addObject().put("name", "r");
        route.withArray("backendRefs").addObject().put("name", "a");
        route.withArray("matches")
                .addObject()
                .putObject("path")
                .put("type", "Exact")
                .put("value", path);
        return switch (SpecReader.read(ORIGIN.object(), JSON.convertValue(spec, ProxySpec.class))) {
            case Reading.Accepted _ -> List.of();
            case Reading.Refused(List<Problem> problems) ->
                problems.stream().map(Problem::found).toList();
        };
    }

    private static Route routeNamedLikeItsPath(String path) {
        return new Route(
                path,
                List.of("*"),
                List.of(new PathMatch.Exact(path)),
                List.of(new BackendRef("a", 1, ORIGIN)),
                ORIGIN);
    }

    /** A running Envoy whose routes answer with their names instead of asking a backend. */
    private final class Gateway implements AutoCloseable {
        private final Process process;
        private final int port;

        Gateway(TrafficConfig config) throws IOException {
            Path log = folder.resolve("envoy.log");
            Path admin = folder.resolve("admin-address");
            Path bootstrap = Files.writeString(
                    folder.resolve("bootstrap.json"),
                    StaticBootstrap.of(Compiled.snapshot(config), Gateway::answeringWithNames));
            process = new ProcessBuilder(
                            ENVOY.toString(),
                            "--use-dynamic-base-id",
                            "--concurrency",
                            "1",
                            "--admin-address-path",
                            admin.toString(),
                            "-c",
                            bootstrap.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            try {
                await().atMost(Duration.ofSeconds(20))
                        .ignoreExceptions()
                        .until(() -> admin(admin, "/ready").startsWith("LIVE"));
                port = JSON.readTree(admin(admin, "/listeners?format=json"))
                        .at("/listener_statuses/0/local_address/socket_address/port_value")
                        .asInt();
            } catch (ConditionTimeoutException e) {
                close();
                throw new AssertionError("Envoy doesn't get ready: " + Manifests.text(log), e);
            }
        }

        private static VirtualHost answeringWithNames(VirtualHost host) {
            VirtualHost.Builder answering = host.toBuilder();
            answering.getRoutesBuilderList().stream()
                    .filter(route -> route.hasRoute())
                    .forEach(route -> route.getDirectResponseBuilder()
                            .setStatus(200)
                            .getBodyBuilder()
                            .setInlineStringBytes(ByteString.copyFromUtf8(route.getName())));
            return answering.build();
        }

        private static String admin(Path addressFile, String path) throws IOException {
            try (InputStream response = URI.create("http://" + Manifests.text(addressFile) + path)
                    .toURL()
                    .openStream()) {
                return new String(response.readAllBytes(), UTF_8);
            }
        }

        /**
         * The name of the route that took the request, or the status when none did. On a plain socket: an HTTP client
         * would normalize the path or refuse the Host header.
         */
        String route(String host, String path) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(10_000);
                socket.getOutputStream()
                        .write("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                                .formatted(path, host)
                                .getBytes(ISO_8859_1));
                BufferedReader response =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
                String status = response.readLine().split(" ", 3)[1];
                int length = 0;
                for (String header = response.readLine(); !header.isEmpty(); header = response.readLine()) {
                    if (header.startsWith("content-length: ")) {
                        length = Integer.parseInt(header.substring("content-length: ".length()));
                    }
                }
                char[] body = new char[length];
                return status.equals("200") && response.read(body) == length ? String.valueOf(body) : status;
            } catch (IOException e) {
                throw new UncheckedIOException(path, e);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }

    /** From the folder that MPG_PROGRAMS names, else from where hack/programs keeps it. */
    private static Path envoy() {
        try {
            String programs = System.getenv("MPG_PROGRAMS");
            if (programs == null) {
                Process process = new ProcessBuilder("hack/programs", "envoy")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
                programs = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            }
            return Path.of(Objects.requireNonNull(programs)).resolve("envoy");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
