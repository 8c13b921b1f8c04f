package dev.mpg.xds;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import io.grpc.BindableService;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Serves configs to gateways over xDS v3, in the delta and in the state-of-the-world variant of the aggregated discovery
 * service. Thread-safe. A gateway says by {@code node.cluster} which config it wants and by {@code node.id} which gateway it
 * is; who may connect with which is for an interceptor to say.
 *
 * <p>Costs: {@link #assign} takes time in proportion to the cluster's open streams and doesn't wait for any of them. A stream
 * holds, per type, a reference to a snapshot, the names that it asked for, if any, and at most one unanswered response.
 */
public final class XdsServer {
    private final ConcurrentMap<String, Fleet> fleets = new ConcurrentHashMap<>();
    private final FleetListener listener;
    private final Marshalling marshalling = new Marshalling();
    private final AdsService service;
    private final LoadReports loads;
    private final List<AccessLogs> accessLogs = new CopyOnWriteArrayList<>();
    private final Draining draining = new Draining(this::sendAway);
    private final Clock clock;
    private final Tracer tracer;

    /**
     * What the requests of an open wave are like.
     *
     * @param wave its number
     */
    public record WaveTraffic(int wave, Traffic seen) {}

    public XdsServer(MeterRegistry registry, FleetListener listener) {
        this(registry, listener, TracerProvider.noop().get(""), Clock.systemUTC());
    }

    /**
     * Serves no cluster yet.
     *
     * @param tracer makes a span of each gateway's move to a version that a traced change made
     * @param clock tells when gateways connected
     */
    public XdsServer(MeterRegistry registry, FleetListener listener, Tracer tracer, Clock clock) {
        this.listener = listener;
        this.tracer = tracer;
        this.clock = clock;
        XdsMetrics metrics = new XdsMetrics(registry, this::unansweredNanos);
        this.loads = new LoadReports(
                this::admits,
                this::loadInterval,
                clock,
                (clusterId, gateway, counts) -> metrics.requests(triesTarget(clusterId, gateway), counts));
        this.service = new AdsService(fleets::get, clock, marshalling, metrics, listener::changed, draining);
    }

    /**
     * The service {@code envoy.service.discovery.v3.AggregatedDiscoveryService}. A gateway that reconnects names each resource
     * that it has in one request, so the gRPC server should allow inbound messages of about 100 bytes per resource.
     */
    public BindableService service() {
        return service;
    }

    /** The service {@code envoy.service.load_stats.v3.LoadReportingService}, to which gateways report what they serve. */
    public BindableService loadService() {
        return loads.service();
    }

    /**
     * The service to which gateways send their access logs: those that may connect here. It has to be closed by the caller.
     * Streams end with those of a gateway that is sent away.
     *
     * @param listener is given what they log
     */
    public AccessLogs accessLogs(AccessLogs.Listener listener) {
        AccessLogs logs = new AccessLogs(this::admits, listener);
        accessLogs.add(logs);
        return logs;
    }

    /** For how long the oldest unanswered response of all has been waiting for its answer. */
    private long unansweredNanos() {
        return fleets.values().stream()
                .flatMap(fleet -> fleet.streams().stream())
                .mapToLong(AdsStream::unansweredNanos)
                .max()
                .orElse(0);
    }

    /** Whether this gateway belongs to the fleet of this cluster, which is served here. */
    public boolean admits(String clusterId, String gateway) {
        Fleet fleet = fleets.get(clusterId);
        return fleet != null && fleet.admits(gateway);
    }

    private boolean triesTarget(String clusterId, String gateway) {
        Fleet fleet = fleets.get(clusterId);
        return fleet != null && fleet.triesTarget(gateway);
    }

    private Duration loadInterval(String clusterId) {
        Fleet fleet = fleets.get(clusterId);
        return fleet != null && fleet.isOnTrial() ? LoadReports.WAVE_INTERVAL : LoadReports.USUAL_INTERVAL;
    }

    /** What the gateways that report here say of their requests while a wave is open; empty while none is. */
    public Optional<WaveTraffic> traffic(String clusterId) {
        Fleet fleet = fleets.get(clusterId);
        return fleet == null ? Optional.empty() : fleet.traffic(loads);
    }

    /**
     * From now on gateways of this cluster should have this. Streams whose gateway should have another version than before
     * move to it; to the others nothing is sent. Streams of gateways that are no members any more end.
     *
     * <p>A gateway that refuses a target which isn't stable gets stable at once, and no other gateway gets that target for the
     * first time, until the target or the wave is another one.
     */
    public void assign(Assignment assignment) {
        assign(assignment, SpanContext.getInvalid());
    }

    /**
     * The same, because of a change.
     *
     * @param change its span: each gateway that moves to the target gets a child of it
     */
    public void assign(Assignment assignment, SpanContext change) {
        String clusterId = assignment.clusterId();
        Duration intervalBefore = loadInterval(clusterId);
        Fleet fleet = fleets.compute(clusterId, (id, known) -> {
            Fleet served = known == null ? new Fleet(id, clock, tracer) : known;
            served.assign(assignment, change);
            return served;
        });
        refresh(fleet);
        if (!loadInterval(clusterId).equals(intervalBefore)) {
            loads.intervalChanged(clusterId);
        }
    }

    /**
     * Takes up what gateways refused of the assigned target before this process began: they get stable. To be called before
     * gateways are served; what was refused of another version is ignored.
     */
    public void recall(String clusterId, Collection<GatewayReport> refused) {
        Fleet fleet = fleets.get(clusterId);
        if (fleet != null) {
            fleet.recall(refused);
        }
    }

    /** What gateways refused of the target in the present wave, also those that aren't connected. */
    public List<GatewayReport> refused(String clusterId) {
        Fleet fleet = fleets.get(clusterId);
        return fleet == null ? List.of() : fleet.refused();
    }

    /** This cluster isn't served here any more: its streams end with NOT_FOUND, as do new ones. */
    public void release(String clusterId) {
        Fleet fleet = fleets.remove(clusterId);
        if (fleet != null) {
            fleet.release();
            loads.release(clusterId);
            refresh(fleet);
        }
    }

    /**
     * Ends every open stream, so that its gateway connects to another instance. For a process that ends; its gRPC server
     * takes no new streams by then.
     */
    public void drain() {
        loads.drain();
        Status status = Status.UNAVAILABLE.withDescription("this instance is shutting down");
        for (Fleet fleet : fleets.values()) {
            fleet.streams().forEach(stream -> stream.end(status));
        }
    }

    /**
     * The gateways of these clusters should leave this instance, and those of others may stay. Each open stream of a cluster
     * that wasn't draining before ends with UNAVAILABLE, and its gateway's load reports and access logs with it: at a random time within 5 ms
     * per stream, and within 5 s. A gateway that comes to a cluster that is draining is served, and sent away again 5 to 10 s
     * later. Returns at once.
     *
     * @param clusterIds may name clusters that aren't served here yet, or any more
     */
    public void drain(Set<String> clusterIds) {
        draining.set(clusterIds, fleets.values());
    }

    private void sendAway(AdsStream<?> stream) {
        Status status = Refusals.draining(stream.clusterId());
        stream.end(status);
        loads.end(stream.clusterId(), stream.gateway(), status);
        accessLogs.forEach(logs -> logs.end(stream.clusterId(), stream.gateway(), status));
    }

    private void refresh(Fleet fleet) {
        boolean changed = false;
        for (AdsStream<?> stream : fleet.streams()) {
            changed |= stream.refreshQuietly();
        }
        if (changed) {
            listener.changed(fleet.clusterId());
        }
    }

    /**
     * The gateways that are connected now, sorted by name; none when the cluster isn't served here. One that refused the
     * target is reported so until the target or the wave is another one, although it has been put back on stable.
     */
    public List<GatewayReport> gateways(String clusterId) {
        Fleet fleet = fleets.get(clusterId);
        return fleet == null ? List.of() : fleet.reports();
    }

    /**
     * The version that a gateway ran at a time, of now and the one before that: it has ACKed all of it, and nothing later.
     *
     * @return empty when it isn't known here, as of a gateway that connected later
     */
    public Optional<ContentHash> effective(String clusterId, String gateway, Instant at) {
        Fleet fleet = fleets.get(clusterId);
        return fleet == null ? Optional.empty() : fleet.effective(gateway, at);
    }

    /** The clusters that are served here. */
    public Set<String> clusters() {
        return Set.copyOf(fleets.keySet());
    }

    /** The open streams of the cluster's gateways. */
    public List<StreamInfo> streams(String clusterId) {
        Fleet fleet = fleets.get(clusterId);
        return fleet == null ? List.of() : AdsStream.infos(fleet);
    }

    /** How many response bodies were marshalled so far. */
    long bodiesMarshalled() {
        return marshalling.marshalled();
    }
}
