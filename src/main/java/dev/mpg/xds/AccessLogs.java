package dev.mpg.xds;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import io.envoyproxy.envoy.service.accesslog.v3.AccessLogServiceGrpc;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsResponse;
import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes Envoy's gRPC access log. Thread-safe.
 *
 * <p>A gateway says by {@code node.cluster} and {@code node.id} in its first message who it is. Of all gateways together
 * {@value #MESSAGES} messages, of up to 16 KiB each, are read in {@value #WINDOW_MILLIS} ms; the others wait, each in its
 * turn, unread, and their gateways drop what they can't send.
 */
public final class AccessLogs implements AutoCloseable {
    private static final int MESSAGES = 20;
    private static final long WINDOW_MILLIS = 100;
    private static final long WINDOW_NANOS = Duration.ofMillis(WINDOW_MILLIS).toNanos();
    private static final Logger log = LoggerFactory.getLogger(AccessLogs.class);

    private final BiPredicate<String, String> admitted;
    private final Listener listener;
    private final Set<Entries> open = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("access-logs").factory());

    @GuardedBy("this")
    private final Queue<ServerCallStreamObserver<?>> waiting = new ArrayDeque<>();

    @GuardedBy("this")
    private long windowBegan = System.nanoTime();

    @GuardedBy("this")
    private int read;

    /** Is given what gateways logged. Called from many threads; what it takes in time, others wait for. */
    public interface Listener {
        /** Requests that ended. */
        void requests(String clusterId, String gateway, List<HTTPAccessLogEntry> requests);

        /** Connections that ended, or whose TLS handshake failed. */
        void connections(String clusterId, String gateway, List<TCPAccessLogEntry> connections);
    }

    /** @param admitted whether the gateway (second) of the cluster id (first) may log here. Must be quick */
    public AccessLogs(BiPredicate<String, String> admitted, Listener listener) {
        this.admitted = admitted;
        this.listener = listener;
    }

    /** The service {@code envoy.service.accesslog.v3.AccessLogService}. */
    public BindableService service() {
        return new AccessLogServiceGrpc.AccessLogServiceImplBase() {
            @Override
            public StreamObserver<StreamAccessLogsMessage> streamAccessLogs(
                    StreamObserver<StreamAccessLogsResponse> answers) {
                return new Entries((ServerCallStreamObserver<StreamAccessLogsResponse>) answers);
            }
        };
    }

    /** Ends every stream. */
    @Override
    public void close() {
        open.forEach(entries -> entries.end(Status.UNAVAILABLE.withDescription("this instance is shutting down")));
        thread.shutdownNow();
    }

    /** How many streams are open. */
    int streams() {
        return open.size();
    }

    /** Reads the next message of this stream as soon as it's its turn. */
    private synchronized void readNext(ServerCallStreamObserver<?> call) {
        long now = System.nanoTime();
        if (now - windowBegan >= WINDOW_NANOS) {
            windowBegan = now;
            read = 0;
        }
        if (read < MESSAGES && waiting.isEmpty()) {
            read++;
            call.request(1);
            return;
        }
        if (waiting.isEmpty()) {
            readWaiting(windowBegan + WINDOW_NANOS - now);
        }
        waiting.add(call);
    }

    private void readWaiting(long inNanos) {
        try {
            var _ = thread.schedule(this::nextWindow, inNanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("closed: nothing is read any more", e);
        }
    }

    private synchronized void nextWindow() {
        windowBegan = System.nanoTime();
        for (read = 0; read < MESSAGES && !waiting.isEmpty(); read++) {
            waiting.remove().request(1);
        }
        if (!waiting.isEmpty()) {
            readWaiting(WINDOW_NANOS);
        }
    }

    /** A gateway's stream. gRPC calls this from one thread at a time. */
    private final class Entries implements StreamObserver<StreamAccessLogsMessage> {
        private final ServerCallStreamObserver<StreamAccessLogsResponse> call;
        private String clusterId = "";
        private String gateway = "";
        private boolean knowsWho;

        Entries(ServerCallStreamObserver<StreamAccessLogsResponse> call) {
            this.call = call;
            call.disableAutoRequest();
            call.setOnCancelHandler(() -> open.remove(this));
            open.add(this);
            call.request(1);
        }

        @Override
        public void onNext(StreamAccessLogsMessage message) {
            if (!knowsWho) {
                Node node = message.getIdentifier().getNode();
                clusterId = node.getCluster();
                gateway = node.getId();
                knowsWho = true;
            }
            if (!admitted.test(clusterId, gateway)) {
                end(Status.NOT_FOUND.withDescription("gateway '" + gateway + "' (node.id) of cluster '" + clusterId
                        + "' (node.cluster) is not served here, so its access log is not wanted here"));
                return;
            }
            try {
                switch (message.getLogEntriesCase()) {
                    case HTTP_LOGS ->
                        listener.requests(
                                clusterId, gateway, message.getHttpLogs().getLogEntryList());
                    case TCP_LOGS ->
                        listener.connections(
                                clusterId, gateway, message.getTcpLogs().getLogEntryList());
                    case LOGENTRIES_NOT_SET -> {}
                }
            } finally {
                readNext(call);
            }
        }

        @Override
        public void onError(Throwable t) {
            open.remove(this);
        }

        @Override
        public void onCompleted() {
            if (open.remove(this)) {
                call.onNext(StreamAccessLogsResponse.getDefaultInstance());
                call.onCompleted();
            }
        }

        void end(Status status) {
            if (open.remove(this)) {
                call.onError(status.asRuntimeException());
            }
        }
    }
}
