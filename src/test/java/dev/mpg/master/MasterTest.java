package dev.mpg.master;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.Contents;
import dev.mpg.sync.MemorySink;
import dev.mpg.sync.Order;
import dev.mpg.sync.SyncClient;
import dev.mpg.sync.SyncLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Master and instances together, over loopback. */
class MasterTest {
    private static final Logger LOG = LoggerFactory.getLogger(MasterTest.class);
    private static final String ONE = "default-0";
    private static final String TWO = "default-1";
    private static final Snapshot V1 = Contents.hosts(100, "v1");
    private static final Resource CHANGED = Contents.host("rc/00042", "v2");
    private static final Snapshot V2 = Contents.with(V1, CHANGED);

    private final SyncRig rig = new SyncRig();
    private final MemorySink sink = new MemorySink();

    @AfterEach
    void stop() throws InterruptedException {
        rig.stop();
    }

    private static void awaitTarget(MemorySink of, String clusterId, Snapshot target) {
        await().untilAsserted(() -> assertThat(of.target(clusterId)).contains(target.version()));
    }

    private void awaitHeld(String clusterId, Snapshot version) {
        await().untilAsserted(() ->
                assertThat(rig.master.fleet(clusterId).heldVersions()).contains(version.version()));
    }

    private static GatewayReport current(String gateway, ContentHash version) {
        return new GatewayReport(gateway, GatewayReport.State.CURRENT, version, List.of());
    }

    @Test
    void contentArrives() {
        rig.proxy(ONE, sink);
        Assignment assignment = Contents.settled("shop", V1);

        rig.master.publish(Order.of(assignment), Set.of(ONE));

        awaitTarget(sink, "shop", V1);
        assertThat(sink.serving("shop")).contains(assignment);
        assertThat(sink.serving("shop").orElseThrow().target().resources()).isEqualTo(V1.resources());
        assertThat(rig.blobBytes()).isEqualTo(Contents.bytes(V1));
        awaitHeld("shop", V1);
    }

    @Test
    void contentArrivesAtAnInstanceThatComesLater() {
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        rig.master.placementComplete();

        rig.proxy(ONE, sink);

        awaitTarget(sink, "shop", V2);
        assertThat(sink.serving("shop").orElseThrow().stable()).contains(V1);
        assertThat(rig.blobBytes())
                .isEqualTo(Contents.bytes(V1) + CHANGED.bytes().size());
        assertThat(sink.placements()).containsExactly(Set.of("shop"));
    }

    @Test
    void contentOfManyMessagesArrives() {
        Snapshot large = Contents.with(
                Contents.hosts(SyncLimits.MAX_WANTED * 2 + 1, "x".repeat(200)),
                Resource.of(
                        ResourceType.LISTENER,
                        "larger than a batch",
                        ByteString.copyFrom(new byte[3 * SyncLimits.BLOB_BATCH_BYTES])));
        rig.proxy(ONE, sink);

        rig.master.publish(Order.of(Contents.first("shop", large)), Set.of(ONE));

        awaitTarget(sink, "shop", large);
        assertThat(rig.blobBytes()).isEqualTo(Contents.bytes(large));
    }

    @Test
    void anEqualAssignmentSendsNothing() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitHeld("shop", V1);
        double bytes = rig.manifestBytes();

        // The same content from other objects, as after another run of the compiler.
        rig.master.publish(Order.of(Contents.settled("shop", Snapshot.of(V1.resources()))), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("other", V1)), Set.of(ONE));

        awaitTarget(sink, "other", V1);
        assertThat(sink.assigned()).hasSize(2);
        assertThat(rig.pushes("sent")).isEqualTo(2);
        assertThat(rig.pushes("skipped")).isEqualTo(1);
        assertThat(rig.manifestBytes()).isLessThanOrEqualTo(2 * bytes + 1);
    }

    @Test
    void oneChangedOfAHundredMovesOneBlobAndADifference() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitHeld("shop", V1);
        double blobs = rig.blobBytes();
        double manifests = rig.manifestBytes();

        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));

        awaitTarget(sink, "shop", V2);
        assertThat(rig.blobBytes() - blobs).isEqualTo(CHANGED.bytes().size());
        assertThat(rig.manifestBytes() - manifests).isLessThan(220);
        LOG.info(
                "100 resources: whole manifest {} B, blobs {} B; one changed: manifests {} B, blob {} B",
                manifests,
                blobs,
                rig.manifestBytes() - manifests,
                rig.blobBytes() - blobs);
    }

    @Test
    void aRestartedMasterWithTheSameContentMovesNone() throws Exception {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        rig.master.placementComplete();
        awaitHeld("shop", V2);

        rig.restartMaster();
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        rig.master.placementComplete();
        await().until(() -> rig.pushes("sent") == 1 && sink.assigned().size() == 2);

        assertThat(rig.blobBytes()).isZero();
        assertThat(rig.manifestBytes()).isLessThan(160);
        LOG.info("Reconnect with the same content: manifests {} B, blobs 0 B", rig.manifestBytes());
    }

    @Test
    void liveDataGoesToEveryInstanceAndMakesNoVersion() {
        MemorySink other = new MemorySink();
        rig.proxy(ONE, sink);
        rig.proxy(TWO, other);
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE, TWO));
        awaitTarget(sink, "shop", V2);
        awaitTarget(other, "shop", V2);
        double blobs = rig.blobBytes();

        Snapshot live = Snapshot.of(List.of(Contents.host("s/1", "a")));
        rig.master.live("shop", live, false);

        await().untilAsserted(() -> assertThat(List.of(sink, other))
                .allSatisfy(instance -> assertThat(instance.serving("shop"))
                        .contains(Contents.rollout("shop", V1, V2).withLive(live))));
        assertThat(rig.blobBytes() - blobs).isEqualTo(2 * Contents.bytes(live));
        rig.master.live("shop", Snapshot.of(live.resources()), false);
        rig.master.publish(Order.of(Contents.settled("shop", V2)), Set.of(ONE, TWO));
        await().untilAsserted(() -> assertThat(sink.serving("shop"))
                .contains(Contents.settled("shop", V2).withLive(live)));
        assertThat(rig.blobBytes() - blobs).as("only once").isEqualTo(2 * Contents.bytes(live));
    }

    @Test
    void liveDataThatIsKnownBeforeTheFirstOrderGoesWithIt() {
        Snapshot live = Snapshot.of(List.of(Contents.host("s/1", "a")));
        rig.proxy(ONE, sink);
        rig.master.hold("shop", Set.of(ONE));
        rig.master.live("shop", live, false);
        rig.master.live("unknown", live, false);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        awaitTarget(sink, "shop", V1);
        assertThat(sink.assigned()).containsExactly(Contents.settled("shop", V1).withLive(live));
    }

    @Test
    void liveDataOfAVersionWhoseContentIsUnknownStays() throws Exception {
        Snapshot both = Snapshot.of(List.of(Contents.host("s/1", "a"), Contents.host("s/2", "a")));
        Snapshot moved = Snapshot.of(List.of(Contents.host("s/2", "b")));
        rig.proxy(ONE, sink);
        rig.master.hold("shop", Set.of(ONE));
        rig.master.live("shop", both, false);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitHeld("shop", both);

        rig.restartMaster();
        rig.master.hold("shop", Set.of(ONE));
        rig.master.live("shop", moved, true);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        await().untilAsserted(() -> assertThat(sink.live("shop").resources())
                .containsExactly(Contents.host("s/1", "a"), Contents.host("s/2", "b")));

        rig.master.live("shop", moved, false);
        await().untilAsserted(() -> assertThat(sink.live("shop")).isEqualTo(moved));
    }

    @Test
    void liveDataThatComesAndGoesIsTakenAndIsNoNewsForWhoDecides() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitHeld("shop", V1);
        rig.changedFleets.clear();
        Snapshot last = Snapshot.EMPTY;
        for (int i = 0; i < 20; i++) {
            last = Snapshot.of(List.of(Contents.host("s/1", "pod " + i % 2)));
            rig.master.live("shop", last, false);
        }
        Assignment expected = Contents.settled("shop", V1).withLive(last);
        await().untilAsserted(() -> assertThat(sink.serving("shop")).contains(expected));
        awaitHeld("shop", last);
        assertThat(rig.changedFleets).isEmpty();
    }

    @Test
    void tooMuchLiveDataHoldsUpNoOrder() {
        Snapshot tooMuch = Snapshot.of(IntStream.range(0, 20_000)
                .mapToObj(i -> Contents.host("edge/service-with-a-name-" + i + ":80", "a"))
                .toList());
        rig.proxy(ONE, sink);
        rig.master.hold("shop", Set.of(ONE));
        assertThatThrownBy(() -> rig.master.live("shop", tooMuch, false)).isInstanceOf(IllegalArgumentException.class);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);
    }

    @Test
    void anInstanceKeepsLiveDataThatARestartedMasterDoesNotKnowYet() throws Exception {
        Snapshot live = Snapshot.of(List.of(Contents.host("s/1", "a")));
        rig.proxy(ONE, sink);
        rig.master.hold("shop", Set.of(ONE));
        rig.master.live("shop", live, false);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitHeld("shop", live);

        rig.restartMaster();
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        await().until(() -> sink.assigned().size() == 2);
        assertThat(sink.serving("shop")).contains(Contents.settled("shop", V1).withLive(live));

        rig.master.live("shop", live, false);
        await().until(() -> sink.assigned().size() == 3);
        assertThat(sink.serving("shop")).contains(Contents.settled("shop", V1).withLive(live));
        assertThat(rig.blobBytes()).as("it says that it holds it").isZero();
    }

    @Test
    void aRestartedMasterWithoutTheContentOfAVersionHasItServedByWhoHoldsIt() throws Exception {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        awaitHeld("shop", V2);

        rig.restartMaster();
        rig.master.publish(onlyByName(V1, V2), Set.of(ONE));
        await().until(() -> sink.assigned().size() == 2);
        assertThat(sink.serving("shop")).contains(Contents.rollout("shop", V1, V2));

        rig.master.publish(onlyByName(V1, V2), Set.of(ONE));
        assertThat(rig.pushes("sent")).isEqualTo(1);
        assertThat(rig.pushes("skipped")).isEqualTo(1);
    }

    @Test
    void anInstanceThatLacksAVersionWhoseContentNobodyHasKeepsWhatItServesAndSaysWhy() throws Exception {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V2)), Set.of(ONE));
        awaitHeld("shop", V2);

        rig.restartMaster();
        rig.master.publish(onlyByName(V1, V2), Set.of(ONE));
        await().until(() ->
                rig.master.fleet("shop").instances().get(ONE).error().isPresent());

        assertThat(sink.serving("shop")).contains(Contents.settled("shop", V2));
        assertThat(rig.pushes("sent")).as("it is told the same once").isEqualTo(1);

        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        await().until(() -> sink.serving("shop").equals(Optional.of(Contents.rollout("shop", V1, V2))));
    }

    private static Order onlyByName(Snapshot stable, Snapshot target) {
        return new Order(
                "shop", Optional.of(stable.version()), target.version(), Cohort.NONE, List.of(), "", List.of());
    }

    @Test
    void theInstanceIsToldOnceWhatIsDraining() {
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("blog", V2)), Set.of(ONE));
        rig.master.placementComplete();
        rig.proxy(ONE, sink);
        await().until(() -> sink.drains().equals(List.of(Set.of())));

        rig.master.drain("shop", Set.of(ONE, "elsewhere"));
        await().until(() -> sink.drains().equals(List.of(Set.of(), Set.of("shop"))));
        rig.master.drain("shop", Set.of(ONE));
        rig.master.drain("unknown", Set.of(ONE));
        rig.master.drain("blog", Set.of(ONE));
        await().until(() -> sink.drains().getLast().equals(Set.of("shop", "blog")));
        rig.master.drain("shop", Set.of());
        await().until(() -> sink.drains().getLast().equals(Set.of("blog")));

        assertThat(sink.drains()).containsExactly(Set.of(), Set.of("shop"), Set.of("shop", "blog"), Set.of("blog"));
    }

    @Test
    void anInstanceThatComesBackIsToldWhatIsDraining() {
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.placementComplete();
        rig.master.drain("shop", Set.of(ONE));
        SyncClient before = rig.proxy(ONE, sink);
        await().until(() -> sink.drains().equals(List.of(Set.of("shop"))));
        before.close();
        await().until(() -> !rig.connected(ONE));

        rig.proxy(ONE, sink);

        await().until(() -> sink.drains().equals(List.of(Set.of("shop"), Set.of("shop"))));
    }

    @Test
    void whoIsPlacedAnewIsNotDraining() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("blog", V1)), Set.of(ONE));
        rig.master.placementComplete();
        rig.master.drain("shop", Set.of(ONE));
        rig.master.drain("blog", Set.of(ONE));
        await().until(() -> !sink.drains().isEmpty() && sink.drains().getLast().equals(Set.of("shop", "blog")));

        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of("elsewhere"));
        rig.master.withdraw("blog");
        awaitPlaced(Set.of(), Set.of());
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("blog", V1)), Set.of(ONE));

        awaitPlaced(Set.of("shop", "blog"), Set.of());
    }

    private void awaitPlaced(Set<String> clusterIds, Set<String> draining) {
        await().until(() -> sink.placements().getLast().equals(clusterIds)
                && sink.drains().size() == sink.placements().size()
                && sink.drains().getLast().equals(draining));
    }

    @Test
    void aRestartedMasterForgetsNothingBeforeItKnowsAllPlacements() throws Exception {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("blog", V2)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("gone", V2)), Set.of(ONE));
        rig.master.placementComplete();
        awaitHeld("blog", V2);
        awaitHeld("gone", V2);
        await().until(() -> sink.placements().size() == 1);

        rig.restartMaster();
        await().until(() -> rig.connected(ONE));
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        awaitTarget(sink, "shop", V2);
        rig.master.hold("blog", Set.of(ONE));

        assertThat(sink.placements()).hasSize(1);
        assertThat(sink.holdings()).containsOnlyKeys("shop", "blog", "gone");
        assertThat(rig.master.fleet("blog").heldVersions()).containsExactly(V2.version());

        rig.master.placementComplete();
        await().until(() -> sink.holdings().keySet().equals(Set.of("shop", "blog")));
        assertThat(sink.target("blog")).contains(V2.version());
    }

    @Test
    void aRollbackToAHeldVersionMovesNoBlob() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE));
        awaitHeld("shop", V2);
        double blobs = rig.blobBytes();

        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        awaitTarget(sink, "shop", V1);
        assertThat(rig.blobBytes()).isEqualTo(blobs);
    }

    @Test
    void aVersionThatTheInstanceLostIsSentWhole() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("shop", V2)), Set.of(ONE));
        awaitHeld("shop", V2);
        sink.lose("shop", V1);

        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        awaitTarget(sink, "shop", V1);
        assertThat(rig.connected(ONE)).isTrue();
    }

    @Test
    void whatAnInstanceRejectedIsRetriedAndNotCountedAsSentAgain() {
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        RawInstance raw = rig.raw().read(100).hello(ONE);
        await().until(() -> raw.assignments().size() == 1);
        raw.say(dev.mpg.sync.v1.FromProxy.newBuilder()
                .setHolding(dev.mpg.sync.v1.Holding.newBuilder()
                        .setClusterId("shop")
                        .setResend(true))
                .build());
        await().until(() -> raw.assignments().size() == 2);
        assertThat(rig.pushes("sent")).isEqualTo(1);
        assertThat(rig.pushes("rejected")).isEqualTo(1);
        assertThat(rig.pushes("retried")).isEqualTo(1);
    }

    @Test
    void aConfigThatIsTheSameIsNoChange() {
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("shop", Snapshot.of(V1.resources()))), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("other", V1)), Set.of(ONE));
        rig.master.publish(Order.of(Contents.settled("shop", V2)), Set.of(ONE));
        assertThat(rig.configChanges()).isEqualTo(3);
    }

    @Test
    void twoInstancesGetTheSame() {
        MemorySink other = new MemorySink();
        rig.proxy(ONE, sink);
        rig.proxy(TWO, other);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE, TWO));
        rig.master.publish(Order.of(Contents.settled("blog", V1)), Set.of(TWO));
        rig.master.placementComplete();

        awaitTarget(sink, "shop", V1);
        awaitTarget(other, "shop", V1);
        awaitTarget(other, "blog", V1);
        assertThat(sink.holdings()).containsOnlyKeys("shop");
    }

    @Test
    void aMoveIsMadeBeforeTheOldInstanceForgets() {
        MemorySink other = new MemorySink();
        rig.proxy(ONE, sink);
        rig.proxy(TWO, other);
        rig.master.placementComplete();
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);

        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE, TWO));
        await().until(() -> rig.serving("shop", TWO).held().contains(V1.version()));
        assertThat(sink.target("shop")).contains(V1.version());
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(TWO));

        await().until(() -> sink.holdings().isEmpty());
        assertThat(rig.master.fleet("shop").instances()).containsOnlyKeys(TWO);

        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);
        await().until(() -> other.holdings().isEmpty());
    }

    @Test
    void aWithdrawnProxyIsForgotten() {
        rig.proxy(ONE, sink);
        rig.master.placementComplete();
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);

        rig.master.withdraw("shop");

        await().until(() -> sink.holdings().isEmpty());
        assertThat(rig.master.fleet("shop")).isEqualTo(Fleet.NONE);
    }

    @Test
    void holdKeepsWhatWasPublished() {
        MemorySink other = new MemorySink();
        rig.proxy(ONE, sink);
        rig.proxy(TWO, other);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);

        rig.master.hold("shop", Set.of(ONE, TWO));

        awaitTarget(other, "shop", V1);
        assertThat(sink.assigned()).hasSize(1);
    }

    @Test
    void reportsMakeTheFleet() {
        MemorySink other = new MemorySink();
        SyncClient one = rig.proxy(ONE, sink);
        SyncClient two = rig.proxy(TWO, other);
        rig.master.publish(Order.of(Contents.rollout("shop", V1, V2)), Set.of(ONE, TWO));
        awaitTarget(sink, "shop", V2);
        awaitTarget(other, "shop", V2);
        rig.changedFleets.clear();

        one.report("shop", V2.version(), List.of(current("a", V1.version()), current("b", V1.version())));
        two.report("shop", V2.version(), List.of(current("c", V2.version())));
        await().until(() -> rig.master.fleet("shop").gateways().size() == 3);
        await().untilAsserted(() -> assertThat(rig.changedFleets).containsOnly("shop"));
        assertThat(rig.master.fleet("shop").targets())
                .containsEntry(ONE, V2.version())
                .containsEntry(TWO, V2.version());

        one.report("shop", V2.version(), List.of(current("b", V2.version())));
        await().untilAsserted(() -> assertThat(rig.master.fleet("shop").gateways())
                .containsExactly(current("b", V2.version()), current("c", V2.version())));
    }

    @Test
    void theLastReportsOfALostInstanceStayAndAreMarked() throws Exception {
        SyncClient one = rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitHeld("shop", V1);
        one.report("shop", V1.version(), List.of(current("a", V1.version())));
        await().until(() -> rig.serving("shop", ONE).live());

        one.close();
        await().until(() -> !rig.connected(ONE));

        Fleet fleet = rig.master.fleet("shop");
        assertThat(fleet.gateways()).containsExactly(current("a", V1.version()));
        assertThat(rig.serving("shop", ONE).connected()).isFalse();
        assertThat(rig.serving("shop", ONE).live()).isFalse();
        await().untilAsserted(() -> assertThat(rig.changedInstances).contains(ONE));
        assertThat(rig.master.instances())
                .containsExactly(new Instance(ONE, false, "default-0:18000", "default-0:9901"));

        rig.master.withdraw("shop");
        assertThat(rig.master.instances()).isEmpty();
    }

    @Test
    void reportsAreSaidAgainAfterAReconnect() throws Exception {
        SyncClient one = rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        one.report("shop", V1.version(), List.of(current("a", V1.version()), current("b", V1.version())));
        await().until(() -> rig.master.fleet("shop").gateways().size() == 2);

        rig.restartMaster();
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        await().until(() -> rig.master.fleet("shop").gateways().size() == 2);
    }

    @Test
    void instancesOnWhichProxiesArePlacedAreListedBeforeTheyConnect() {
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        assertThat(rig.master.instances()).containsExactly(new Instance(ONE, false, "", ""));
        assertThat(rig.serving("shop", ONE).connected()).isFalse();
    }

    @Test
    void anAssignmentThatIsTooLargeChangesNothing() {
        rig.proxy(ONE, sink);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));
        awaitTarget(sink, "shop", V1);
        Snapshot large = Contents.with(
                V1,
                Resource.of(
                        ResourceType.LISTENER, "large", ByteString.copyFrom(new byte[SyncLimits.MAX_MESSAGE_BYTES])));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> rig.master.publish(Order.of(Contents.settled("shop", large)), Set.of(ONE, TWO)));

        assertThat(rig.master.fleet("shop").instances()).containsOnlyKeys(ONE);
    }

    @Test
    void aChangeCostsWhatChangedAlsoOfFiftyThousandResources() {
        List<Resource> resources = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            resources.add(Contents.host("shop/http/host-%05d.customers.example.com".formatted(i), "x".repeat(100)));
        }
        Snapshot before = Snapshot.of(resources);
        rig.proxy(ONE, sink);
        long start = System.nanoTime();
        rig.master.publish(Order.of(Contents.settled("shop", before)), Set.of(ONE));
        awaitTarget(sink, "shop", before);
        LOG.info(
                "50,000 resources: manifest {} B, blobs {} B, {} ms",
                rig.manifestBytes(),
                rig.blobBytes(),
                (System.nanoTime() - start) / 1_000_000);

        for (int i = 0; i < 5; i++) {
            double manifests = rig.manifestBytes();
            double blobs = rig.blobBytes();
            Snapshot after =
                    Contents.with(before, Contents.host(resources.get(i).name(), "changed"));
            start = System.nanoTime();
            rig.master.publish(Order.of(Contents.rollout("shop", before, after)), Set.of(ONE));
            await().pollInterval(Duration.ofMillis(1))
                    .until(() -> sink.target("shop").equals(Optional.of(after.version())));
            LOG.info(
                    "One of 50,000 changed: manifests {} B, blobs {} B, {} ms",
                    rig.manifestBytes() - manifests,
                    rig.blobBytes() - blobs,
                    (System.nanoTime() - start) / 1_000_000);
            assertThat(rig.manifestBytes() - manifests).isLessThan(260);
            assertThat(rig.blobBytes() - blobs).isLessThan(100);
        }
    }

    @Test
    void theFleetSaysWhyAnInstanceCouldNotTakeAnAssignment() {
        rig.proxy(ONE, sink);
        sink.fail(Integer.MAX_VALUE);
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        await().untilAsserted(() ->
                assertThat(rig.serving("shop", ONE).error()).contains("java.io.IOException: no space left on device"));
        await().untilAsserted(() -> assertThat(rig.changedFleets).contains("shop"));

        sink.fail(0);
        awaitTarget(sink, "shop", V1);
        await().until(() -> rig.serving("shop", ONE).error().isEmpty());
    }

    @Test
    void theFleetSaysWhyWhatAnInstanceServesIsNotOnDisk() throws Exception {
        rig.proxy(ONE, sink);
        sink.unsaved(Optional.of("disk full"));
        rig.master.publish(Order.of(Contents.settled("shop", V1)), Set.of(ONE));

        awaitTarget(sink, "shop", V1);
        await().until(() -> rig.serving("shop", ONE).unsaved().equals(Optional.of("disk full")));
        assertThat(rig.serving("shop", ONE).error()).isEmpty();
        assertThat(rig.serving("shop", ONE).held()).containsExactly(V1.version());
        await().untilAsserted(() -> assertThat(rig.changedFleets).contains("shop"));

        rig.restartMaster();
        rig.master.hold("shop", Set.of(ONE));
        await().untilAsserted(() -> assertThat(rig.serving("shop", ONE).unsaved())
                .as("also to a Master that publishes nothing yet")
                .contains("disk full"));

        sink.unsaved(Optional.empty());
        await().until(() -> rig.serving("shop", ONE).unsaved().isEmpty());
    }

    @Test
    void whatTwoPublishAtOnceIsPublishedInSomeOrder() throws Exception {
        List<Snapshot> versions = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            versions.add(Contents.with(V1, Contents.host("rc/00000", "version " + i)));
        }
        rig.proxy(ONE, sink);
        try (ExecutorService publishers = Executors.newFixedThreadPool(2)) {
            versions.forEach(version -> {
                var _ = publishers.submit(
                        () -> rig.master.publish(Order.of(Contents.first("shop", version)), Set.of(ONE)));
            });
        }
        rig.master.publish(Order.of(Contents.first("shop", V2)), Set.of(ONE));

        awaitTarget(sink, "shop", V2);
        awaitHeld("shop", V2);
    }
}
