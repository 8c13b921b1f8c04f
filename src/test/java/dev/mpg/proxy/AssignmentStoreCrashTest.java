package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.first;
import static dev.mpg.proxy.Configs.many;
import static dev.mpg.proxy.Configs.rollout;
import static dev.mpg.proxy.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.proxy.FailingDisk.Failure;
import dev.mpg.proxy.FailingDisk.Killed;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the store holds after its process was killed, the power failed, or the device altered what was written. */
class AssignmentStoreCrashTest {
    private static final Snapshot V1 = snapshot("a=1", "b=1");
    private static final Snapshot V2 = snapshot("a=2", "b=1");

    private interface Operation {
        void on(AssignmentStore store);
    }

    /** Between them they write, replace, forget, delete packs and rewrite them. */
    private static final List<Operation> SCRIPT = List.of(
            store -> store.put(first("shop", V1)),
            store -> store.put(done("shop", V1)),
            store -> store.put(rollout("shop", V1, V2)),
            store -> store.put(first("blog", many(20, "v1-"))),
            AssignmentStore::tidy,
            store -> store.put(done("shop", V2)),
            AssignmentStore::tidy,
            store -> store.put(done("shop", snapshot("a=3"))),
            AssignmentStore::tidy,
            store -> store.put(done("blog", many(4, "v1-"))),
            AssignmentStore::tidy,
            store -> store.put(rollout("shop", V2, V1)),
            store -> store.retain(Set.of("shop")),
            AssignmentStore::tidy);

    @TempDir(factory = RamBacked.class)
    Path root;

    private Path folder;

    @BeforeEach
    void newFolder() throws IOException {
        folder = Files.createTempDirectory(root, "data");
    }

    @ParameterizedTest
    @EnumSource
    void afterAFailureAtAnyStepTheStateIsThatBeforeOrAfterTheChange(Failure failure) throws IOException {
        List<String> steps = everyStepFails(failure, 0);
        assertThat(steps)
                .as("packs are rewritten too")
                .filteredOn(s -> s.endsWith(".pack"))
                .hasSizeGreaterThan(8);
    }

    @ParameterizedTest
    @EnumSource
    void afterAFailureAtAnyStepWithBlobsInAssignmentsToo(Failure failure) throws IOException {
        List<String> steps = everyStepFails(failure, 200);
        assertThat(steps).as("packs are written too").anyMatch(s -> s.endsWith(".pack"));
    }

    private List<String> everyStepFails(Failure failure, int inlineLimit) throws IOException {
        List<List<Assignment>> states = new ArrayList<>();
        FailingDisk healthy = FailingDisk.healthy();
        try (AssignmentStore store = AssignmentStore.open(folder, healthy, inlineLimit)) {
            healthy.steps().clear();
            states.add(store.assignments());
            for (Operation operation : SCRIPT) {
                operation.on(store);
                states.add(store.assignments());
            }
        }
        int steps = healthy.steps().size();
        for (int step = 0; step < steps; step++) {
            newFolder();
            int done = runUntil(failure, step, inlineLimit);
            try (AssignmentStore store = AssignmentStore.open(folder, Disk.REAL, inlineLimit)) {
                assertThat(store.assignments())
                        .as(
                                "after a failure at step %s, %s",
                                step, healthy.steps().get(step))
                        // What a change of an assignment renamed is lost with the power: an older one is there, whole.
                        .isIn(states.subList(failure == Failure.POWER ? 0 : done, done + 2));
                assertThat(store.usage().quarantined()).isZero();
                assertWhole(store);
                SCRIPT.subList(failure == Failure.POWER ? 0 : done, SCRIPT.size())
                        .forEach(operation -> operation.on(store));
                assertThat(store.assignments()).isEqualTo(states.getLast());
            }
            try (AssignmentStore store = AssignmentStore.open(folder, Disk.REAL, inlineLimit)) {
                assertThat(store.assignments()).isEqualTo(states.getLast());
            }
        }
        return healthy.steps();
    }

    /** How many operations were done before one failed. */
    private int runUntil(Failure failure, int step, int inlineLimit) {
        int opening = 2;
        FailingDisk disk = new FailingDisk(failure, opening + step);
        int done = 0;
        try (AssignmentStore store = AssignmentStore.open(folder, disk, inlineLimit)) {
            for (Operation operation : SCRIPT) {
                List<Assignment> before = store.assignments();
                try {
                    operation.on(store);
                } catch (UncheckedIOException e) {
                    assertThat(e)
                            .hasMessageContaining("No space left on device")
                            .hasMessageContaining(folder.toString());
                    assertThat(store.assignments())
                            .as("what is served while the disk fails")
                            .isEqualTo(before);
                    if (failure == Failure.ONCE) {
                        store.tidy();
                    }
                    return done;
                }
                done++;
            }
        } catch (Killed e) {
            return done;
        }
        throw new AssertionError("step " + step + " was not reached");
    }

    @Test
    void aFullDiskIsTriedAgain() {
        FailingDisk disk = new FailingDisk(Failure.FULL, Integer.MAX_VALUE);
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            store.put(done("shop", V1));
            disk.fill();
            assertThatThrownBy(() -> store.put(rollout("shop", V1, V2)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("free space");
            disk.heal();
            store.put(rollout("shop", V1, V2));
            assertThat(store.assignments()).containsExactly(rollout("shop", V1, V2));
        }
    }

    @Test
    void aFileOfUnknownFateIsWrittenAgainAlsoWhenNothingChanges() {
        FailingDisk disk = new FailingDisk(Failure.FULL, Integer.MAX_VALUE);
        try (AssignmentStore store = AssignmentStore.open(folder, disk)) {
            store.put(done("shop", V1));
            disk.fill();
            assertThatThrownBy(() -> store.put(rollout("shop", V1, snapshot("a=1"))))
                    .isInstanceOf(UncheckedIOException.class);
            disk.heal();
            disk.steps().clear();
            store.put(done("shop", V1));
            assertThat(disk.steps()).contains("rename shop.assignment");
        }
    }

    @Test
    void aPackThatCouldNotBeDeletedIsDeletedTheNextTime() throws IOException {
        FailingDisk disk = new FailingDisk(Failure.FULL, Integer.MAX_VALUE);
        try (AssignmentStore store = AssignmentStore.open(folder, disk, 0)) {
            store.put(done("shop", V1));
            store.retain(Set.of());
            long bytes = store.usage().bytes();
            disk.fillAfter(1);
            assertThatThrownBy(store::tidy).isInstanceOf(UncheckedIOException.class);
            assertThat(store.usage().bytes()).isEqualTo(bytes).isPositive();
            disk.heal();
            store.tidy();
            assertThat(store.usage().bytes()).isZero();
        }
        assertThat(folder.resolve("packs")).isEmptyDirectory();
    }

    @Test
    void aFileTornAtAnyByteIsFoundAndReplaced() throws IOException {
        List<Path> files = fill(folder);
        for (Path file : files) {
            byte[] content = Files.readAllBytes(folder.resolve(file));
            for (int length = 0; length < content.length; length++) {
                byte[] torn = new byte[length];
                System.arraycopy(content, 0, torn, 0, length);
                assertFoundAndReplaced(file, torn);
            }
        }
    }

    @Test
    void aFlippedBitAnywhereIsFoundAndReplaced() throws IOException {
        List<Path> files = fill(folder);
        for (Path file : files) {
            byte[] content = Files.readAllBytes(folder.resolve(file));
            for (int at = 0; at < content.length; at++) {
                byte[] flipped = content.clone();
                flipped[at] ^= (byte) (1 << (at % 8));
                assertFoundAndReplaced(file, flipped);
            }
        }
    }

    private static List<Path> fill(Path folder) throws IOException {
        try (AssignmentStore store = AssignmentStore.open(folder, Disk.REAL, 0)) {
            store.put(done("shop", V1));
            store.put(rollout("shop", V1, V2));
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(folder::relativize)
                    .filter(file -> !file.endsWith("lock"))
                    .toList();
        }
    }

    private void assertFoundAndReplaced(Path file, byte[] corrupt) throws IOException {
        Path copy = Files.createTempDirectory(root, "copy");
        fill(copy);
        Files.write(copy.resolve(file), corrupt);
        try (AssignmentStore store = AssignmentStore.open(copy, Disk.REAL, 0)) {
            assertThat(store.usage().quarantined()).as(file.toString()).isEqualTo(1);
            assertWhole(store);
            assertThat(store.holdings().getOrDefault("shop", Set.of())).hasSizeLessThan(2);
            store.put(rollout("shop", V1, V2));
        }
        try (AssignmentStore store = AssignmentStore.open(copy, Disk.REAL, 0)) {
            assertThat(store.assignments()).containsExactly(rollout("shop", V1, V2));
            assertThat(store.usage().quarantined()).isEqualTo(1);
        }
    }

    /** Whatever is held has the bytes that its hashes say. */
    static void assertWhole(AssignmentStore store) {
        store.holdings()
                .forEach((clusterId, versions) -> versions.forEach(version -> {
                    Snapshot snapshot = store.snapshot(clusterId, version).orElseThrow();
                    assertThat(Snapshot.of(snapshot.resources().stream()
                                            .map(resource ->
                                                    Resource.of(resource.type(), resource.name(), resource.bytes()))
                                            .toList())
                                    .version())
                            .isEqualTo(version);
                }));
    }
}
