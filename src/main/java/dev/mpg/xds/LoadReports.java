package dev.mpg.xds;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.rollout.Canary;
import dev.mpg.rollout.Counts;
import dev.mpg.rollout.Traffic;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.load_stats.v3.LoadReportingServiceGrpc;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Collects Envoy's load reports and answers what the analysis of a canary asks of them. Thread-safe.
 *
 * <p>A gateway says by {@code node.cluster} and {@code node.id} in its first message who it is, and has one stream: a newer one
 * takes the older one's place. It's asked for all its upstream clusters, and asked again only when the interval changed,
 * because each answer makes Envoy wait a whole interval from then.
 *
 * <p>Of a new upstream cluster Envoy reports nothing until the report after the next; and a stream that is lost is opened
 * again after 5 s, with what was counted meanwhile.
 */
public final class LoadReports {
    /** How often gateways report while nobody looks. */
    public static final Duration USUAL_INTERVAL = Duration.ofSeconds(10);

    /** How often gateways report while a wave is open. */
    public static final Duration WAVE_INTERVAL = Duration.ofSeconds(1);

    private final BiPredicate<String, String> admitted;
    private final Function<String, Duration> interval;
    private final InstantSource clock;
    private final LoadLedger ledger;
    private final Counted counted;
    private final ConcurrentMap<String, ConcurrentMap<String, LoadStream>> streams = new ConcurrentHashMap<>();

    /** Is given what each report counts. */
    @FunctionalInterface
    public interface Counted {
        /** Must be quick. */
        void add(String clusterId, String gateway, Counts counts);
    }

    /**
     * Needs {@link #service} to be added to the gRPC server that gateways reach for their config.
     *
     * @param admitted whether the gateway (second) of the cluster id (first) may report here. Asked at each report; must be quick
     * @param interval how often gateways of this cluster id should report: 100 ms to 1 h. Must be quick
     * @param clock gives the times of reports
     */
    public LoadReports(
            BiPredicate<String, String> admitted,
            Function<String, Duration> interval,
            InstantSource clock,
            Counted counted) {
        this.admitted = admitted;
        this.interval = interval;
        this.clock = clock;
        this.ledger = new LoadLedger(clock);
        this.counted = counted;
    }

    /** The service {@code envoy.service.load_stats.v3.LoadReportingService}. */
    public BindableService service() {
        return () -> ServerServiceDefinition.builder(LoadReportingServiceGrpc.SERVICE_NAME)
                .addMethod(
                        LoadReport.METHOD,
                        ServerCalls.asyncBidiStreamingCall(
                                call -> new Reports((ServerCallStreamObserver<LoadStatsResponse>) call)))
                .build();
    }

    /** Gateways of this cluster hear of the interval as it is now. Returns without waiting for them. */
    public void intervalChanged(String clusterId) {
        streamsOf(clusterId).forEach(LoadStream::tellInterval);
    }

    /**
     * The traffic as the analysis of this canary looks at it. Times are those of the clock given to the constructor, so an
     * instance should give when it heard itself of the wave and of the ACKs.
     *
     * <p>In {@link Traffic#cohort} and {@link Traffic#rest} are whole reports only, that began after the gateway ran the target
     * and after the wave opened; reports of the time between are left out. {@link Traffic#before} is taken at the first
     * question about a target and kept while questions about it come at least once a minute; so ask soon after the wave opened.
     */
    public Traffic traffic(String clusterId, Canary canary) {
        return ledger.traffic(clusterId, canary);
    }

    /** This cluster isn't served here any more: its streams end and what they reported is forgotten. */
    public void release(String clusterId) {
        streamsOf(clusterId).forEach(stream -> stream.end(notServed(clusterId, stream.gateway())));
        streams.remove(clusterId);
        ledger.forget(clusterId);
    }

    /** Ends every open stream. For a process that ends; its gRPC server takes no new streams by then. */
    public void drain() {
        Status status = Status.UNAVAILABLE.withDescription("this instance is shutting down");
        streams.keySet().forEach(clusterId -> streamsOf(clusterId).forEach(stream -> stream.end(status)));
    }

    /** Ends this gateway's stream, if it has one; what it reported stays. */
    void end(String clusterId, String gateway, Status status) {
        ConcurrentMap<String, LoadStream> open = streams.get(clusterId);
        LoadStream stream = open == null ? null : open.get(gateway);
        if (stream != null) {
            stream.end(status);
        }
    }

    private Collection<LoadStream> streamsOf(String clusterId) {
        ConcurrentMap<String, LoadStream> open = streams.get(clusterId);
        return open == null ? List.of() : open.values();
    }

    /** How many streams are open. */
    int streams(String clusterId) {
        return streamsOf(clusterId).size();
    }

    private static Status notServed(String clusterId, String gateway) {
        return Status.NOT_FOUND.withDescription("gateway '" + gateway + "' (node.id) of cluster '" + clusterId
                + "' (node.cluster) is not served here, so its load is not wanted here");
    }

    /** What comes from one gateway. gRPC calls this from one thread at a time. */
    private final class Reports implements StreamObserver<LoadReport> {
        private final ServerCallStreamObserver<LoadStatsResponse> call;
        private volatile @Nullable LoadStream stream;
        private boolean refused;

        Reports(ServerCallStreamObserver<LoadStatsResponse> call) {
            this.call = call;
            call.setOnReadyHandler(() -> {
                LoadStream open = stream;
                if (open != null) {
                    open.tellInterval();
                }
            });
            // One of these comes at the end of every call, however it ends.
            call.setOnCancelHandler(() -> end(Status.CANCELLED));
            call.setOnCloseHandler(() -> end(Status.CANCELLED));
        }

        @Override
        public void onNext(LoadReport report) {
            LoadStream open = stream;
            if (open == null && !refused) {
                open = admit(report);
                stream = open;
            }
            if (open != null) {
                if (admitted.test(open.clusterId(), open.gateway())) {
                    open.receive(report.clusters());
                } else {
                    open.end(notServed(open.clusterId(), open.gateway()));
                }
            }
        }

        private @Nullable LoadStream admit(LoadReport first) {
            Node node;
            try {
                node = Node.parseFrom(first.node());
            } catch (InvalidProtocolBufferException e) {
                return refuse(Status.INVALID_ARGUMENT.withDescription("node cannot be parsed: " + e.getMessage()));
            }
            if (node.getId().isEmpty()) {
                return refuse(Refusals.noNodeId());
            } else if (node.getCluster().isEmpty()) {
                return refuse(Refusals.noNodeCluster());
            } else if (!admitted.test(node.getCluster(), node.getId())) {
                return refuse(notServed(node.getCluster(), node.getId()));
            }
            LoadStream begun = new LoadStream(
                    node.getCluster(), node.getId(), call, interval, clock, ledger, counted, LoadReports.this::remove);
            LoadStream older = streams.computeIfAbsent(begun.clusterId(), id -> new ConcurrentHashMap<>())
                    .put(begun.gateway(), begun);
            if (older != null) {
                older.end(Refusals.REPLACED);
            }
            begun.tellInterval();
            return begun;
        }

        private @Nullable LoadStream refuse(Status status) {
            refused = true;
            call.onError(status.asRuntimeException());
            return null;
        }

        @Override
        public void onError(Throwable t) {
            end(Status.CANCELLED);
        }

        @Override
        public void onCompleted() {
            if (stream == null && !refused) {
                refused = true;
                call.onCompleted();
            }
            end(Status.OK);
        }

        private void end(Status status) {
            LoadStream open = stream;
            if (open != null) {
                open.end(status);
            }
        }
    }

    private void remove(LoadStream stream) {
        ConcurrentMap<String, LoadStream> open = streams.get(stream.clusterId());
        if (open != null) {
            open.remove(stream.gateway(), stream);
        }
    }
}
