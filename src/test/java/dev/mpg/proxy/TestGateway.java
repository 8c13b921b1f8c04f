package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A gateway's delta xDS stream, as far as clusters go: subscribes to all of them, and ACKs or refuses what comes. */
final class TestGateway implements StreamObserver<DeltaDiscoveryResponse>, AutoCloseable {
    private final ManagedChannel channel;
    private final StreamObserver<DeltaDiscoveryRequest> requests;
    private final Map<String, ByteString> clusters = new ConcurrentHashMap<>();
    private final @Nullable String refusal;
    private final Predicate<String> refused;
    private volatile boolean answered;
    private volatile Optional<Status> end = Optional.empty();

    private TestGateway(
            InetSocketAddress address,
            String clusterId,
            String id,
            @Nullable String refusal,
            Predicate<String> refused) {
        this.refusal = refusal;
        this.refused = refused;
        this.channel = NettyChannelBuilder.forAddress(address).usePlaintext().build();
        this.requests = AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(this);
        requests.onNext(DeltaDiscoveryRequest.newBuilder()
                .setNode(Node.newBuilder().setId(id).setCluster(clusterId))
                .setTypeUrl(ResourceType.CLUSTER.typeUrl())
                .build());
    }

    /** One that takes everything. */
    static TestGateway connect(InetSocketAddress address, String clusterId, String id) {
        return new TestGateway(address, clusterId, id, null, resource -> false);
    }

    /** One that refuses everything, in these words. */
    static TestGateway refusing(InetSocketAddress address, String clusterId, String id, String refusal) {
        return refusing(address, clusterId, id, refusal, resource -> true);
    }

    /** One that refuses, in these words, what has a resource with such a name. */
    static TestGateway refusing(
            InetSocketAddress address, String clusterId, String id, String refusal, Predicate<String> resources) {
        return new TestGateway(address, clusterId, id, refusal, resources);
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
        DeltaDiscoveryRequest.Builder answer = DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce());
        if (refusal != null
                && response.getResourcesList().stream().anyMatch(resource -> refused.test(resource.getName()))) {
            answer.getErrorDetailBuilder().setCode(13).setMessage(refusal);
        } else {
            response.getResourcesList()
                    .forEach(resource -> clusters.put(
                            resource.getName(), resource.getResource().getValue()));
            response.getRemovedResourcesList().forEach(clusters::remove);
        }
        answered = true;
        requests.onNext(answer.build());
    }

    /** Whether something has come, all of which is in {@link #snapshot} then, unless it was refused. */
    boolean hasSomething() {
        return answered;
    }

    /** What it has. */
    Snapshot snapshot() {
        return Snapshot.of(clusters.entrySet().stream()
                .map(cluster -> Resource.of(ResourceType.CLUSTER, cluster.getKey(), cluster.getValue()))
                .toList());
    }

    /** How its stream ended; empty while it is open. */
    Optional<Status> end() {
        return end;
    }

    @Override
    public void onError(Throwable error) {
        end = Optional.of(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
        end = Optional.of(Status.OK);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
