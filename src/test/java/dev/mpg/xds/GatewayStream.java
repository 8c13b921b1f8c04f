package dev.mpg.xds;

import dev.mpg.snapshot.ResourceType;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A delta stream as a gateway opens it, message by message. */
final class GatewayStream {
    private final BlockingQueue<DeltaDiscoveryResponse> responses = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> ended = new CompletableFuture<>();
    private final Node node;
    private final ClientCallStreamObserver<DeltaDiscoveryRequest> requests;
    private boolean introduced;

    private GatewayStream(ManagedChannel channel, Node node, boolean reads) {
        this.node = node;
        this.requests = (ClientCallStreamObserver<DeltaDiscoveryRequest>)
                AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(new Responses(reads));
    }

    static GatewayStream open(ManagedChannel channel, String id, String cluster) {
        return open(channel, Node.newBuilder().setId(id).setCluster(cluster).build(), true);
    }

    /** @param reads false: it takes no response until {@link #read} is called */
    static GatewayStream open(ManagedChannel channel, Node node, boolean reads) {
        return new GatewayStream(channel, node, reads);
    }

    GatewayStream subscribe(ResourceType type, String... names) {
        return send(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(type.typeUrl())
                .addAllResourceNamesSubscribe(List.of(names)));
    }

    GatewayStream send(DeltaDiscoveryRequest.Builder request) {
        if (!introduced) {
            request.setNode(node);
            introduced = true;
        }
        requests.onNext(request.build());
        return this;
    }

    GatewayStream ack(DeltaDiscoveryResponse response) {
        return send(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce()));
    }

    DeltaDiscoveryResponse next() throws InterruptedException {
        DeltaDiscoveryResponse response = responses.poll(20, TimeUnit.SECONDS);
        if (response == null) {
            throw new AssertionError("no response within 20 s; the stream " + ended);
        }
        return response;
    }

    boolean hasResponse() {
        return !responses.isEmpty();
    }

    void read(int count) {
        requests.request(count);
    }

    Status end() {
        return ended.orTimeout(20, TimeUnit.SECONDS).join();
    }

    void cancel() {
        requests.cancel("the gateway is gone", null);
    }

    void complete() {
        requests.onCompleted();
    }

    private final class Responses implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
        private final boolean reads;

        Responses(boolean reads) {
            this.reads = reads;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> call) {
            if (!reads) {
                call.disableAutoRequestWithInitial(0);
            }
        }

        @Override
        public void onNext(DeltaDiscoveryResponse response) {
            responses.add(response);
        }

        @Override
        public void onError(Throwable t) {
            ended.complete(Status.fromThrowable(t));
        }

        @Override
        public void onCompleted() {
            ended.complete(Status.OK);
        }
    }
}
