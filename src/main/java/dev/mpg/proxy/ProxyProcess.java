package dev.mpg.proxy;

import dev.mpg.sync.SyncClient;
import dev.mpg.sync.SyncTransport;
import dev.mpg.telemetry.CannotListenException;
import dev.mpg.telemetry.GrpcServerMetrics;
import dev.mpg.telemetry.HttpEndpoints;
import dev.mpg.telemetry.HttpEndpoints.Readiness;
import dev.mpg.telemetry.ProcessMetrics;
import dev.mpg.telemetry.RuntimePages;
import dev.mpg.telemetry.Tracing;
import dev.mpg.xds.AccessLogs;
import dev.mpg.xds.XdsServer;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ExecutorServiceMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A proxy instance: serves gateways what is on disk from the start, what the Master sends from then on, and tells the
 * Master what they make of it. Thread-safe.
 */
public final class ProxyProcess implements AutoCloseable {
    private static final int MAX_MESSAGE_BYTES = 16 << 20;
    /** With these a gateway that vanished without a word is noticed within 15 s. */
    private static final Duration KEEPALIVE_TIME = Duration.ofSeconds(10);

    private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(5);
    /** What a gateway may send before it's read: it grows where more is needed, and access logs may wait long. */
    private static final int UNREAD_BYTES = 64 << 10;
    /** Gateways may ask for signs of life this often. */
    private static final Duration PERMITTED_KEEPALIVE_TIME = Duration.ofSeconds(1);
    /** How long gateways' streams may take to end, and the disk to finish a write. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(ProxyProcess.class);

    private final ServingSink sink;
    private final SyncClient master;
    private final Server gateways;
    private final HttpEndpoints http;
    private final Parts parts;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * How to run it.
     *
     * @param instance its name, {@code <scheduler>-<ordinal>}
     * @param master host:port where the Master serves ConfigSync; of several Masters, one of which leads, all, separated by
     *     commas
     * @param xdsAddress where gateways connect; port 0 takes any free one
     * @param debugAddress where the debug endpoints listen; port 0 takes any free one
     * @param dataFolder its own, where it keeps config
     * @param advertisedHost the host under which others reach it; empty: the one of each address
     * @param traceSampling share of traces kept that begin here, 0 to 1; those of a change are kept if its operator does
     */
    public record Options(
            String instance,
            String master,
            InetSocketAddress xdsAddress,
            InetSocketAddress debugAddress,
            Path dataFolder,
            Optional<String> advertisedHost,
            double traceSampling) {}

    private ProxyProcess(ServingSink sink, SyncClient master, Server gateways, HttpEndpoints http, Parts parts) {
        this.sink = sink;
        this.master = master;
        this.gateways = gateways;
        this.http = http;
        this.parts = parts;
    }

    /**
     * Starts it. On return gateways are served; the Master may not be reached yet.
     *
     * @throws UncheckedIOException when the data folder or an address cannot be had
     */
    public static ProxyProcess start(Options options) {
        Parts parts = new Parts();
        try {
            return start(options, parts);
        } catch (RuntimeException e) {
            parts.close();
            throw e;
        }
    }

    private static ProxyProcess start(Options options, Parts parts) {
        PrometheusMeterRegistry registry = parts.add(new ProcessMetrics()).registry();
        Tracing tracing = parts.add(Tracing.start("mpg-proxy", options.instance(), options.traceSampling(), registry));
        AssignmentStore store = parts.add(AssignmentStore.open(options.dataFolder()));
        FleetReports reports = parts.add(new FleetReports());
        XdsServer xds = new XdsServer(registry, reports, tracing.tracer(), Clock.systemUTC());
        ExecutorService housekeeper = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("housekeeper").factory());
        new ExecutorServiceMetrics(housekeeper, "housekeeper", List.of()).bindTo(registry);
        parts.add(() -> end(housekeeper));
        ServingSink sink = new ServingSink(store, xds, reports, housekeeper, tracing.tracer());
        sink.serveHeld();

        RouteTables tables = new RouteTables(registry);
        RequestLog requests = new RequestLog(xds, sink::assignment, tables, registry);
        AccessLogs accessLogs = xds.accessLogs(requests);
        Server gateways = gatewayServer(options.xdsAddress(), xds, accessLogs, registry, parts);
        HttpEndpoints http = parts.add(debugServer(options.debugAddress()));
        SyncClient master = masterClient(options, gateways, http, sink, registry, parts);
        reports.to(sink, master);

        ProxyProcess process = new ProxyProcess(sink, master, gateways, http, parts);
        StatusPages pages = new StatusPages(options, store, xds, master, sink, tables);
        http.page("/debug/config/status", pages::status);
        http.page("/debug/config/dump", pages::dump);
        http.page("/debug/config/match", pages::match);
        http.page("/debug/requests", requests::page);
        http.page("/debug/trace", tracing::page);
        RuntimePages.on(http);
        http.metrics(registry);
        http.readiness(process::readiness);
        measure(registry, store, sink, master);
        parts.add(new TrafficReports(xds, master));
        master.start();
        log.info(
                "instance {} serves {} Proxies from {}: xDS on {}, http://{}/debug/config/status, Master {}",
                options.instance(),
                store.assignments().size(),
                options.dataFolder(),
                text(process.xdsAddress()),
                text(process.debugAddress()),
                options.master());
        return process;
    }

    private static Server gatewayServer(
            InetSocketAddress address, XdsServer xds, AccessLogs accessLogs, MeterRegistry registry, Parts parts) {
        ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("xds-", 0).factory());
        parts.add(threads::shutdownNow);
        Server server = NettyServerBuilder.forAddress(address)
                .addService(xds.service())
                .addService(xds.loadService())
                .addService(accessLogs.service())
                .initialFlowControlWindow(UNREAD_BYTES)
                .intercept(new GrpcServerMetrics(registry))
                .executor(threads)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .keepAliveTime(KEEPALIVE_TIME.toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(KEEPALIVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .permitKeepAliveTime(PERMITTED_KEEPALIVE_TIME.toMillis(), TimeUnit.MILLISECONDS)
                .permitKeepAliveWithoutCalls(true)
                .build();
        try {
            server.start();
        } catch (IOException e) {
            throw new CannotListenException(address, "--xds-address", e);
        }
        parts.add(() -> end(server, xds, accessLogs));
        return server;
    }

    /**
     * Takes no more streams and ends those that are open. Each connection is told to go away first: a gateway would open its
     * next stream on it otherwise.
     */
    private static void end(Server server, XdsServer xds, AccessLogs accessLogs) throws InterruptedException {
        server.shutdown();
        xds.drain();
        accessLogs.close();
        if (!server.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
            log.warn("some gateways' streams did not end within {}: cut", GRACE);
            server.shutdownNow();
        }
    }

    private static HttpEndpoints debugServer(InetSocketAddress address) {
        try {
            return HttpEndpoints.start(address);
        } catch (IOException e) {
            throw new CannotListenException(address, "--debug-address", e);
        }
    }

    private static SyncClient masterClient(
            Options options,
            Server gateways,
            HttpEndpoints http,
            ServingSink sink,
            MeterRegistry registry,
            Parts parts) {
        ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("sync").factory());
        // Otherwise its end would wait for delays, cancelled ones too.
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        new ExecutorServiceMetrics(thread, "sync", List.of()).bindTo(registry);
        parts.add(() -> end(thread));
        return parts.add(new SyncClient(
                SyncTransport.channels(options.master()),
                new SyncClient.Identity(
                        options.instance(),
                        advertised(options, options.xdsAddress(), gateways.getPort()),
                        advertised(
                                options, options.debugAddress(), http.address().getPort())),
                sink,
                thread,
                SyncTransport.backoff(),
                registry,
                Clock.systemUTC()));
    }

    /** A write to disk that is under way is let finish. */
    private static void end(ExecutorService thread) throws InterruptedException {
        thread.shutdown();
        if (!thread.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
            log.warn("a write to disk did not end within {}", GRACE);
        }
    }

    private static String advertised(Options options, InetSocketAddress address, int port) {
        String host =
                options.advertisedHost().orElseGet(() -> address.getAddress().getHostAddress());
        return text(host, port);
    }

    private static String text(InetSocketAddress address) {
        return text(address.getAddress().getHostAddress(), address.getPort());
    }

    private static String text(String host, int port) {
        return (host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + port;
    }

    private static void measure(MeterRegistry registry, AssignmentStore store, ServingSink sink, SyncClient master) {
        Gauge.builder("mpg.proxy.master.connected", master, client -> client.connected() ? 1 : 0)
                .description("1 while the Master has accepted this instance")
                .register(registry);
        Gauge.builder("mpg.proxy.assignments", sink, from -> from.assignments().size())
                .description("Proxies that this instance serves")
                .register(registry);
        Gauge.builder("mpg.proxy.unsaved", sink, from -> from.unsaved())
                .description("Proxies whose assignment is served from memory because the disk fails")
                .register(registry);
        Gauge.builder("mpg.proxy.disk", store, from -> from.usage().bytes())
                .description("Size of the config on disk")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("mpg.proxy.disk.quarantined", store, from -> from.usage().quarantined())
                .description("Corrupt files that were set aside")
                .register(registry);
    }

    private Readiness readiness() {
        int proxies = sink.assignments().size();
        SyncClient.State state = master.state();
        if (closing.get()) {
            return new Readiness(false, "it is shutting down");
        } else if (state.connected() || proxies > 0) {
            return new Readiness(
                    true,
                    "serving " + proxies + " Proxies; the Master is " + (state.connected() ? "" : "not ")
                            + "connected");
        }
        return new Readiness(
                false,
                "it has no config on disk and has not reached the Master"
                        + state.lastError().map(error -> ": " + error).orElse(""));
    }

    /** Where gateways connect. */
    public InetSocketAddress xdsAddress() {
        return (InetSocketAddress) gateways.getListenSockets().getFirst();
    }

    /** Where the debug endpoints are. */
    public InetSocketAddress debugAddress() {
        return http.address();
    }

    /** Returns when {@link #close} has done its work. */
    public void awaitClose() throws InterruptedException {
        closed.await();
    }

    /**
     * Leaves the Master, ends the gateways' streams so that they connect elsewhere, lets a write to disk finish, and gives up
     * the data folder. Whoever calls it second returns at once.
     */
    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            log.info("shutting down");
            parts.close();
            closed.countDown();
        }
    }
}
