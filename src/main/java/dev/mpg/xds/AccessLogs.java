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
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes Envoy's gRPC access log. Thread-safe.
 *
 * <p>A gateway says by {@code node.cluster} and {@code node.id} in its first message who it is. Of all gateways together
 * {@value #MESSAGES} messages, of about 16 KiB each, are read in {@value #WINDOW_MILLIS} ms; the others wait, each in its
 * turn, unread, and their gateways drop what they can't send. A message of more than {@value #MAX_BYTES} bytes, which no Envoy
 * sends, ends its stream; so does a stream of a gateway that has {@value #STREAMS} already.
 */
public final class AccessLogs implements AutoCloseable {
    private static final int MESSAGES = 20;
    private static final long WINDOW_MILLIS = 100;
    private static final long WINDOW_NANOS = Duration.ofMillis(WINDOW_MILLIS).toNanos();
    /** Envoy sends what it has when that is 16 KiB or more; the last entry may have all headers of a large request twice. */
    static final int MAX_BYTES = 512 * 1024;

    /** Envoy has a stream for each of its threads and each kind of log. */
    static final int STREAMS = 256;

    private static final Logger log = LoggerFactory.getLogger(AccessLogs.class);

    private final BiPredicate<String, String> admitted;
    private final Listener listener;
    private final Set<Entries> open = ConcurrentHashMap.newKeySet();
    private final ConcurrentMap<Sender, Set<Entries>> bySender = new ConcurrentHashMap<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("access-logs").factory());

    @GuardedBy("this")
    private final Queue<ServerCallStreamObserver<?>> waiting = new ArrayDeque<>();

    @GuardedBy("this")
    private long windowBegan = System.nanoTime();

    @GuardedBy("this")
    private int read;

    private record Sender(String clusterId, String gateway) {}

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

    /** Ends this gateway's streams, if it has any. */
    void end(String clusterId, String gateway, Status status) {
        bySender.getOrDefault(new Sender(clusterId, gateway), Set.of()).forEach(entries -> entries.end(status));
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
        private volatile @Nullable Sender sender;

        Entries(ServerCallStreamObserver<StreamAccessLogsResponse> call) {
            this.call = call;
            call.disableAutoRequest();
            // One of these comes at the end of every call, however it ends.
            call.setOnCancelHandler(this::forget);
            call.setOnCloseHandler(this::forget);
            open.add(this);
            call.request(1);
        }

        @Override
        public void onNext(StreamAccessLogsMessage message) {
            Sender known = sender;
            Sender from = known == null ? sender(message.getIdentifier().getNode()) : known;
            if (!open.contains(this)) {
                return;
            } else if (!admitted.test(from.clusterId, from.gateway)) {
                end(Status.NOT_FOUND.withDescription("gateway '" + from.gateway + "' (node.id) of cluster '"
                        + from.clusterId
                        + "' (node.cluster) is not served here, so its access log is not wanted here"));
                return;
            } else if (message.getSerializedSize() > MAX_BYTES) {
                end(Status.RESOURCE_EXHAUSTED.withDescription(
                        "an access-log message of " + message.getSerializedSize() + " bytes, more than " + MAX_BYTES));
                return;
            } else if (known == null && !add(from)) {
                end(Status.RESOURCE_EXHAUSTED.withDescription("gateway '" + from.gateway + "' (node.id) of cluster '"
                        + from.clusterId + "' (node.cluster) has " + STREAMS + " access-log streams already"));
                return;
            }
            try {
                switch (message.getLogEntriesCase()) {
                    case HTTP_LOGS ->
                        listener.requests(
                                from.clusterId,
                                from.gateway,
                                message.getHttpLogs().getLogEntryList());
                    case TCP_LOGS ->
                        listener.connections(
                                from.clusterId,
                                from.gateway,
                                message.getTcpLogs().getLogEntryList());
                    case LOGENTRIES_NOT_SET -> {}
                }
            } finally {
                readNext(call);
            }
        }

        private static Sender sender(Node node) {
            return new Sender(node.getCluster(), node.getId());
        }

        /** Whether there may be one more of this gateway. */
        private boolean add(Sender from) {
            sender = from;
            return bySender.compute(from, (_, entries) -> {
                        Set<Entries> all = entries == null ? ConcurrentHashMap.newKeySet() : entries;
                        if (all.size() < STREAMS) {
                            all.add(this);
                        }
                        return all;
                    })
                    .contains(this);
        }

        /** Whether it was known. */
        private boolean forget() {
            Sender known = sender;
            if (known != null) {
                bySender.computeIfPresent(known, (_, entries) -> {
                    entries.remove(this);
                    return entries.isEmpty() ? null : entries;
                });
            }
            return open.remove(this);
        }

        @Override
        public void onError(Throwable t) {
            forget();
        }

        @Override
        public void onCompleted() {
            if (forget()) {
                call.onNext(StreamAccessLogsResponse.getDefaultInstance());
                call.onCompleted();
            }
        }

        void end(Status status) {
            if (forget()) {
                call.onError(status.asRuntimeException());
            }
        }
    }
}
