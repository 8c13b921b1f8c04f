package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.first;
import static dev.mpg.proxy.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.proxy.FailingDisk.Failure;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.XdsServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingSinkTest {
    private static final Snapshot V1 = snapshot("a=1");
    private static final Snapshot V2 = snapshot("a=2");

    private final List<String> served = new ArrayList<>();

    @TempDir
    Path folder;

    private FailingDisk disk;
    private AssignmentStore store;
    private XdsServer xds;
    private ServingSink sink;

    @BeforeEach
    void open() {
        disk = new FailingDisk(Failure.FULL, Integer.MAX_VALUE);
        store = AssignmentStore.open(folder, disk);
        xds = new XdsServer(new SimpleMeterRegistry(), clusterId -> {});
        sink = new ServingSink(store, xds, served::add);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void whatIsAssignedIsServedOnceItIsOnDisk() {
        sink.assign(first("shop", V1));
        assertThat(xds.clusters()).containsExactly("shop");
        assertThat(served).containsExactly("shop");
        assertThat(store.assignments()).containsExactly(first("shop", V1));
    }

    @Test
    void whatIsOnDiskIsServedFromTheStart() {
        store.put(done("shop", V1));
        sink.serveHeld();
        assertThat(xds.clusters()).containsExactly("shop");
        assertThat(served).containsExactly("shop");
    }

    @Test
    void whatCannotBeKeptIsNotServed() {
        disk.fill();
        assertThatThrownBy(() -> sink.assign(first("shop", V2))).isInstanceOf(UncheckedIOException.class);
        assertThat(xds.clusters()).isEmpty();
        assertThat(sink.diskError())
                .hasValueSatisfying(error -> assertThat(error).contains("No space left on device"));

        disk.heal();
        sink.assign(first("shop", V2));
        assertThat(xds.clusters()).containsExactly("shop");
        assertThat(sink.diskError()).isEmpty();
    }

    @Test
    void aFailingDiskKeepsNothingServedThatIsPlacedElsewhere() {
        sink.assign(first("shop", V1));
        disk.fill();
        sink.retain(Set.of());
        assertThat(xds.clusters()).isEmpty();
        assertThat(sink.diskError()).isPresent();

        disk.heal();
        sink.retain(Set.of());
        assertThat(store.holdings()).isEmpty();
        assertThat(sink.diskError()).isEmpty();
    }
}
