package dev.mpg.sync;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.v1.Assignment;
import dev.mpg.sync.v1.Blobs;
import dev.mpg.sync.v1.Entry;
import dev.mpg.sync.v1.Manifest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IntakeTest {
    private static final Snapshot V1 = Contents.hosts(3, "v1");
    private static final Snapshot V2 = Contents.with(V1, Contents.host("rc/00001", "v2"));
    private static final Snapshot V3 = Contents.with(V2, Contents.host("rc/00002", "v3"));

    private final MemorySink sink = new MemorySink();
    private final Said said = new Said();
    private final ClientMeters meters = new ClientMeters(new SimpleMeterRegistry());
    private final Intake intake = new Intake(sink, said, meters);

    /** What was said to the Master. */
    private static final class Said implements Intake.Replies {
        final List<List<ContentHash>> wants = new ArrayList<>();
        final List<Set<ContentHash>> holdings = new ArrayList<>();
        int resends;
        final List<String> errors = new ArrayList<>();
        final List<String> unsaved = new ArrayList<>();
        final List<Integer> retryAttempts = new ArrayList<>();

        @Override
        public void want(String clusterId, List<ContentHash> hashes) {
            wants.add(hashes);
        }

        @Override
        public void holding(
                String clusterId, Set<ContentHash> versions, boolean resend, String error, String notOnDisk) {
            holdings.add(versions);
            errors.add(error);
            unsaved.add(notOnDisk);
            resends += resend ? 1 : 0;
        }

        @Override
        public void retryLater(String clusterId, int attempts) {
            retryAttempts.add(attempts);
        }
    }

    private static Assignment of(Manifest target) {
        return Assignment.newBuilder().setClusterId("shop").setTarget(target).build();
    }

    private static Manifest difference(Snapshot from, Snapshot to) {
        return ManifestCodec.difference(from.version(), to.version(), Snapshot.diff(from, to));
    }

    private static ByteString blob(Snapshot snapshot, ContentHash hash) {
        return snapshot.resources().stream()
                .filter(resource -> resource.hash().equals(hash))
                .map(Resource::bytes)
                .findFirst()
                .orElseThrow();
    }

    private static Blobs answer(Snapshot snapshot, Collection<ContentHash> hashes) {
        return Blobs.newBuilder()
                .setClusterId("shop")
                .addAllBlobs(hashes.stream().map(hash -> blob(snapshot, hash)).toList())
                .setLast(true)
                .build();
    }

    private static ContentHash hash(Snapshot snapshot, String name) {
        return snapshot.resource(ResourceType.VIRTUAL_HOST, name).orElseThrow().hash();
    }

    private void assertServing(Snapshot snapshot) {
        assertThat(sink.serving("shop").orElseThrow().target().resources()).isEqualTo(snapshot.resources());
    }

    @Test
    void servesOnceEveryBlobHasCome() {
        intake.assignment(of(ManifestCodec.whole(V1)));
        List<ContentHash> wanted = said.wants.getFirst();
        assertThat(wanted)
                .containsExactlyInAnyOrderElementsOf(
                        V1.resources().stream().map(Resource::hash).toList());

        intake.blobs(answer(V1, wanted.subList(0, 2)).toBuilder().setLast(false).build());
        assertThat(sink.assigned()).isEmpty();

        intake.blobs(answer(V1, wanted.subList(2, 3)));
        assertServing(V1);
        assertThat(said.holdings).containsExactly(Set.of(V1.version()));
        assertThat(meters.blobBytes.count()).isEqualTo(Contents.bytes(V1));
    }

    @Test
    void aProxyThatComesBackWaitsForTheAnswerToItsEarlierWant() {
        intake.assignment(of(ManifestCodec.whole(V1)));
        List<ContentHash> wanted = said.wants.getFirst();
        for (int i = 0; i < Download.MAX_ATTEMPTS; i++) {
            intake.placement(Set.of());
            intake.placement(Set.of("shop"));
            intake.assignment(of(ManifestCodec.whole(V2)));
        }
        assertThat(said.wants).hasSize(1);

        intake.blobs(answer(V1, wanted));
        assertThat(said.wants).last().isEqualTo(List.of(hash(V2, "rc/00001")));
        intake.blobs(answer(V2, said.wants.getLast()));

        assertServing(V2);
        assertThat(said.wants).hasSize(2);
        assertThat(meters.hashMismatches.count()).isZero();
        assertThat(meters.refused.count()).isZero();
    }

    @Test
    void theAnswerToAWantOfAProxyThatIsGoneIsDropped() {
        intake.assignment(of(ManifestCodec.whole(V1)));
        intake.placement(Set.of());

        intake.blobs(answer(V1, said.wants.getFirst()));

        assertThat(sink.assigned()).isEmpty();
        assertThat(said.wants).hasSize(1);
        assertThat(meters.hashMismatches.count()).isZero();
    }

    @Test
    void asksForNothingThatAHeldVersionHas() {
        sink.hold("shop", V1);
        intake.assignment(of(difference(V1, V2)));

        assertThat(said.wants).containsExactly(List.of(hash(V2, "rc/00001")));
    }

    @Test
    void aRollbackToAHeldVersionAsksForNothing() {
        sink.hold("shop", V1);
        sink.hold("shop", V2);
        intake.assignment(of(ManifestCodec.known(V1.version())));

        assertThat(said.wants).isEmpty();
        assertServing(V1);
    }

    @Test
    void anEarlierResourceOfAnyHeldVersionIsFound() {
        sink.hold("shop", V2);
        sink.hold("shop", Contents.with(V3, Contents.host("rc/00001", "v4")));
        // rc/00001 as in one of them, rc/00002 as in the other.
        intake.assignment(of(ManifestCodec.whole(V3)));

        assertThat(said.wants).isEmpty();
        assertServing(V3);
    }

    @Test
    void aDamagedBlobIsDroppedAndAskedForAgain() {
        intake.assignment(of(ManifestCodec.whole(V1)));
        List<ContentHash> wanted = said.wants.getFirst();
        intake.blobs(answer(V1, wanted).toBuilder()
                .setBlobs(1, ByteString.copyFromUtf8("damaged"))
                .build());

        assertThat(sink.assigned()).isEmpty();
        assertThat(meters.hashMismatches.count()).isEqualTo(1);
        assertThat(said.wants.getLast()).containsExactly(wanted.get(1));

        intake.blobs(answer(V1, said.wants.getLast()));
        assertServing(V1);
    }

    @Test
    void aBlobThatStaysDamagedIsAskedForAFewTimesOnly() {
        sink.assign(Contents.settled("shop", V1));
        intake.assignment(of(difference(V1, V2)));
        Blobs damaged = Blobs.newBuilder()
                .setClusterId("shop")
                .addBlobs(ByteString.copyFromUtf8("damaged"))
                .setLast(true)
                .build();
        for (int i = 0; i < 10; i++) {
            intake.blobs(damaged);
        }

        assertThat(said.wants).hasSize(Download.MAX_ATTEMPTS);
        assertThat(meters.refused.count()).isEqualTo(1);
        assertServing(V1);
    }

    @Test
    void aManifestThatAddsUpToAnotherVersionIsRefused() {
        sink.assign(Contents.settled("shop", V1));
        Manifest wrong = ManifestCodec.whole(V2).toBuilder()
                .setVersion(V3.version().toBytes())
                .build();
        intake.assignment(of(wrong));
        intake.blobs(answer(V2, said.wants.getFirst()));

        assertServing(V1);
        assertThat(meters.refused.count()).isEqualTo(1);
        assertThat(said.resends)
                .as("it was whole, so asking again would bring the same")
                .isZero();
    }

    @Test
    void aDifferenceThatDoesNotAddUpIsAskedForWholeOnce() {
        sink.assign(Contents.settled("shop", V1));
        Manifest wrong = difference(V1, V2).toBuilder()
                .setVersion(V3.version().toBytes())
                .build();
        intake.assignment(of(wrong));
        intake.blobs(answer(V2, said.wants.getFirst()));
        assertThat(said.resends).isEqualTo(1);
        assertServing(V1);

        intake.assignment(of(ManifestCodec.whole(V3)));
        assertThat(said.wants.getLast())
                .as("the blob that came before is not asked for again")
                .containsExactly(hash(V3, "rc/00002"));
        intake.blobs(answer(V3, said.wants.getLast()));
        assertServing(V3);
    }

    @Test
    void aDifferenceToAnUnknownVersionIsAskedForWhole() {
        sink.assign(Contents.settled("shop", V1));
        intake.assignment(of(difference(V2, V3)));

        assertThat(said.resends).isEqualTo(1);
        assertThat(said.holdings.getLast()).containsExactly(V1.version());
        assertServing(V1);
    }

    @Test
    void aManifestWithOneNameTwiceIsRefused() {
        Manifest whole = ManifestCodec.whole(V1);
        intake.assignment(of(whole.toBuilder().addEntries(whole.getEntries(0)).build()));
        intake.blobs(answer(V1, said.wants.getFirst()));

        assertThat(sink.assigned()).isEmpty();
        assertThat(meters.refused.count()).isEqualTo(1);
    }

    @Test
    void aNewerAssignmentReplacesAnUnfinishedOneAndBuildsUponIt() {
        intake.assignment(of(ManifestCodec.whole(V1)));
        List<ContentHash> wanted = said.wants.getFirst();
        intake.blobs(answer(V1, List.of(hash(V1, "rc/00000"))).toBuilder()
                .setLast(false)
                .build());
        // The instance was told V1, so V2 may be the difference to it, though V1's content isn't here yet.
        intake.assignment(of(difference(V1, V2)));
        assertThat(said.wants).as("one Want at a time").hasSize(1);

        intake.blobs(answer(
                V1,
                wanted.stream()
                        .filter(hash -> !hash.equals(hash(V1, "rc/00000")))
                        .toList()));

        assertThat(said.wants.getLast()).containsExactly(hash(V2, "rc/00001"));
        intake.blobs(answer(V2, said.wants.getLast()));
        assertThat(sink.assigned()).hasSize(1);
        assertServing(V2);
    }

    @Test
    void whatTheMasterNoLongerHasIsGivenUp() {
        sink.assign(Contents.settled("shop", V1));
        intake.assignment(of(difference(V1, V2)));
        intake.blobs(Blobs.newBuilder()
                .setClusterId("shop")
                .addUnknown(hash(V2, "rc/00001").toBytes())
                .setLast(true)
                .build());

        assertThat(said.wants).hasSize(1);
        assertServing(V1);
    }

    @Test
    void blobsOfALostStreamAreNotFetchedAgain() {
        intake.assignment(of(ManifestCodec.whole(V1)));
        intake.blobs(answer(V1, List.of(hash(V1, "rc/00000"))).toBuilder()
                .setLast(false)
                .build());
        intake.streamEnded();

        intake.assignment(of(ManifestCodec.whole(V1)));

        assertThat(said.wants.getLast()).containsExactlyInAnyOrder(hash(V1, "rc/00001"), hash(V1, "rc/00002"));
    }

    @Test
    void whatCantBePersistedIsOfferedAgainAndTheEarlierOneStays() {
        sink.assign(Contents.settled("shop", V1));
        sink.fail(2);
        intake.assignment(of(difference(V1, V2)));
        intake.blobs(answer(V2, said.wants.getFirst()));
        assertServing(V1);
        intake.retry("shop");
        assertThat(said.retryAttempts).containsExactly(1, 2);

        intake.retry("shop");

        assertServing(V2);
        assertThat(said.holdings).last().isEqualTo(Set.of(V1.version(), V2.version()));
        String full = "java.io.IOException: no space left on device";
        assertThat(said.errors).containsExactly(full, full, "");
    }

    @Test
    void whatIsInMemoryOnlyIsServedAndOfferedAgainUntilItIsOnDisk() {
        sink.hold("shop", V1);
        sink.unsaved(Optional.of("disk full"));
        intake.assignment(of(ManifestCodec.known(V1.version())));
        assertServing(V1);
        intake.retry("shop");
        assertThat(said.unsaved).containsExactly("disk full", "disk full");
        assertThat(said.errors).containsOnly("");
        assertThat(said.retryAttempts).containsExactly(1, 2);

        sink.unsaved(Optional.empty());
        intake.retry("shop");
        assertThat(said.unsaved).last().isEqualTo("");
        assertThat(said.retryAttempts).hasSize(2);
        assertThat(meters.refused.count()).isZero();
    }

    @Test
    void whatIsInMemoryOnlyIsToldAgainOnANewStream() {
        sink.hold("shop", V1);
        sink.unsaved(Optional.of("disk full"));
        intake.assignment(of(ManifestCodec.known(V1.version())));
        intake.streamEnded();
        intake.streamBegan();
        assertThat(said.unsaved).containsExactly("disk full", "disk full");

        intake.placement(Set.of());
        intake.streamEnded();
        intake.streamBegan();
        assertThat(said.unsaved).hasSize(2);
    }

    @Test
    void whatIsInMemoryOnlyIsOfferedAgainWhileTheNextCannotBeTaken() {
        sink.hold("shop", V1);
        sink.unsaved(Optional.of("disk full"));
        intake.assignment(of(ManifestCodec.known(V1.version())));
        intake.assignment(of(ManifestCodec.whole(V2)));
        intake.blobs(Blobs.newBuilder()
                .setClusterId("shop")
                .addUnknown(hash(V2, "rc/00001").toBytes())
                .setLast(true)
                .build());
        assertThat(said.unsaved).last().isEqualTo("disk full");

        sink.unsaved(Optional.empty());
        intake.retry("shop");
        assertThat(said.unsaved).last().isEqualTo("");
        assertThat(said.resends).isEqualTo(1);
        assertServing(V1);
    }

    @Test
    void aNewerAssignmentReplacesOneThatCouldNotBePersisted() {
        sink.hold("shop", V1);
        sink.hold("shop", V2);
        sink.fail(1);
        intake.assignment(of(ManifestCodec.known(V1.version())));
        intake.assignment(of(ManifestCodec.known(V2.version())));

        intake.retry("shop");

        assertThat(sink.assigned()).hasSize(1);
        assertServing(V2);
    }

    @Test
    void placementForgetsTheOthers() {
        sink.assign(Contents.settled("shop", V1));
        sink.assign(Contents.settled("blog", V2));

        intake.placement(Set.of("blog"));

        assertThat(sink.holdings()).containsOnlyKeys("blog");
    }

    @Test
    void stableAndTargetAreFetchedTogether() {
        intake.assignment(Assignment.newBuilder()
                .setClusterId("shop")
                .setStable(ManifestCodec.whole(V1))
                .setTarget(difference(V1, V2))
                .addMembers("gateway-0")
                .setTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                .build());
        assertThat(said.wants.getFirst()).hasSize(4);
        Blobs.Builder blobs = Blobs.newBuilder().setClusterId("shop").setLast(true);
        V1.resources().forEach(resource -> blobs.addBlobs(resource.bytes()));
        blobs.addBlobs(blob(V2, hash(V2, "rc/00001")));

        intake.blobs(blobs.build());

        dev.mpg.snapshot.Assignment assigned = sink.serving("shop").orElseThrow();
        assertThat(assigned.stable()).contains(V1);
        assertThat(assigned.target()).isEqualTo(V2);
        assertThat(assigned.members()).containsExactly("gateway-0");
        assertThat(assigned.traceparent()).startsWith("00-4bf9");
    }

    @Test
    void anAssignmentWithoutAStableVersionLeavesNone() {
        sink.assign(Contents.rollout("shop", V1, V2));
        intake.assignment(of(ManifestCodec.known(V2.version())));
        assertThat(sink.serving("shop")).contains(Contents.first("shop", V2));
    }

    @Test
    void theCohortComesAlong() {
        sink.assign(Contents.settled("shop", V1));
        intake.assignment(of(ManifestCodec.known(V1.version())).toBuilder()
                .setCohort(dev.mpg.sync.v1.Cohort.newBuilder().setWave(7).addGateways("gateway-0"))
                .build());
        assertThat(sink.serving("shop").orElseThrow().cohort()).isEqualTo(new Cohort(7, List.of("gateway-0")));
    }

    @Test
    void aRefusedAssignmentIsAskedForAgainLater() {
        sink.assign(Contents.settled("shop", V1));
        Blobs unknown = Blobs.newBuilder()
                .setClusterId("shop")
                .addUnknown(hash(V2, "rc/00001").toBytes())
                .setLast(true)
                .build();
        String error = "the Master doesn't have blob " + hash(V2, "rc/00001") + " (any more)";
        for (int refusals = 1; refusals <= 3; refusals++) {
            intake.assignment(of(ManifestCodec.whole(V2)));
            intake.blobs(unknown);
            assertThat(said.errors).last().isEqualTo(error);
            assertThat(said.resends).isEqualTo(refusals - 1);
            assertThat(said.retryAttempts).last().isEqualTo(refusals);

            intake.retry("shop");
            assertThat(said.errors).last().isEqualTo(error);
            assertThat(said.resends).isEqualTo(refusals);
        }
        intake.assignment(of(ManifestCodec.whole(V2)));
        intake.retry("shop");
        assertThat(said.resends).as("it is on its way").isEqualTo(3);
        intake.blobs(answer(V2, said.wants.getLast()));

        assertServing(V2);
        assertThat(said.errors).last().isEqualTo("");
    }

    @Test
    void whatWasRefusedOnALostStreamIsNotAskedForOnTheNext() {
        intake.assignment(of(ManifestCodec.whole(V1).toBuilder()
                .addEntries(Entry.getDefaultInstance())
                .build()));
        assertThat(said.errors).hasSize(1);
        intake.streamEnded();

        intake.retry("shop");

        assertThat(said.resends).isZero();
    }
}
