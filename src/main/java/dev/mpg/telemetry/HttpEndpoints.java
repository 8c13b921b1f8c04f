package dev.mpg.telemetry;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP server for people and probes: health, metrics, debug pages. GET and HEAD on exact paths; errors are JSON,
 * {@code {"error": "…"}}. At most {@value #MAX_REQUESTS} requests are answered at a time, on virtual threads; more get 503.
 * Thread-safe; pages may be added while it runs.
 */
public final class HttpEndpoints implements AutoCloseable {
    static final int MAX_REQUESTS = 64;

    private static final int MAX_CONNECTIONS = 256;
    private static final int MAX_REQUEST_SECONDS = 10;
    private static final int MAX_ANSWER_SECONDS = 60;
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final Logger log = LoggerFactory.getLogger(HttpEndpoints.class);

    static {
        // The JDK's server takes its limits from system properties only, read once; see the module jdk.httpserver.
        limit("jdk.httpserver.maxConnections", MAX_CONNECTIONS);
        limit("sun.net.httpserver.maxReqTime", MAX_REQUEST_SECONDS);
        limit("sun.net.httpserver.maxRspTime", MAX_ANSWER_SECONDS);
    }

    private final HttpServer server;
    private final ExecutorService threads;
    private final Map<String, HttpPage> pages = new ConcurrentHashMap<>();
    private final Semaphore free = new Semaphore(MAX_REQUESTS);

    private static void limit(String property, int value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, Integer.toString(value));
        }
    }

    private HttpEndpoints(HttpServer server) {
        this.server = server;
        this.threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("http-", 0).factory());
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        page("/healthz", request -> HttpAnswer.text(200, "ok\n"));
    }

    /**
     * Listens on this address; port 0 takes any free one. {@code /healthz} is there from the start.
     *
     * @throws IOException when the address cannot be had
     */
    public static HttpEndpoints start(InetSocketAddress address) throws IOException {
        HttpEndpoints endpoints = new HttpEndpoints(HttpServer.create(address, 0));
        endpoints.server.start();
        return endpoints;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Serves a page at exactly this path. */
    public void page(String path, HttpPage page) {
        pages.put(path, page);
    }

    /** Serves {@code /readyz}: 200 when ready, else 503, with the reason. */
    public void readiness(Supplier<Readiness> readiness) {
        page("/readyz", request -> {
            Readiness now = readiness.get();
            return HttpAnswer.text(now.ready() ? 200 : 503, now.reason() + "\n");
        });
    }

    /** Serves {@code /metrics} in the format that the Accept header asks for: Prometheus text or OpenMetrics. */
    public void metrics(PrometheusMeterRegistry registry) {
        page("/metrics", request -> {
            String type = request.accept().contains("application/openmetrics-text") ? OPEN_METRICS : PROMETHEUS_TEXT;
            return HttpAnswer.text(200, registry.scrape(type)).as(type);
        });
    }

    /**
     * Whether this process can do its work.
     *
     * @param reason what it waits for, or what it has
     */
    public record Readiness(boolean ready, String reason) {}

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!free.tryAcquire()) {
                send(exchange, HttpAnswer.error(503, "too many requests at a time; try again"));
                return;
            }
            try {
                send(exchange, answerTo(exchange));
            } finally {
                free.release();
            }
        }
    }

    private HttpAnswer answerTo(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        HttpPage page = pages.get(path);
        if (page == null) {
            return HttpAnswer.error(
                    404,
                    "no page " + path + "; there are: "
                            + pages.keySet().stream().sorted().collect(Collectors.joining(", ")));
        }
        if (!reads(exchange.getRequestMethod())) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return HttpAnswer.error(405, path + " takes GET, not " + exchange.getRequestMethod());
        }
        try {
            return page.answer(HttpRequest.of(exchange));
        } catch (BadRequestException e) {
            return HttpAnswer.error(400, e.reason());
        } catch (RuntimeException e) {
            log.error("page {} failed", path, e);
            return HttpAnswer.error(500, path + " failed; see the log");
        }
    }

    private static boolean reads(String method) {
        return method.equals("GET") || method.equals("HEAD");
    }

    private static void send(HttpExchange exchange, HttpAnswer answer) throws IOException {
        ByteString body = answer.body();
        exchange.getResponseHeaders().set("Content-Type", answer.contentType());
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.size()));
            exchange.sendResponseHeaders(answer.status(), -1);
        } else {
            // A length of 0 would mean "unknown".
            exchange.sendResponseHeaders(answer.status(), body.isEmpty() ? -1 : body.size());
            body.writeTo(exchange.getResponseBody());
        }
    }

    /** Stops at once; requests that are being answered are cut. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
