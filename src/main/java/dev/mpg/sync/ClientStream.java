package dev.mpg.sync;

import dev.mpg.sync.v1.ConfigSyncGrpc;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.FromProxy;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to talk to the Master: a channel of its own, so that gRPC's own backoff never stands in the way of ours, and a
 * call on it. Its events are handed to the executor one by one; the next message is asked for when one has been handled.
 */
final class ClientStream implements ClientResponseObserver<FromProxy, FromMaster> {
    private final ManagedChannel channel;
    private final Executor serial;
    private final Events events;
    private @Nullable ClientCallStreamObserver<FromProxy> call;
    private boolean welcomed;

    /** What happens on a stream. */
    interface Events {
        void ready(ClientStream stream);

        void message(ClientStream stream, FromMaster message);

        void ended(ClientStream stream, Status status);
    }

    private ClientStream(ManagedChannel channel, Executor serial, Events events) {
        this.channel = channel;
        this.serial = serial;
        this.events = events;
    }

    /** Opens a stream. */
    static ClientStream open(ManagedChannel channel, Executor serial, Events events) {
        ClientStream stream = new ClientStream(channel, serial, events);
        ConfigSyncGrpc.newStub(channel).sync(stream);
        return stream;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<FromProxy> started) {
        call = started;
        started.disableAutoRequestWithInitial(1);
        started.setOnReadyHandler(() -> serial.execute(() -> events.ready(this)));
    }

    @Override
    public void onNext(FromMaster message) {
        serial.execute(() -> events.message(this, message));
    }

    @Override
    public void onError(Throwable error) {
        Status status = Status.fromThrowable(error);
        serial.execute(() -> events.ended(this, status));
    }

    @Override
    public void onCompleted() {
        serial.execute(() -> events.ended(this, Status.OK.withDescription("the Master ended the stream")));
    }

    private ClientCallStreamObserver<FromProxy> call() {
        if (call == null) {
            throw new IllegalStateException("the stream isn't open");
        }
        return call;
    }

    boolean isReady() {
        return call().isReady();
    }

    void send(FromProxy message) {
        call().onNext(message);
    }

    void requestNext() {
        call().request(1);
    }

    /** The Master has accepted this instance. */
    void welcome() {
        welcomed = true;
    }

    boolean isWelcomed() {
        return welcomed;
    }

    /** Ends it, if it hasn't ended yet, and the channel. */
    void shutdown(String reason) {
        call().cancel(reason, null);
        channel.shutdownNow();
    }
}
