package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.first;
import static dev.mpg.proxy.Configs.many;
import static dev.mpg.proxy.Configs.rollout;
import static dev.mpg.proxy.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AssignmentStoreTest {
    private static final Snapshot V1 = snapshot("a=1", "b=1");
    private static final Snapshot V2 = snapshot("a=2", "b=1");

    @TempDir(factory = RamBacked.class)
    Path folder;

    @Test
    void whatIsPutIsThereAfterReopening() {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(rollout("shop", V1, V2));
            store.put(first("edge.blog", snapshot()));
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).containsExactly(first("edge.blog", snapshot()), rollout("shop", V1, V2));
            assertThat(store.holdings())
                    .containsEntry("shop", Set.of(V1.version(), V2.version()))
                    .containsEntry("edge.blog", Set.of(Snapshot.EMPTY.version()));
            assertThat(store.snapshot("shop", V1.version()).orElseThrow().resources())
                    .zipSatisfy(
                            V1.resources(),
                            (stored, put) -> assertThat(stored.bytes()).isEqualTo(put.bytes()));
            assertThat(store.snapshot("edge.blog", V1.version())).isEmpty();
            assertThat(store.snapshot("unknown", V1.version())).isEmpty();
        }
    }

    @Test
    void liveDataIsThereAfterReopening() {
        Snapshot live = snapshot("s=1", "t=1");
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(rollout("shop", V1, V2).withLive(live));
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments())
                    .containsExactly(rollout("shop", V1, V2).withLive(live));
            assertThat(store.holdings()).containsEntry("shop", Set.of(V1.version(), V2.version(), live.version()));
            assertThat(store.snapshot("shop", live.version())).contains(live);
        }
    }

    @Test
    void secretsAreInMemoryOnly() throws IOException {
        FailingDisk disk = FailingDisk.healthy();
        Snapshot endpoints = snapshot("s=1");
        Snapshot live = Snapshot.of(Stream.of(endpoints, secrets("planted-key"))
                .flatMap(data -> data.resources().stream())
                .toList());
        try (AssignmentStore store = AssignmentStore.open(folder, disk, 0)) {
            store.put(rollout("shop", V1, V2).withLive(live));
            assertThat(store.assignment("shop"))
                    .contains(rollout("shop", V1, V2).withLive(live));
            assertThat(store.holdings().get("shop")).contains(live.version());
            disk.steps().clear();
            Snapshot renewed = Snapshot.of(Stream.of(endpoints, secrets("planted-renewed-key"))
                    .flatMap(data -> data.resources().stream())
                    .toList());
            store.put(rollout("shop", V1, V2).withLive(renewed));
            assertThat(disk.steps()).isEmpty();
            assertThat(store.assignment("shop").orElseThrow().live()).isEqualTo(renewed);
            store.tidy();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).doesNotContain("planted");
            }
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments())
                    .containsExactly(rollout("shop", V1, V2).withLive(endpoints));
        }
    }

    private static Snapshot secrets(String key) {
        return Snapshot.of(
                List.of(Resource.of(ResourceType.SECRET, "edge/shop-tls", ByteString.copyFromUtf8(key.repeat(100)))));
    }

    @Test
    void changedLiveDataIsOneSmallFileHoweverLargeTheConfig() {
        FailingDisk disk = FailingDisk.healthy();
        Assignment large = done("shop", many(5_000, "v1-"));
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            store.put(large.withLive(many(1_000, "pods-")));
            disk.steps().clear();
            for (int i = 0; i < 20; i++) {
                store.put(large.withLive(many(1_000, "pods-", "c7=" + i)));
            }
            assertThat(disk.steps()).hasSize(40).containsOnly("write shop.assignment.tmp", "rename shop.assignment");
            assertThat(store.worthTidying()).isFalse();
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).containsExactly(large.withLive(many(1_000, "pods-", "c7=19")));
        }
    }

    @Test
    void anEqualAssignmentWritesNothing() {
        FailingDisk disk = FailingDisk.healthy();
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            store.put(rollout("shop", V1, V2));
            disk.steps().clear();
            store.put(rollout("shop", V1, V2));
            assertThat(store.worthTidying()).isFalse();
            assertThat(disk.steps()).isEmpty();
        }
    }

    @Test
    void aBatchOfManyBlobsWaitsForTheDiskThreeTimes() {
        FailingDisk disk = FailingDisk.healthy();
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            disk.steps().clear();
            store.put(first("shop", many(5_000, "v1-")));
            assertThat(disk.steps().stream().filter(step -> !step.startsWith("rename")))
                    .hasSize(3);
        }
    }

    @Test
    void aSmallChangeOfMuchIsOneSmallFileAndOneWait() {
        FailingDisk disk = FailingDisk.healthy();
        Snapshot next = many(5_000, "v1-", "c7=new");
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            store.put(done("shop", many(5_000, "v1-")));
            long before = store.usage().bytes();
            disk.steps().clear();
            store.put(rollout("shop", many(5_000, "v1-"), next));
            store.put(done("shop", next));
            assertThat(disk.steps())
                    .containsExactly(
                            "write shop.assignment.tmp",
                            "rename shop.assignment",
                            "write shop.assignment.tmp",
                            "rename shop.assignment");
            assertThat(store.usage().bytes() - before).isLessThan(1_000);
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).containsExactly(done("shop", next));
        }
    }

    @Test
    void aProxyThatShrinksFreesItsSpace() {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(done("shop", many(5_000, "v1-")));
            store.put(done("shop", many(100, "v1-")));
            assertThat(store.worthTidying()).isTrue();
            store.tidy();
            assertThat(store.usage().bytes()).isLessThan(50_000);
            assertThat(store.worthTidying()).isFalse();
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).containsExactly(done("shop", many(100, "v1-")));
        }
    }

    @Test
    void manySmallChangesAreCarriedThenPacked() {
        Snapshot last = Snapshot.EMPTY;
        try (AssignmentStore store = AssignmentStore.open(folder, Disk.REAL, 2_000)) {
            for (int i = 0; i < 100; i++) {
                last = many(50, "v1-", "c" + i % 60 + "=" + i);
                store.put(rollout("shop", many(50, "v1-"), last));
                if (i % 3 == 0) {
                    store.put(done("shop", last));
                }
                if (store.worthTidying()) {
                    store.tidy();
                }
            }
            assertThat(store.usage().bytes()).isLessThan(100_000);
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).containsExactly(done("shop", last));
        }
    }

    @Test
    void aRollbackWritesNoBlobs() throws IOException {
        try (AssignmentStore store = packing()) {
            store.put(done("shop", V1));
            store.put(rollout("shop", V1, V2));
            store.tidy();
            List<Path> packs = files("packs");
            store.put(done("shop", V1));
            assertThat(files("packs")).isEqualTo(packs);
            store.tidy();
        }
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments()).containsExactly(done("shop", V1));
        }
    }

    @Test
    void blobsThatNoAssignmentNamesAreDeleted() throws IOException {
        try (AssignmentStore store = packing()) {
            store.put(done("shop", snapshot("a=1")));
            store.put(done("shop", snapshot("a=2")));
            store.tidy();
            assertThat(files("packs")).hasSize(1);
            assertThat(store.retain(Set.of())).containsExactly("shop");
            store.tidy();
            assertThat(files("packs")).isEmpty();
            assertThat(files("assignments")).isEmpty();
            assertThat(store.usage()).isEqualTo(new AssignmentStore.Usage(folder, 0, 0, 0));
        }
    }

    @Test
    void aPackOfWhichLittleLivesIsRewritten() throws IOException {
        Snapshot small = snapshot("a=small");
        try (AssignmentStore store = packing()) {
            store.put(done("big", many(1_000, "v1-")));
            store.put(rollout("big", many(1_000, "v1-"), many(10, "v1-")));
            store.put(done("shop", small));
            store.tidy();
            assertThat(store.usage().packs()).isEqualTo(2);
            long before = store.usage().bytes();

            store.put(done("big", many(10, "v1-")));
            store.tidy();
            assertThat(store.usage().bytes()).isLessThan(before / 10);
            assertThat(files("packs"))
                    .as("the pack that lives whole is left alone, and the manifest has its own")
                    .hasSize(3);
        }
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments()).containsExactly(done("big", many(10, "v1-")), done("shop", small));
        }
    }

    @Test
    void manySmallPacksAreMerged() throws IOException {
        try (AssignmentStore store = packing()) {
            for (int i = 0; i < 300; i++) {
                store.put(done("shop-" + i, snapshot("a=" + i)));
                store.tidy();
            }
            assertThat(files("packs")).hasSizeLessThan(257);
        }
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments()).hasSize(300);
        }
    }

    @Test
    void aBrokenTargetLeavesStableServed() throws IOException {
        try (AssignmentStore store = packing()) {
            store.put(done("shop", V1));
        }
        List<Path> stablePacks = files("packs");
        try (AssignmentStore store = packing()) {
            store.put(rollout("shop", V1, V2));
        }
        for (Path pack : files("packs")) {
            if (!stablePacks.contains(pack)) {
                Files.write(pack, new byte[] {1, 2, 3});
            }
        }
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments())
                    .singleElement()
                    .satisfies(served -> assertThat(served.target()).isEqualTo(V1));
            assertThat(store.holdings()).containsEntry("shop", Set.of(V1.version()));
            assertThat(store.usage().quarantined()).isEqualTo(1);
            store.put(rollout("shop", V1, V2));
        }
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments()).containsExactly(rollout("shop", V1, V2));
        }
    }

    @Test
    void anUnprovenTargetIsNotServedInPlaceOfABrokenStable() throws IOException {
        Snapshot other = snapshot("z=1");
        try (AssignmentStore store = packing()) {
            store.put(done("shop", V1));
        }
        Path stablePack = files("packs").getFirst();
        try (AssignmentStore store = packing()) {
            store.put(rollout("shop", V1, other));
        }
        alter(stablePack, "b=1");
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments()).isEmpty();
            assertThat(store.holdings()).containsEntry("shop", Set.of(other.version()));
        }
    }

    @Test
    void aFileOfAnotherProxyIsSetAside() throws IOException {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(done("shop", V1));
        }
        Files.copy(files("assignments").getFirst(), folder.resolve("assignments/other.assignment"));
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.holdings()).containsOnlyKeys("shop");
            assertThat(store.usage().quarantined()).isEqualTo(1);
        }
    }

    @Test
    void theQuarantineIsBounded() throws IOException {
        for (int i = 0; i < Quarantine.KEPT + 5; i++) {
            Files.createDirectories(folder.resolve("packs"));
            Files.writeString(folder.resolve("packs/" + i + ".pack"), "nonsense");
            AssignmentStore.open(folder).close();
        }
        assertThat(files("quarantine")).hasSize(Quarantine.KEPT);
        assertThat(files("quarantine").getLast().getFileName()).hasToString("000021-20.pack");
    }

    @Test
    void theQuarantineIsBoundedInBytes() throws IOException {
        Quarantine quarantine = new Quarantine(folder.resolve("quarantine"), Disk.REAL, 100);
        for (int i = 0; i < 3; i++) {
            quarantine.add(Files.writeString(folder.resolve(i + ".pack"), "x".repeat(40)), "nonsense");
        }
        assertThat(files("quarantine"))
                .extracting(Path::getFileName)
                .extracting(Path::toString)
                .containsExactly("000002-1.pack", "000003-2.pack");
        assertThat(quarantine.bytes()).isEqualTo(80);
    }

    @Test
    void aDamagedBlobCostsOnlyTheProxiesThatNameIt() throws IOException {
        try (AssignmentStore store = packing()) {
            store.put(done("shop", many(20, "v1-")));
            store.put(done("blog", many(10, "v1-")));
        }
        Path pack = files("packs").stream()
                .max(Comparator.comparingLong(file -> file.toFile().length()))
                .orElseThrow();
        byte[] content = alter(pack, "v1-15");
        for (int start = 0; start < 2; start++) {
            try (AssignmentStore store = packing()) {
                assertThat(store.assignments()).containsExactly(done("blog", many(10, "v1-")));
                assertThat(store.usage().quarantined()).isEqualTo(1);
                assertThat(files("packs")).as("what is whole of it").hasSize(2).doesNotContain(pack);
            }
        }
        assertThat(files("quarantine").getFirst()).hasBinaryContent(content);
    }

    @Test
    void anAssignmentThatCannotBeReadStaysAndKeepsItsBlobs() throws IOException {
        whatCannotBeReadComesBack("assignments");
    }

    @Test
    void aPackThatCannotBeReadStays() throws IOException {
        whatCannotBeReadComesBack("packs");
    }

    private void whatCannotBeReadComesBack(String kind) throws IOException {
        try (AssignmentStore store = packing()) {
            store.put(done("shop", many(20, "v1-")));
            store.put(rollout("shop", many(20, "v1-"), many(20, "v2-")));
        }
        Path file = files(kind).getFirst();
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(file, elsewhere);
        // A folder can't be read as a file, not even by root.
        Files.createDirectory(file);
        try (AssignmentStore store = packing()) {
            assertThat(store.holdings().getOrDefault("shop", Set.of())).hasSizeLessThan(2);
            assertThat(store.problem())
                    .hasValueSatisfying(problem -> assertThat(problem)
                            .contains("1 files cannot be read")
                            .contains(file.toString()));
            assertThat(store.usage().quarantined()).isZero();
            store.tidy();
        }
        Files.delete(file);
        Files.move(elsewhere, file);
        try (AssignmentStore store = packing()) {
            assertThat(store.assignments()).containsExactly(rollout("shop", many(20, "v1-"), many(20, "v2-")));
            assertThat(store.problem()).isEmpty();
        }
    }

    @Test
    void aFullDiskHindersNoStart() throws IOException {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(done("shop", V1));
            store.put(done("shop", V2));
        }
        Files.writeString(folder.resolve("assignments/blog.assignment.tmp"), "begun");
        Files.writeString(folder.resolve("assignments/blog.assignment"), "corrupt");
        FailingDisk disk = new FailingDisk(FailingDisk.Failure.FULL, 0);
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            assertThat(store.assignments()).containsExactly(done("shop", V2));
            assertThat(store.problem())
                    .hasValueSatisfying(problem -> assertThat(problem).contains("No space left on device"));
            disk.heal();
            store.tidy();
            assertThat(store.problem()).isEmpty();
        }
    }

    @Test
    void whatIsInAReadOnlyFolderIsServed() throws IOException {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(done("shop", V1));
        }
        makeUnlockable();
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).containsExactly(done("shop", V1));
            assertThat(store.problem())
                    .hasValueSatisfying(problem -> assertThat(problem).contains(folder + " cannot be used: "));
            assertThatThrownBy(() -> store.put(done("shop", V2)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("make it writable");
            assertThatThrownBy(() -> store.retain(Set.of())).isInstanceOf(UncheckedIOException.class);
            store.tidy();
            assertThat(store.assignments()).containsExactly(done("shop", V1));
        }
    }

    @Test
    void aReadOnlyFolderWithoutConfigHoldsNothingAndTakesNothing() throws IOException {
        makeUnlockable();

        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.assignments()).isEmpty();
            assertThat(store.problem())
                    .hasValueSatisfying(problem -> assertThat(problem).contains(folder + " cannot be used: "));
            assertThatThrownBy(() -> store.put(done("shop", V1))).isInstanceOf(UncheckedIOException.class);
            assertThat(store.retain(Set.of())).isEmpty();
            store.tidy();
        }
    }

    /** As on a read-only volume, but for root too: the lock cannot be opened to be written. */
    private void makeUnlockable() throws IOException {
        Files.deleteIfExists(folder.resolve("lock"));
        Files.createDirectory(folder.resolve("lock"));
    }

    @Test
    void aFolderHasOneWriter() {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThatThrownBy(() -> AssignmentStore.open(folder))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("is in use by another process (pid "
                            + ProcessHandle.current().pid());
            store.put(done("shop", V1));
        }
        AssignmentStore.open(folder).close();
    }

    @Test
    void aFolderThatIsAFileIsExplained() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> AssignmentStore.open(file)).hasMessageEndingWith("file is no folder");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../etc/passwd",
                "/etc/passwd",
                "..",
                ".",
                "",
                "a/b",
                "Shop",
                "shop.",
                "sh\u0000op",
                "shop\n",
                "ünïcode",
                "~73686f70",
                "shop"
            })
    void noClusterIdLeavesTheFolder(String clusterId) throws IOException {
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            store.put(done(clusterId, V1));
            store.put(done(clusterId + "x".repeat(300), V1));
            assertThat(files("assignments")).hasSize(2);
        }
        try (AssignmentStore store = AssignmentStore.open(folder)) {
            assertThat(store.holdings()).containsOnlyKeys(clusterId, clusterId + "x".repeat(300));
        }
    }

    /** Alters the first byte of this text in a file. */
    private static byte[] alter(Path file, String text) throws IOException {
        byte[] content = Files.readAllBytes(file);
        content[new String(content, StandardCharsets.ISO_8859_1).indexOf(text)]++;
        Files.write(file, content);
        return content;
    }

    /** A store whose blobs are all in packs, however few. */
    private AssignmentStore packing() {
        return AssignmentStore.open(folder, Disk.REAL, 0);
    }

    private List<Path> files(String name) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(name))) {
            return files.sorted(Comparator.naturalOrder()).toList();
        }
    }
}
