package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.mpg.api.Proxy;
import dev.mpg.config.Manifests;
import dev.mpg.gateway.Bootstrap;
import dev.mpg.gateway.HostPort;
import dev.mpg.gateway.XdsServers;
import dev.mpg.snapshot.Assignment;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import dev.mpg.testing.Programs;
import dev.mpg.xds.XdsServer;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which trace ids real Envoys give requests, and who gets to see them. */
class RequestTracesIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String TRACE_ID = "[0-9a-f]{32}";
    private static final String REQUEST_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    private static final String GIVEN_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String GIVEN_SPAN = "00f067aa0ba902b7";
    private static final String HEARD = "Heard-";

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<AutoCloseable> toClose = new ArrayList<>();
    private int xdsPort;
    private int port;

    @BeforeEach
    void serve() throws IOException {
        port = freePort();
        XdsServer xds = new XdsServer(new SimpleMeterRegistry(), changed -> {});
        xds.assign(new Assignment(
                "shop",
                Optional.empty(),
                Compiled.snapshot(Manifests.config(
                        Manifests.read(Manifests.read("""
                        apiVersion: mpg.dev/v1alpha1
                        kind: Proxy
                        metadata: {name: shop, namespace: edge}
                        spec:
                          listeners: [{name: http, port: %d}]
                          routes:
                          - name: shop
                            hostnames: [localhost]
                            matches: [{path: {value: /shop}}]
                            backendRefs: [{name: shop}]
                          - name: silent
                            hostnames: [localhost]
                            matches: [{path: {value: /silent}}]
                            backendRefs: [{name: shop}]
                            timeouts: {request: 100ms}
                          - name: empty
                            hostnames: [localhost]
                            matches: [{path: {value: /empty}}]
                            backendRefs: [{name: empty}]
                          - name: refuses
                            hostnames: [localhost]
                            matches: [{path: {value: /refuses}}]
                            backendRefs: [{name: refuses}]
                          - name: off
                            hostnames: [localhost]
                            matches: [{path: {value: /off}}]
                            backendRefs: [{name: shop, weight: 0}]
                          backends:
                          - {name: shop, endpoints: [{host: 127.0.0.1, port: %d}]}
                          - {name: empty, endpoints: []}
                          - {name: refuses, endpoints: [{host: 127.0.0.1, port: %d}]}
                        """.formatted(port, upstream(), freePort()), Proxy.class)))),
                List.of(),
                ""));
        xdsPort = grpc(xds.service());
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : toClose.reversed()) {
            closeable.close();
        }
    }

    /** It says which headers it got, by headers of its own, and {@code /silent} says nothing. */
    private int upstream() throws IOException {
        HttpServer upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/shop", exchange -> answer(exchange, 200));
        upstream.createContext("/shop/fails", exchange -> answer(exchange, 500));
        upstream.createContext("/shop/own", exchange -> {
            exchange.getResponseHeaders().add(RequestTraces.HEADER, "upstream's");
            answer(exchange, 200);
        });
        upstream.createContext("/silent", exchange -> {});
        upstream.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        upstream.start();
        toClose.add(() -> upstream.stop(0));
        return upstream.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange, int status) throws IOException {
        for (String name : List.of(RequestTraces.HEADER, "traceparent")) {
            exchange.getRequestHeaders()
                    .getOrDefault(name, List.of())
                    .forEach(value -> exchange.getResponseHeaders().add(HEARD + name, value));
        }
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    private int grpc(BindableService service) throws IOException {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(service)
                .build()
                .start();
        toClose.add(server::shutdownNow);
        return server.getPort();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Envoy gateway(Api api) throws IOException {
        Envoy envoy = Envoy.start(folder, new Envoy.Node("gateway-0", "shop", api, xdsPort, "127.0.0.1"));
        toClose.add(envoy);
        awaitRoutes();
        return envoy;
    }

    private void awaitRoutes() {
        await().atMost(SOON)
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> get("/shop").status() == 200);
    }

    /**
     * What came of a request.
     *
     * @param traceIds the header's values that the client got
     * @param heardTraceIds those that the upstream service got
     * @param heardTraceparents what else it got
     */
    private record Answer(
            int status, List<String> traceIds, List<String> heardTraceIds, List<String> heardTraceparents) {

        /** The one that client and upstream service have, which is what {@code traceparent} says, too. */
        String traceId() {
            assertThat(status).isEqualTo(200);
            assertThat(traceIds).hasSize(1).isEqualTo(heardTraceIds);
            assertThat(heardTraceparents)
                    .singleElement()
                    .satisfies(heard -> assertThat(heard.split("-", -1)[1]).isEqualTo(traceIds.getFirst()));
            return traceIds.getFirst();
        }
    }

    private Answer get(String path, String... headers) throws IOException, InterruptedException {
        return send("http://localhost:" + port + path, headers);
    }

    private Answer send(String url, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(SOON);
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        HttpResponse<Void> response = client.send(request.build(), HttpResponse.BodyHandlers.discarding());
        return new Answer(
                response.statusCode(),
                response.headers().allValues(RequestTraces.HEADER),
                response.headers().allValues(HEARD + RequestTraces.HEADER),
                response.headers().allValues(HEARD + "traceparent"));
    }

    private static String traceparent(String flags) {
        return "00-" + GIVEN_TRACE + "-" + GIVEN_SPAN + "-" + flags;
    }

    @ParameterizedTest
    @EnumSource
    void everyRequestHasATraceIdOfItsOwnAtBothEnds(Api api) throws Exception {
        gateway(api);
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            ids.add(get("/shop").traceId());
        }
        assertThat(ids).hasSize(1_000).allMatch(id -> id.matches(TRACE_ID));
    }

    @ParameterizedTest
    @ValueSource(strings = {"00", "01"})
    void aTraceThatCameGoesOn(String flags) throws Exception {
        gateway(Api.DELTA_GRPC);
        Answer answer = get("/shop", "traceparent", traceparent(flags));
        assertThat(answer.traceId()).isEqualTo(GIVEN_TRACE);
        assertThat(answer.heardTraceparents().getFirst())
                .matches("00-" + GIVEN_TRACE + "-[0-9a-f]{16}-" + flags)
                .doesNotContain(GIVEN_SPAN);
    }

    @Test
    void neitherEndChoosesWhatTheOtherSees() throws Exception {
        gateway(Api.DELTA_GRPC);
        assertThat(get("/shop/own", RequestTraces.HEADER, "client's", RequestTraces.HEADER, "once more")
                        .traceId())
                .matches(TRACE_ID);

        // Without a trace, the request id takes its place.
        for (String malformed : List.of("garbage", traceparent("01").replace(GIVEN_TRACE, "0".repeat(32)))) {
            Answer answer = get("/shop/own", RequestTraces.HEADER, "client's", "traceparent", malformed);
            assertThat(answer.heardTraceIds())
                    .isEqualTo(answer.traceIds())
                    .singleElement()
                    .satisfies(id -> assertThat(id).matches(REQUEST_ID));
        }
    }

    @ParameterizedTest
    @CsvSource({"/shop/fails, 500", "/off, 500", "/empty, 503", "/refuses, 503", "/silent, 504"})
    void anErrorHasTheTraceId(String path, int status) throws Exception {
        gateway(Api.DELTA_GRPC);
        Answer answer = get(path);
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.traceIds())
                .singleElement()
                .satisfies(id -> assertThat(id).matches(TRACE_ID));
    }

    @Test
    void whatMatchesNoRouteHasTheRequestId() throws Exception {
        gateway(Api.DELTA_GRPC);
        Answer noPath = get("/elsewhere", "traceparent", traceparent("01"), RequestTraces.HEADER, "client's");
        Answer noHost = send("http://127.0.0.1:" + port + "/shop");
        assertThat(List.of(noPath, noHost)).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.traceIds())
                    .singleElement()
                    .satisfies(id -> assertThat(id).matches(REQUEST_ID));
        });
    }

    @Test
    void whatIsAnsweredBeforeRoutesAreLookedAtHasNone() throws Exception {
        gateway(Api.DELTA_GRPC);
        Answer redirect = get("/shop%2Fx");
        assertThat(redirect.status()).isEqualTo(307);
        assertThat(redirect.traceIds()).isEmpty();
    }

    @Test
    void withoutACollectorSampledRequestsDoNoHarm() throws Exception {
        Envoy envoy = gateway(Api.DELTA_GRPC);
        for (int i = 0; i < 1_000; i++) {
            assertThat(get("/shop", "traceparent", traceparent("01")).traceId()).isEqualTo(GIVEN_TRACE);
        }
        await("Envoy has flushed all spans")
                .atMost(SOON)
                .until(() -> envoy.stat("tracing.opentelemetry.spans_sent") >= 2_000);
        assertThat(get("/shop").traceId()).matches(TRACE_ID);
        assertThat(envoy.complaints()).isEmpty();
    }

    /** Takes spans as OpenTelemetry's own collector does. */
    private static final class Collector extends TraceServiceGrpc.TraceServiceImplBase {
        final Queue<Span> spans = new ConcurrentLinkedQueue<>();
        final Set<String> services = ConcurrentHashMap.newKeySet();

        @Override
        public void export(ExportTraceServiceRequest request, StreamObserver<ExportTraceServiceResponse> responses) {
            for (ResourceSpans resource : request.getResourceSpansList()) {
                resource.getResource().getAttributesList().stream()
                        .filter(attribute -> attribute.getKey().equals("service.name"))
                        .forEach(attribute -> services.add(attribute.getValue().getStringValue()));
                resource.getScopeSpansList().forEach(scope -> spans.addAll(scope.getSpansList()));
            }
            responses.onNext(ExportTraceServiceResponse.getDefaultInstance());
            responses.onCompleted();
        }

        List<Span> of(String traceId) {
            return spans.stream()
                    .filter(span -> hex(span.getTraceId()).equals(traceId))
                    .toList();
        }

        static String hex(ByteString id) {
            return HexFormat.of().formatHex(id.toByteArray());
        }
    }

    @Test
    void sampledRequestsAreSpansAtTheCollectorThatTheBootstrapNames() throws Exception {
        Collector collector = new Collector();
        HostPort address = new HostPort("127.0.0.1", grpc(collector));
        Path log = startWithBootstrap(new Bootstrap(
                "gateway-0",
                "shop",
                Optional.of("127.0.0.1"),
                new HostPort("127.0.0.1", freePort()),
                new XdsServers.Fixed(List.of(new HostPort("127.0.0.1", xdsPort))),
                Optional.of(address)));

        String unsampled = GIVEN_TRACE.replace('4', '5');
        assertThat(get("/shop", "traceparent", traceparent("00").replace(GIVEN_TRACE, unsampled))
                        .traceId())
                .isEqualTo(unsampled);
        Answer sampled = get("/shop", "traceparent", traceparent("01"));
        await("spans arrive").atMost(SOON).until(() -> collector.of(GIVEN_TRACE).size() == 2);

        Span server = span(collector, Span.SpanKind.SPAN_KIND_SERVER);
        Span upstream = span(collector, Span.SpanKind.SPAN_KIND_CLIENT);
        assertThat(Collector.hex(server.getParentSpanId())).isEqualTo(GIVEN_SPAN);
        assertThat(upstream.getParentSpanId()).isEqualTo(server.getSpanId());
        assertThat(sampled.heardTraceparents())
                .containsExactly("00-" + GIVEN_TRACE + "-" + Collector.hex(upstream.getSpanId()) + "-01");
        assertThat(server.getAttributesList())
                .anySatisfy(attribute -> assertThat(
                                attribute.getKey() + "=" + attribute.getValue().getStringValue())
                        .isEqualTo("node_id=gateway-0"));
        assertThat(collector.services).containsExactly("mpg-gateway");
        assertThat(collector.of(unsampled)).isEmpty();
        assertThat(Files.readAllLines(log))
                .as("complaints, but of load reports, which nobody takes here")
                .allMatch(line -> line.contains("StreamLoadStats"));
    }

    private static Span span(Collector collector, Span.SpanKind kind) {
        return collector.of(GIVEN_TRACE).stream()
                .filter(span -> span.getKind() == kind)
                .findFirst()
                .orElseThrow();
    }

    /** The file to which it logs warnings. */
    private Path startWithBootstrap(Bootstrap bootstrap) throws IOException {
        Path log = folder.resolve("log");
        Process envoy = new ProcessBuilder(
                        Programs.envoy().toString(),
                        "-c",
                        Files.writeString(folder.resolve("bootstrap.json"), bootstrap.toJson(), StandardCharsets.UTF_8)
                                .toString(),
                        "--disable-hot-restart",
                        "--concurrency",
                        "1",
                        "--log-level",
                        "warning")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        toClose.add(() -> envoy.destroyForcibly().waitFor());
        awaitRoutes();
        return log;
    }
}
