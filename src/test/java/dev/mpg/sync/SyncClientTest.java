package dev.mpg.sync;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.v1.Assignment;
import dev.mpg.sync.v1.Blobs;
import dev.mpg.sync.v1.ConfigSyncGrpc;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.FromProxy;
import dev.mpg.sync.v1.Manifest;
import dev.mpg.sync.v1.Welcome;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The client against a Master that behaves as the test says. */
class SyncClientTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Snapshot V1 = Contents.hosts(3, "v1");
    private static final Snapshot V2 = Contents.with(V1, Contents.host("rc/00001", "v2"));

    private final ScriptedMaster master = new ScriptedMaster();
    private final MemorySink sink = new MemorySink();
    private final ManualScheduler scheduler = new ManualScheduler();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private Server server;
    private String address;
    private SyncClient client;

    /** Accepts streams, records what it hears, and says only what the test makes it say. */
    private static final class ScriptedMaster extends ConfigSyncGrpc.ConfigSyncImplBase {
        final List<StreamObserver<FromMaster>> streams = new CopyOnWriteArrayList<>();
        final List<FromProxy> heard = new CopyOnWriteArrayList<>();

        @Override
        public StreamObserver<FromProxy> sync(StreamObserver<FromMaster> responses) {
            // Then what is said to a client that is gone is ignored.
            ((ServerCallStreamObserver<FromMaster>) responses).setOnCancelHandler(() -> {});
            return new StreamObserver<>() {
                @Override
                public void onNext(FromProxy message) {
                    heard.add(message);
                    if (message.hasHello()) {
                        streams.add(responses);
                    }
                }

                @Override
                public void onError(Throwable t) {}

                @Override
                public void onCompleted() {}
            };
        }

        StreamObserver<FromMaster> stream(int number) {
            await().until(() -> streams.size() >= number);
            return streams.get(number - 1);
        }

        StreamObserver<FromMaster> welcome(int number) {
            StreamObserver<FromMaster> stream = stream(number);
            stream.onNext(FromMaster.newBuilder()
                    .setWelcome(Welcome.getDefaultInstance())
                    .build());
            return stream;
        }

        List<FromProxy> wants() {
            return heard.stream().filter(FromProxy::hasWant).toList();
        }
    }

    @BeforeEach
    void start() throws IOException {
        server = SyncTransport.server(new InetSocketAddress(Loopback.next(), 0), master)
                .start();
        address = Loopback.target(server);
        client = client(SyncTransport.channels(address));
    }

    private SyncClient client(List<Supplier<ManagedChannel>> masters) {
        return new SyncClient(
                masters,
                new SyncClient.Identity("default-0", "10.0.0.1:18000", "10.0.0.1:9901"),
                sink,
                scheduler,
                SyncTransport.backoff(),
                registry,
                Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @AfterEach
    void stop() {
        client.close();
        server.shutdownNow();
        scheduler.shutdown();
    }

    private static FromMaster target(Manifest manifest) {
        return FromMaster.newBuilder()
                .setAssignment(Assignment.newBuilder().setClusterId("shop").setTarget(manifest))
                .build();
    }

    private static FromMaster answer(List<ByteString> blobs) {
        return FromMaster.newBuilder()
                .setBlobs(Blobs.newBuilder()
                        .setClusterId("shop")
                        .addAllBlobs(blobs)
                        .setLast(true))
                .build();
    }

    private void awaitRetry(double least, double most) {
        await().untilAsserted(() -> assertThat(scheduler.waiting())
                .singleElement()
                .satisfies(millis -> assertThat((double) millis).isBetween(least, most)));
    }

    @Test
    void saysWhoItIsAndWhatItHolds() {
        sink.hold("shop", V1);
        client.start();
        master.welcome(1);

        await().until(client::connected);
        assertThat(master.heard.getFirst().getHello().getInstance()).isEqualTo("default-0");
        assertThat(master.heard.getFirst().getHello().getXdsAddress()).isEqualTo("10.0.0.1:18000");
        assertThat(master.heard.getFirst().getHello().getDebugAddress()).isEqualTo("10.0.0.1:9901");
        assertThat(master.heard.getFirst().getHello().getHoldings(0).getVersionsList())
                .containsExactly(V1.version().toBytes());
        assertThat(client.state().connectedSince()).contains(NOW);
    }

    @Test
    void waitsLongerAfterEachFailureAndNotAfterAStreamThatWorked() {
        client.start();
        master.stream(1).onError(Status.UNAVAILABLE.asRuntimeException());
        double expected = 100;
        for (int attempt = 1; attempt <= 10; attempt++) {
            awaitRetry(expected * 0.5, Math.min(expected * 1.5, 10_000));
            assertThat(client.state().attempts()).isEqualTo(attempt);
            assertThat(client.state().lastError()).contains("UNAVAILABLE");
            scheduler.runNext();
            master.stream(attempt + 1).onError(Status.UNAVAILABLE.asRuntimeException());
            expected = Math.min(expected * 2, 6_400);
        }
        awaitRetry(3_200, 9_600);
        scheduler.runNext();
        StreamObserver<FromMaster> working = master.welcome(12);
        await().until(client::connected);
        assertThat(client.state().attempts()).isZero();

        working.onError(Status.UNAVAILABLE.asRuntimeException());

        awaitRetry(50, 150);
        assertThat(client.connected()).isFalse();
        assertThat(registry.counter("mpg.sync.reconnects").count()).isEqualTo(12);
    }

    @Test
    void twoProcessesOfOneNameDontReplaceEachOtherInAHotLoop() {
        client.start();
        for (int attempt = 1; attempt <= 5; attempt++) {
            master.welcome(attempt).onError(Status.ABORTED.asRuntimeException());
            int failures = attempt;
            await().until(() -> client.state().attempts() == failures);
            awaitRetry(50 << (attempt - 1), 150 << (attempt - 1));
            scheduler.runNext();
        }
    }

    @Test
    void goesRoundTheMastersAndPausesWhenAllHaveFailed() throws IOException {
        ScriptedMaster other = new ScriptedMaster();
        Server otherServer = SyncTransport.server(new InetSocketAddress(Loopback.next(), 0), other)
                .start();
        try {
            client = client(SyncTransport.channels(address + "," + Loopback.target(otherServer)));
            client.start();
            master.stream(1).onError(Status.UNAVAILABLE.asRuntimeException());
            awaitRetry(0, 0);
            scheduler.runNext();
            other.stream(1).onError(Status.UNAVAILABLE.asRuntimeException());
            awaitRetry(50, 150);
            scheduler.runNext();
            master.stream(2).onError(Status.UNAVAILABLE.asRuntimeException());
            awaitRetry(0, 0);
            scheduler.runNext();
            other.stream(2).onError(Status.UNAVAILABLE.asRuntimeException());
            awaitRetry(100, 300);
            scheduler.runNext();
            StreamObserver<FromMaster> working = master.welcome(3);
            await().until(client::connected);

            working.onError(Status.UNAVAILABLE.asRuntimeException());

            awaitRetry(50, 150);
            scheduler.runNext();
            other.welcome(3);
            await().until(client::connected);
        } finally {
            client.close();
            otherServer.shutdownNow();
        }
    }

    @Test
    void asksAMasterThatStandsByAgainWithinAboutASecond() {
        Server standby = server;
        List<String> leaders = new CopyOnWriteArrayList<>(List.of("a"));
        try {
            server = SyncTransport.server(
                            new InetSocketAddress(Loopback.next(), 0),
                            () -> ServerInterceptors.intercept(
                                    master, new Standby(() -> leaders.stream().findFirst())))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            standby.shutdownNow();
        }
        // The leader is gone: nobody listens there.
        client = client(SyncTransport.channels(address + "," + Loopback.target(server)));
        client.start();
        for (int round = 1; round <= 10; round++) {
            awaitRetry(0, 0);
            scheduler.runNext();
            double expected = 100 * Math.pow(2, Math.min(round, 4) - 1.0);
            awaitRetry(expected * 0.5, expected * 1.5);
            assertThat(client.state().lastError()).contains("UNAVAILABLE: standing by for a");
            scheduler.runNext();
        }
        leaders.clear();
        awaitRetry(0, 0);
        scheduler.runNext();
        master.welcome(1);
        await().until(client::connected);
    }

    @Test
    void givesUpAMasterThatDoesNotAnswer() {
        client.start();
        master.stream(1);
        await().until(() -> scheduler.waiting().equals(List.of(10_000L)));

        scheduler.runNext();

        awaitRetry(50, 150);
        assertThat(client.state().lastError()).contains("the Master did not answer within 10 s");
    }

    @Test
    void retriesWhenNobodyListens() {
        server.shutdownNow();
        client.start();

        awaitRetry(50, 150);
        scheduler.runNext();
        awaitRetry(100, 300);
    }

    @Test
    void refusesACorruptedBlobAndServesWhatItServed() {
        sink.assign(Contents.settled("shop", V1));
        client.start();
        StreamObserver<FromMaster> stream = master.welcome(1);
        stream.onNext(target(ManifestCodec.difference(V1.version(), V2.version(), Snapshot.diff(V1, V2))));
        for (int attempt = 1; attempt <= Download.MAX_ATTEMPTS; attempt++) {
            int wants = attempt;
            await().until(() -> master.wants().size() == wants);
            stream.onNext(answer(List.of(ByteString.copyFromUtf8("corrupted"))));
        }

        await().until(() -> registry.counter("mpg.sync.refused").count() == 1);
        assertThat(registry.counter("mpg.sync.hash.mismatches").count()).isEqualTo(3);
        assertThat(sink.assigned()).hasSize(1);
        assertThat(sink.target("shop")).contains(V1.version());
        assertThat(client.connected()).isTrue();
    }

    @Test
    void refusesAManifestOfAnotherVersion() {
        client.start();
        StreamObserver<FromMaster> stream = master.welcome(1);
        stream.onNext(target(ManifestCodec.whole(V1).toBuilder()
                .setVersion(V2.version().toBytes())
                .build()));
        await().until(() -> master.wants().size() == 1);
        stream.onNext(answer(V1.resources().stream().map(Resource::bytes).toList()));

        await().until(() -> registry.counter("mpg.sync.refused").count() == 1);
        assertThat(sink.assigned()).isEmpty();
    }

    @Test
    void asksForWholeManifestsWithoutLosingTheStream() {
        sink.hold("shop", V1);
        client.start();
        StreamObserver<FromMaster> stream = master.welcome(1);
        await().until(client::connected);
        sink.lose("shop", V1);
        stream.onNext(target(ManifestCodec.known(V1.version())));

        await().untilAsserted(() ->
                assertThat(master.heard.getLast().getHolding().getResend()).isTrue());
        stream.onNext(target(ManifestCodec.whole(V1)));
        await().until(() -> master.wants().size() == 1);
        stream.onNext(answer(V1.resources().stream().map(Resource::bytes).toList()));
        await().until(() -> sink.target("shop").isPresent());
        assertThat(master.streams).hasSize(1);
    }

    @Test
    void persistsLaterWhatCouldNotBePersisted() {
        sink.hold("shop", V1);
        sink.fail(1);
        client.start();
        master.welcome(1).onNext(target(ManifestCodec.known(V1.version())));
        await().until(() -> client.connected() && scheduler.waiting().size() == 1);

        scheduler.runNext();

        await().until(() -> sink.target("shop").isPresent());
    }

    @Test
    void itsSchedulerMayBeShutDownRightAfterIt() {
        // On its transport's thread the call's end has been told by the time that the channel is terminated.
        ManagedChannel channel = NettyChannelBuilder.forTarget(address)
                .usePlaintext()
                .directExecutor()
                .build();
        AtomicInteger late = new AtomicInteger();
        scheduler.setRejectedExecutionHandler((task, executor) -> late.incrementAndGet());
        sink.hold("shop", V1);
        sink.fail(1);
        client = client(List.of(() -> channel));
        client.start();
        master.welcome(1).onNext(target(ManifestCodec.known(V1.version())));
        await().until(() -> client.connected() && scheduler.waiting().size() == 1);

        client.close();
        scheduler.shutdown();

        await().until(channel::isTerminated);
        client.report("shop", V1.version(), List.of());
        client.close();
        assertThat(late).hasValue(0);
        assertThat(scheduler.waiting()).isEmpty();
    }

    @Test
    void doesNothingOnceItIsClosed() {
        client.start();
        StreamObserver<FromMaster> stream = master.welcome(1);
        await().until(client::connected);

        client.close();
        stream.onNext(target(ManifestCodec.whole(Snapshot.EMPTY)));

        await().until(() -> !client.connected());
        assertThat(scheduler.waiting()).isEmpty();
        assertThat(sink.assigned()).isEmpty();
    }
}
