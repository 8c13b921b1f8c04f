package dev.mpg.e2e;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ResourceType;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A gateway's delta xDS stream, as far as clusters and listeners go, that misbehaves as told when it's given a cluster named
 * {@value #TROUBLE}. Like Envoy, it takes what it can of a response that it refuses. Thread-safe.
 */
final class RawGateway implements StreamObserver<DeltaDiscoveryResponse>, AutoCloseable {
    /** Name of the cluster at which it misbehaves. */
    static final String TROUBLE = "trouble";

    /** What it says when it's given trouble. */
    enum Answer {
        /** It takes it. */
        ACK,
        /** It refuses it. */
        NACK,
        /** Nothing, until {@link #answers} is called. */
        NONE
    }

    private final ManagedChannel channel;
    private final String id;
    private final StreamObserver<DeltaDiscoveryRequest> requests;
    private final Map<String, ByteString> clusters = new TreeMap<>();
    private Answer toTrouble;
    private @Nullable DeltaDiscoveryResponse unanswered;
    private boolean troubled;
    private Optional<Status> end = Optional.empty();

    private RawGateway(String xdsAddress, String clusterId, String id, Answer toTrouble, Map<String, String> has) {
        this.id = id;
        this.toTrouble = toTrouble;
        has.keySet().forEach(name -> clusters.put(name, ByteString.EMPTY));
        this.channel = NettyChannelBuilder.forTarget(xdsAddress).usePlaintext().build();
        this.requests = AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(this);
        send(DeltaDiscoveryRequest.newBuilder()
                .setNode(Node.newBuilder().setId(id).setCluster(clusterId))
                .setTypeUrl(ResourceType.CLUSTER.typeUrl())
                .putAllInitialResourceVersions(has));
        send(DeltaDiscoveryRequest.newBuilder().setTypeUrl(ResourceType.LISTENER.typeUrl()));
    }

    /** One that has nothing yet. */
    static RawGateway connect(String xdsAddress, String clusterId, String id, Answer toTrouble) {
        return new RawGateway(xdsAddress, clusterId, id, toTrouble, Map.of());
    }

    /** One that says that it has these clusters already, in these versions on the wire. */
    static RawGateway reconnect(String xdsAddress, String clusterId, String id, Map<String, String> has) {
        return new RawGateway(xdsAddress, clusterId, id, Answer.ACK, has);
    }

    @Override
    public synchronized void onNext(DeltaDiscoveryResponse response) {
        boolean trouble =
                response.getResourcesList().stream().map(Resource::getName).anyMatch(TROUBLE::equals);
        troubled |= trouble;
        if (trouble && toTrouble == Answer.NONE) {
            unanswered = response;
        } else {
            answer(response, !trouble || toTrouble == Answer.ACK);
        }
    }

    /** From now on it says this, also to what it has been silent about. */
    synchronized void answers(Answer answer) {
        toTrouble = answer;
        DeltaDiscoveryResponse response = unanswered;
        if (response != null && answer != Answer.NONE) {
            unanswered = null;
            answer(response, answer == Answer.ACK);
        }
    }

    private void answer(DeltaDiscoveryResponse response, boolean ack) {
        if (response.getTypeUrl().equals(ResourceType.CLUSTER.typeUrl())) {
            response.getResourcesList().stream()
                    .filter(resource -> ack || !resource.getName().equals(TROUBLE))
                    .forEach(resource -> clusters.put(
                            resource.getName(), resource.getResource().getValue()));
            response.getRemovedResourcesList().forEach(clusters::remove);
        }
        DeltaDiscoveryRequest.Builder answer = DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce());
        if (!ack) {
            answer.getErrorDetailBuilder().setCode(13).setMessage("cluster " + TROUBLE + ": no, says " + id);
        }
        send(answer);
    }

    private synchronized void send(DeltaDiscoveryRequest.Builder request) {
        requests.onNext(request.build());
    }

    String id() {
        return id;
    }

    /** The clusters that it has, by name, with their bytes. */
    synchronized Map<String, ByteString> clusters() {
        return Map.copyOf(clusters);
    }

    /** Names of the clusters that it has. */
    Set<String> names() {
        return clusters().keySet();
    }

    /** Whether it was ever given trouble. */
    synchronized boolean wasTroubled() {
        return troubled;
    }

    /** How its stream ended; empty while it's open. */
    synchronized Optional<Status> end() {
        return end;
    }

    @Override
    public synchronized void onError(Throwable error) {
        end = Optional.of(Status.fromThrowable(error));
    }

    @Override
    public synchronized void onCompleted() {
        end = Optional.of(Status.OK);
    }

    /** Its connection breaks. */
    @Override
    public void close() {
        channel.shutdownNow();
    }
}
