package dev.mpg.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PublicationTest {
    private static final Snapshot V1 = Contents.hosts(100, "v1");
    private static final Snapshot V2 = Contents.with(V1, Contents.host("rc/00007", "v2"));
    private static final Snapshot V3 = Contents.with(V2, Contents.host("rc/00008", "v3"));

    private static dev.mpg.sync.v1.Assignment parse(ByteString frame) throws InvalidProtocolBufferException {
        return FromMaster.parseFrom(frame).getAssignment();
    }

    @Test
    void toldWholeToAnInstanceThatKnowsNothing() throws Exception {
        ByteString frame = Publication.of(Order.of(Contents.first("c", V1))).frame(Set.of());

        assertThat(parse(frame).hasStable()).isFalse();
        assertThat(parse(frame).getTarget()).isEqualTo(ManifestCodec.whole(V1));
    }

    @Test
    void aKnownVersionIsOnlyNamed() throws Exception {
        ByteString frame = Publication.of(Order.of(Contents.settled("c", V1))).frame(Set.of(V1.version()));

        assertThat(parse(frame).getStable()).isEqualTo(ManifestCodec.known(V1.version()));
        assertThat(parse(frame).getTarget()).isEqualTo(ManifestCodec.known(V1.version()));
        assertThat(frame.size()).isLessThan(160);
    }

    @Test
    void theTargetIsTheDifferenceToTheStableOneThatGoesWithIt() throws Exception {
        dev.mpg.sync.v1.Assignment assignment =
                parse(Publication.of(Order.of(Contents.rollout("c", V1, V2))).frame(Set.of()));

        assertThat(assignment.getStable()).isEqualTo(ManifestCodec.whole(V1));
        assertThat(assignment.getTarget())
                .isEqualTo(ManifestCodec.difference(V1.version(), V2.version(), Snapshot.diff(V1, V2)));
        assertThat(assignment.getTarget().getEntriesCount()).isEqualTo(1);
    }

    @Test
    void theKnownVersionWithTheFewestDifferencesIsTheBase() throws Exception {
        Publication publication = Publication.of(Order.of(Contents.first("c", V1)))
                .then(Order.of(Contents.first("c", V2)))
                .then(Order.of(Contents.first("c", V3)));

        assertThat(parse(publication.frame(Set.of(V1.version()))).getTarget().getBase())
                .isEqualTo(V1.version().toBytes());
        assertThat(parse(publication.frame(Set.of(V1.version(), V2.version())))
                        .getTarget()
                        .getBase())
                .isEqualTo(V2.version().toBytes());
    }

    @Test
    void aDifferenceLargerThanTheWholeIsNotUsed() throws Exception {
        Snapshot other = Snapshot.of(List.of(Contents.host("other", "")));
        Publication publication =
                Publication.of(Order.of(Contents.first("c", V1))).then(Order.of(Contents.first("c", other)));

        assertThat(parse(publication.frame(Set.of(V1.version()))).getTarget()).isEqualTo(ManifestCodec.whole(other));
    }

    @Test
    void aDifferenceIsMarshalledOnceForAllInstances() {
        Publication publication =
                Publication.of(Order.of(Contents.first("c", V1))).then(Order.of(Contents.first("c", V2)));

        assertThat(publication.frame(Set.of(V1.version()))).isSameAs(publication.frame(Set.of(V1.version())));
    }

    @Test
    void liveDataIsTheDifferenceToWhatWasLiveBefore() throws Exception {
        Snapshot live = Snapshot.of(List.of(Contents.host("s/1", "a"), Contents.host("s/2", "a")));
        Snapshot next = Contents.with(live, Contents.host("s/1", "b"));
        Publication before = Publication.of(Order.of(Contents.settled("c", V1)));
        Publication first = before.with(live, false);
        Publication second = first.with(next, false);

        assertThat(parse(before.frame(Set.of())).hasLive()).as("not known").isFalse();
        assertThat(parse(first.frame(before.versions(), Set.of())).getLive()).isEqualTo(ManifestCodec.whole(live));
        dev.mpg.sync.v1.Assignment assignment = parse(second.frame(first.versions(), first.liveVersions()));
        assertThat(assignment.getLive())
                .isEqualTo(ManifestCodec.difference(live.version(), next.version(), Snapshot.diff(live, next)));
        assertThat(assignment.getTarget()).isEqualTo(ManifestCodec.known(V1.version()));
        assertThat(second.frame(first.versions(), first.liveVersions()).size()).isLessThan(270);
        assertThat(second.blob(hash(next, "s/1"))).isPresent();
        assertThat(parse(second.frame(second.versions(), second.liveVersions())).getLive())
                .isEqualTo(ManifestCodec.known(next.version()));
    }

    @Test
    void liveDataStaysWithTheNextOrderAndNoneIsNotTold() {
        Snapshot live = Snapshot.of(List.of(Contents.host("s/1", "a")));
        Publication publication =
                Publication.of(Order.of(Contents.settled("c", V1))).with(live, false);

        assertThat(publication.with(live, false)).isSameAs(publication);
        assertThat(publication.with(Snapshot.EMPTY, false)).isSameAs(publication);
        assertThat(publication.then(Order.of(Contents.settled("c", V2))).liveVersions())
                .containsExactly(live.version());
    }

    @Test
    void remembersAFewVersionsAndTheirContentOnly() throws Exception {
        Publication publication = Publication.of(Order.of(Contents.first("c", V1)));
        List<Snapshot> all = new ArrayList<>(List.of(V1));
        for (int i = 0; i < Publication.REMEMBERED; i++) {
            Snapshot next = Contents.with(all.getLast(), Contents.host("rc/00000", "change " + i));
            all.add(next);
            publication = publication.then(Order.of(Contents.first("c", next)));
        }

        Manifest fromForgotten = parse(publication.frame(Set.of(V1.version()))).getTarget();
        Manifest fromRemembered =
                parse(publication.frame(Set.of(all.get(1).version()))).getTarget();

        assertThat(fromForgotten.getBase().isEmpty()).isTrue();
        assertThat(fromRemembered.getEntriesCount()).isEqualTo(1);
        assertThat(publication.blob(hash(V1, "rc/00000"))).isEmpty();
        assertThat(publication.blob(hash(all.get(1), "rc/00000"))).isPresent();
        assertThat(publication.blob(hash(V1, "rc/00001"))).isPresent();
    }

    private static dev.mpg.snapshot.ContentHash hash(Snapshot snapshot, String name) {
        return snapshot.resource(ResourceType.VIRTUAL_HOST, name).orElseThrow().hash();
    }

    @Test
    void anotherTraceContextIsNotAnotherAssignment() {
        Publication publication = Publication.of(Order.of(Contents.rollout("c", V1, V2)));

        assertThat(publication.says(Order.of(new Assignment("c", Optional.of(V1), V2, List.of(), "00-trace"))))
                .isTrue();
        assertThat(publication.says(Order.of(new Assignment("c", Optional.of(V1), V2, List.of("gateway-0"), ""))))
                .isFalse();
        assertThat(publication.says(Order.of(Contents.settled("c", V2)))).isFalse();
    }

    @Test
    void refusesAResourceThatFitsIntoNoMessage() {
        Resource large = Resource.of(
                ResourceType.LISTENER, "large", ByteString.copyFrom(new byte[SyncLimits.MAX_BLOB_BYTES + 1]));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Publication.of(Order.of(Contents.first("c", Snapshot.of(List.of(large))))))
                .withMessageContaining("LISTENER large")
                .withMessageContaining("split it");
    }

    @Test
    void fiftyThousandResourcesFitIntoAMessageTwice() {
        List<Resource> resources = new ArrayList<>();
        List<Resource> others = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            String name = "route-configuration-%s/shop-%05d.customers.example.com".formatted("name", i);
            resources.add(Contents.host(name, "a"));
            others.add(Contents.host(name, "b"));
        }

        ByteString frame = Publication.of(Order.of(Contents.rollout("c", Snapshot.of(resources), Snapshot.of(others))))
                .frame(Set.of());

        assertThat(frame.size()).isBetween(9_000_000, SyncLimits.MAX_MESSAGE_BYTES);
    }

    @Test
    void refusesNamesThatFitIntoNoMessageInUtf8() {
        // 3 bytes a character.
        String name = "\u8def".repeat(100);
        List<Resource> resources = new ArrayList<>();
        for (int i = 0; i < 30_000; i++) {
            resources.add(Contents.host(name + i, ""));
        }

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Publication.of(Order.of(Contents.first("c", Snapshot.of(resources)))))
                .withMessageContaining("split the Proxy");
    }

    @Test
    void refusesMembersThatFitIntoNoMessage() {
        List<String> members = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            members.add("gateway-with-a-long-name-" + i);
        }

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Publication.of(Order.of(new Assignment("c", Optional.empty(), V1, members, ""))))
                .withMessageContaining("c has 100000 members");
    }

    private static Snapshot compiledAnew(Snapshot snapshot) {
        return Snapshot.of(snapshot.resources().stream()
                .map(resource -> Resource.of(
                        resource.type(),
                        resource.name(),
                        ByteString.copyFrom(resource.bytes().toByteArray())))
                .toList());
    }

    @Test
    void whatVersionsHaveInCommonIsKeptOnce() {
        Publication publication = Publication.of(Order.of(Contents.first("c", V1)))
                .then(Order.of(Contents.rollout("c", compiledAnew(V1), compiledAnew(V2))));

        Snapshot target = publication.snapshot(V2.version()).orElseThrow();
        assertThat(publication.snapshot(V1.version()).orElseThrow()).isSameAs(V1);
        assertThat(target.resources()).isEqualTo(V2.resources());
        for (Resource resource : V1.resources()) {
            if (!resource.name().equals("rc/00007")) {
                assertThat(target.resource(resource.type(), resource.name()).orElseThrow())
                        .isSameAs(resource);
            }
        }
    }
}
