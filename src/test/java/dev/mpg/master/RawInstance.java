package dev.mpg.master;

import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Assignment;
import dev.mpg.sync.v1.Blobs;
import dev.mpg.sync.v1.ConfigSyncGrpc;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.FromProxy;
import dev.mpg.sync.v1.Hello;
import dev.mpg.sync.v1.Want;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** An instance that says what the test makes it say, and reads only as much as the test allows. */
final class RawInstance implements ClientResponseObserver<FromProxy, FromMaster> {
    final List<FromMaster> received = new CopyOnWriteArrayList<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();
    private final ManagedChannel channel;
    private final CompletableFuture<ClientCallStreamObserver<FromProxy>> call = new CompletableFuture<>();

    RawInstance(ManagedChannel channel) {
        this.channel = channel;
        ConfigSyncGrpc.newStub(channel).sync(this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<FromProxy> started) {
        call.complete(started);
        started.disableAutoRequestWithInitial(0);
    }

    @Override
    public void onNext(FromMaster message) {
        received.add(message);
    }

    @Override
    public void onError(Throwable error) {
        end.complete(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
        end.complete(Status.OK);
    }

    RawInstance read(int messages) {
        call.join().request(messages);
        return this;
    }

    RawInstance say(FromProxy message) {
        call.join().onNext(message);
        return this;
    }

    RawInstance hello(String instance) {
        return say(FromProxy.newBuilder()
                .setHello(Hello.newBuilder().setInstance(instance))
                .build());
    }

    RawInstance want(String clusterId, Collection<ContentHash> hashes) {
        return say(FromProxy.newBuilder()
                .setWant(Want.newBuilder()
                        .setClusterId(clusterId)
                        .addAllHashes(hashes.stream().map(ContentHash::toBytes).toList()))
                .build());
    }

    List<Assignment> assignments() {
        return received.stream()
                .filter(FromMaster::hasAssignment)
                .map(FromMaster::getAssignment)
                .toList();
    }

    List<Blobs> blobs() {
        return received.stream()
                .filter(FromMaster::hasBlobs)
                .map(FromMaster::getBlobs)
                .toList();
    }

    boolean answered() {
        return blobs().stream().anyMatch(Blobs::getLast);
    }

    void close() {
        channel.shutdownNow();
    }
}
