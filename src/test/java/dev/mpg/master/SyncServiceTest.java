package dev.mpg.master;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.Contents;
import dev.mpg.sync.ManifestCodec;
import dev.mpg.sync.Order;
import dev.mpg.sync.SyncLimits;
import dev.mpg.sync.v1.Assignment;
import dev.mpg.sync.v1.Blobs;
import dev.mpg.sync.v1.ConfigSyncGrpc;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.FromProxy;
import dev.mpg.sync.v1.Hello;
import dev.mpg.sync.v1.Holding;
import dev.mpg.sync.v1.Report;
import dev.mpg.sync.v1.Want;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the Master's end does with instances that are slow, curious or wrong. */
class SyncServiceTest {
    private static final Snapshot V1 = Contents.hosts(3, "v1");

    private final SyncRig rig = new SyncRig();

    @AfterEach
    void stop() throws InterruptedException {
        rig.stop();
    }

    private static Status endOf(RawInstance instance) {
        await().until(instance.end::isDone);
        return instance.end.join();
    }

    private static List<ContentHash> hashes(Snapshot snapshot) {
        return snapshot.resources().stream().map(Resource::hash).toList();
    }

    @Test
    void aSlowReaderGetsTheLatestAndNotEverything() {
        RawInstance slow = rig.raw().read(1).hello("default-0");
        await().until(() -> rig.connected("default-0"));
        int published = 40;
        Snapshot last = Snapshot.EMPTY;
        for (int i = 0; i < published; i++) {
            last = Contents.hosts(5_000, "version " + i);
            rig.master.publish(Order.of(Contents.first("shop", last)), Set.of("default-0"));
        }
        ContentHash latest = last.version();
        assertThat(rig.pushes("sent")).isLessThan(published / 2.0);

        slow.read(Integer.MAX_VALUE);

        await().untilAsserted(() -> assertThat(
                        slow.assignments().getLast().getTarget().getVersion())
                .isEqualTo(latest.toBytes()));
        assertThat(slow.assignments()).hasSizeLessThan(published / 2);
    }

    @Test
    void aSlowReaderSlowsNoOther() {
        RawInstance slow = rig.raw().read(1).hello("default-0");
        RawInstance quick = rig.raw().read(Integer.MAX_VALUE).hello("default-1");
        await().until(() -> rig.connected("default-0") && rig.connected("default-1"));
        Snapshot last = Snapshot.EMPTY;
        for (int i = 0; i < 40; i++) {
            last = Contents.hosts(5_000, "version " + i);
            rig.master.publish(Order.of(Contents.first("shop", last)), Set.of("default-0", "default-1"));
        }

        ContentHash latest = last.version();
        await().until(() -> !quick.assignments().isEmpty()
                && quick.assignments().getLast().getTarget().getVersion().equals(latest.toBytes()));
        await().untilAsserted(() -> assertThat(slow.received).hasSize(1));
    }

    @Test
    void readsNoFurtherWhileManyHashesAreWanted() {
        Snapshot large = Contents.hosts(2_000, "x".repeat(4_000));
        rig.master.publish(Order.of(Contents.first("shop", large)), Set.of("default-0"));
        RawInstance slow = rig.raw().read(2).hello("default-0");
        await().until(() -> !slow.assignments().isEmpty());
        // 80 million bytes of answers, which it doesn't read.
        for (int i = 0; i < 10; i++) {
            slow.want("shop", hashes(large));
        }
        Report report = Report.newBuilder()
                .setClusterId("shop")
                .setTarget(large.version().toBytes())
                .build();
        slow.say(FromProxy.newBuilder().setReport(report).build());
        await().until(() -> rig.blobBytes() > 0);
        assertThat(rig.blobBytes()).isLessThan(Contents.bytes(large) * 5.0);
        assertThat(rig.master.fleet("shop").targets()).isEmpty();

        slow.read(Integer.MAX_VALUE);

        await().until(() -> !rig.master.fleet("shop").targets().isEmpty());
        await().until(() -> rig.blobBytes() == Contents.bytes(large) * 10.0);
    }

    @Test
    void givesOutContentOfProxiesPlacedOnTheInstanceOnly() {
        Snapshot secret = Contents.hosts(2, "secret");
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));
        rig.master.publish(Order.of(Contents.first("secret", secret)), Set.of("default-1"));
        RawInstance curious = rig.raw().read(Integer.MAX_VALUE).hello("default-0");

        for (String clusterId : List.of("secret", "shop", "nowhere")) {
            int answers = curious.blobs().size() + 1;
            curious.want(clusterId, hashes(secret));
            await().until(() -> curious.blobs().size() == answers);
        }
        assertThat(curious.blobs()).allSatisfy(blobs -> {
            assertThat(blobs.getBlobsList()).isEmpty();
            assertThat(blobs.getUnknownList())
                    .containsExactlyElementsOf(
                            hashes(secret).stream().map(ContentHash::toBytes).toList());
            assertThat(blobs.getLast()).isTrue();
        });

        curious.want("shop", hashes(V1));
        await().until(() -> rig.blobBytes() == Contents.bytes(V1));
    }

    @Test
    void contentIsGivenOutNoLongerOnceAProxyMoved() {
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));
        RawInstance former = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> !former.assignments().isEmpty());
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-1"));

        former.want("shop", hashes(V1));

        await().until(former::answered);
        assertThat(former.blobs()).allMatch(blobs -> blobs.getBlobsCount() == 0);
    }

    @Test
    void aProxyThatMovedAwayAndBackIsToldAnewAfterItsContentWasWithheld() {
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));
        RawInstance instance = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> !instance.assignments().isEmpty());
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-1"));
        instance.want("shop", hashes(V1));
        await().until(instance::answered);

        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));

        await().until(() -> instance.assignments().size() == 2);
        assertThat(instance.assignments().getLast().getTarget()).isEqualTo(ManifestCodec.whole(V1));
    }

    @Test
    void blobsComeInBatches() {
        Snapshot large = Contents.hosts(600, "x".repeat(4_000));
        rig.master.publish(Order.of(Contents.first("shop", large)), Set.of("default-0"));
        RawInstance instance =
                rig.raw().read(Integer.MAX_VALUE).hello("default-0").want("shop", hashes(large));

        await().until(instance::answered);

        assertThat(instance.blobs()).hasSize(3);
        assertThat(instance.blobs())
                .allMatch(blobs -> blobs.getSerializedSize() < SyncLimits.BLOB_BATCH_BYTES + 10_000);
        assertThat(instance.blobs()).extracting(Blobs::getLast).containsExactly(false, false, true);
    }

    @Test
    void aNewerStreamReplacesTheOlder() {
        RawInstance older = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> rig.connected("default-0"));
        RawInstance newer = rig.raw().read(Integer.MAX_VALUE).hello("default-0");

        assertThat(endOf(older).getCode()).isEqualTo(Status.Code.ABORTED);
        assertThat(endOf(older).getDescription()).isEqualTo("replaced by a newer stream of instance default-0");
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));
        await().until(() -> newer.assignments().size() == 1);
        assertThat(rig.connected("default-0")).isTrue();
        await().until(() -> rig.meters.get("mpg.sync.streams").gauge().value() == 1);
    }

    @Test
    void anInstanceThatHoldsAVersionIsToldADifference() {
        Snapshot v2 = Contents.with(V1, Contents.host("rc/00001", "v2"));
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));
        rig.master.publish(Order.of(Contents.first("shop", v2)), Set.of("default-0"));
        Hello hello = Hello.newBuilder()
                .setInstance("default-0")
                .addHoldings(Holding.newBuilder()
                        .setClusterId("shop")
                        .addVersions(V1.version().toBytes()))
                .build();
        RawInstance instance = rig.raw()
                .read(Integer.MAX_VALUE)
                .say(FromProxy.newBuilder().setHello(hello).build());

        await().until(() -> !instance.assignments().isEmpty());

        Assignment assignment = instance.assignments().getFirst();
        assertThat(assignment.getTarget().getBase()).isEqualTo(V1.version().toBytes());
        assertThat(assignment.getTarget().getEntriesCount()).isEqualTo(1);
    }

    @Test
    void placementIsWithheldUntilItIsComplete() {
        rig.master.publish(Order.of(Contents.first("shop", V1)), Set.of("default-0"));
        RawInstance instance = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> !instance.assignments().isEmpty());
        assertThat(instance.received)
                .extracting(FromMaster::getMessageCase)
                .containsExactly(FromMaster.MessageCase.WELCOME, FromMaster.MessageCase.ASSIGNMENT);

        rig.master.placementComplete();

        await().untilAsserted(() -> assertThat(
                        instance.received.getLast().getPlacement().getClusterIdsList())
                .containsExactly("shop"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Default-0", "-default", "default-", "a b", "default_0", "LONG"})
    void refusesAHelloWithoutAProperName(String name) {
        String given = name.equals("LONG") ? "a".repeat(SyncLimits.MAX_INSTANCE_NAME + 1) : name;
        Status status = endOf(rig.raw().read(1).hello(given));

        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).startsWith("an instance's name must be 1 to 253 lower case letters");
        assertThat(rig.master.instances()).isEmpty();
    }

    @Test
    void acceptsTheLongestName() {
        String longest = "a".repeat(SyncLimits.MAX_INSTANCE_NAME);
        rig.raw().read(1).hello(longest);

        await().until(() -> rig.connected(longest));
    }

    static Stream<Arguments> malformed() {
        ByteString shortHash = ByteString.copyFromUtf8("short");
        return Stream.of(
                Arguments.of(
                        FromProxy.newBuilder()
                                .setWant(Want.newBuilder()
                                        .addAllHashes(Collections.nCopies(
                                                SyncLimits.MAX_WANTED + 1,
                                                V1.version().toBytes())))
                                .build(),
                        "a Want may name 10000 hashes, not 10001"),
                Arguments.of(
                        FromProxy.newBuilder()
                                .setWant(Want.newBuilder().addHashes(shortHash))
                                .build(),
                        "a content hash has 32 bytes, not 5"),
                Arguments.of(
                        FromProxy.newBuilder().setReport(Report.newBuilder()).build(),
                        "a content hash has 32 bytes, not 0"),
                Arguments.of(
                        FromProxy.newBuilder()
                                .setHello(Hello.newBuilder().setInstance("default-0"))
                                .build(),
                        "a second Hello on the stream of instance default-0"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("malformed")
    void refusesWhatIsMalformed(FromProxy message, String reason) {
        Status status =
                endOf(rig.raw().read(Integer.MAX_VALUE).hello("default-0").say(message));

        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).isEqualTo(reason);
        await().until(() -> !rig.connected("default-0"));
    }

    @Test
    void refusesAStreamThatDoesNotBeginWithHello() {
        Status status = endOf(rig.raw().read(1).want("shop", hashes(V1)));

        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).isEqualTo("the first message of a stream must be Hello");
    }

    @Test
    void aStreamEndsWhenTheMasterFailsAtWhatItSays() {
        rig.master.hold("shop", Set.of("default-0"));
        RawInstance instance = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> rig.connected("default-0"));
        rig.listenerFails = true;
        Report report = Report.newBuilder()
                .setClusterId("shop")
                .setTarget(V1.version().toBytes())
                .build();
        instance.say(FromProxy.newBuilder().setReport(report).build());

        Status status = endOf(instance);

        assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
        assertThat(status.getDescription()).isEqualTo("java.lang.IllegalStateException: the listener fails");
        await().until(() -> !rig.connected("default-0"));
    }

    /** Passes on bytes as they are. */
    private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
        MARSHALLER;

        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Test
    void aStreamEndsAtWhatIsNoMessage() {
        ManagedChannel channel = rig.channel();
        try {
            ClientCall<byte[], byte[]> call = channel.newCall(
                    ConfigSyncGrpc.getSyncMethod().toBuilder(Bytes.MARSHALLER, Bytes.MARSHALLER)
                            .build(),
                    CallOptions.DEFAULT);
            call.start(new ClientCall.Listener<>() {}, new Metadata());
            call.request(Integer.MAX_VALUE);
            Hello hello = Hello.newBuilder().setInstance("default-0").build();
            call.sendMessage(FromProxy.newBuilder().setHello(hello).build().toByteArray());
            await().until(() -> rig.connected("default-0"));

            call.sendMessage(new byte[] {-1});

            await().until(() -> !rig.connected("default-0"));
            assertThat(rig.meters.get("mpg.sync.streams").gauge().value()).isZero();
        } finally {
            channel.shutdownNow();
        }
    }

    private static FromProxy holding(String clusterId) {
        return FromProxy.newBuilder()
                .setHolding(Holding.newBuilder()
                        .setClusterId(clusterId)
                        .addVersions(V1.version().toBytes()))
                .build();
    }

    @Test
    void whatIsSaidOfProxiesPlacedElsewhereIsIgnored() {
        rig.master.hold("shop", Set.of("default-0"));
        rig.master.placementComplete();
        RawInstance chatty = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> chatty.received.stream().anyMatch(FromMaster::hasPlacement));
        rig.changedFleets.clear();
        Report report = Report.newBuilder()
                .setClusterId("b")
                .setTarget(V1.version().toBytes())
                .build();

        chatty.say(holding("a"))
                .say(FromProxy.newBuilder().setReport(report).build())
                .say(holding("shop"));

        await().until(() -> !rig.changedFleets.isEmpty());
        assertThat(rig.changedFleets).containsExactly("shop");
    }

    @Test
    void ofALimitedNumberOfProxiesIsHeardWhilePlacementsAreNotKnown() {
        RawInstance chatty = rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        await().until(() -> rig.connected("default-0"));
        for (int i = 0; i <= SyncLimits.MAX_UNPLACED; i++) {
            chatty.say(holding("made-up-" + i));
        }
        rig.master.hold("shop", Set.of("default-0"));
        chatty.say(holding("shop"));

        await().until(() -> rig.changedFleets.contains("shop"));
        assertThat(rig.changedFleets).hasSize(SyncLimits.MAX_UNPLACED + 1).doesNotContain("made-up-10000");
    }

    @Test
    void anEmptyWantIsIgnored() {
        RawInstance instance = rig.raw()
                .read(Integer.MAX_VALUE)
                .hello("default-0")
                .want("nothing", List.of())
                .want("shop", hashes(V1));

        await().until(instance::answered);

        assertThat(instance.blobs())
                .singleElement()
                .matches(blobs -> blobs.getClusterId().equals("shop"));
    }

    @Test
    void reportsOfAReplacedStreamAreNotLive() {
        rig.master.hold("shop", Set.of("default-0"));
        Report report = Report.newBuilder()
                .setClusterId("shop")
                .setTarget(V1.version().toBytes())
                .build();
        RawInstance older = rig.raw()
                .read(Integer.MAX_VALUE)
                .hello("default-0")
                .say(FromProxy.newBuilder().setReport(report).build());
        await().until(() -> rig.serving("shop", "default-0").live());

        rig.raw().read(Integer.MAX_VALUE).hello("default-0");
        endOf(older);

        assertThat(rig.serving("shop", "default-0").connected()).isTrue();
        assertThat(rig.serving("shop", "default-0").live()).isFalse();
    }
}
