package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.first;
import static dev.mpg.proxy.Configs.rollout;
import static dev.mpg.proxy.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.proxy.FailingDisk.Failure;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.telemetry.Tracing;
import dev.mpg.xds.XdsServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.sdk.trace.data.EventData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    private final Tracing tracing = Tracing.start("mpg-proxy", "default-0", 1, new SimpleMeterRegistry());
    private FailingDisk disk;
    private AssignmentStore store;
    private XdsServer xds;
    private ServingSink sink;

    @BeforeEach
    void open() {
        disk = new FailingDisk(Failure.FULL, Integer.MAX_VALUE);
        store = AssignmentStore.open(folder, disk);
        xds = new XdsServer(new SimpleMeterRegistry(), clusterId -> {});
        sink = new ServingSink(store, xds, served::add, Runnable::run, tracing.tracer());
    }

    @AfterEach
    void close() {
        store.close();
        tracing.close();
    }

    @Test
    void whatIsAssignedIsServedOnceItIsOnDisk() {
        sink.assign(first("shop", V1));
        assertThat(xds.clusters()).containsExactly("shop");
        assertThat(served).containsExactly("shop");
        assertThat(store.assignments()).containsExactly(first("shop", V1));
    }

    @Test
    void otherLiveDataDoesNotWaitForTheDisk() {
        sink.assign(done("shop", V1));
        disk.fill();
        Assignment moved = done("shop", V1).withLive(snapshot("pods=2"));
        assertThat(sink.assign(moved)).isPresent();
        assertThat(served).containsExactly("shop", "shop");
        assertThat(sink.live("shop")).isEqualTo(snapshot("pods=2"));
        assertThat(sink.holdings())
                .containsEntry("shop", Set.of(V1.version(), snapshot("pods=2").version()));
        disk.heal();
        assertThat(sink.assign(moved)).isEmpty();
        assertThat(served).as("it was served already").containsExactly("shop", "shop");
        restart();
        assertThat(sink.live("shop")).isEqualTo(snapshot("pods=2"));
    }

    @Test
    void anAssignmentOfATracedChangeIsASpanOfIt() {
        String change = "4bf92f3577b34da6a3ce929d0e0e4736";
        String traceparent = "00-" + change + "-00f067aa0ba902b7-01";
        Assignment traced = new Assignment(
                "shop", Optional.of(V1), V2, new Cohort(1, List.of("gw-0")), List.of("gw-0"), traceparent);
        sink.assign(traced);
        sink.assign(traced.withLive(snapshot("pods=2")));
        disk.fill();
        sink.assign(new Assignment("shop", Optional.of(V2), V2, Cohort.NONE, List.of("gw-0"), traceparent));
        sink.assign(done("shop", V1));

        assertThat(tracing.recent(change))
                .satisfiesExactly(
                        first -> {
                            assertThat(first.getName()).isEqualTo("proxy.apply");
                            assertThat(first.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
                            assertThat(first.getEvents())
                                    .extracting(EventData::getName)
                                    .containsExactly("on disk");
                        },
                        second ->
                                assertThat(second.getStatus().getDescription()).contains("is served from memory only"));
    }

    @Test
    void theSameAgainIsNoSpan() {
        String change = "4bf92f3577b34da6a3ce929d0e0e4736";
        Assignment done = new Assignment(
                "shop", Optional.of(V2), V2, Cohort.NONE, List.of("gw-0"), "00-" + change + "-00f067aa0ba902b7-01");
        sink.assign(done);
        restart();
        sink.assign(done);
        assertThat(tracing.recent(change)).hasSize(1);
    }

    @Test
    void whatIsOnDiskIsServedFromTheStart() {
        store.put(done("shop", V1));
        sink.serveHeld();
        assertThat(xds.clusters()).containsExactly("shop");
        assertThat(served).containsExactly("shop");
    }

    @Test
    void whatCannotBeKeptIsServedFromMemory() {
        sink.assign(done("shop", V1));
        disk.fill();
        Assignment rollout = rollout("shop", V1, V2);
        assertThat(sink.assign(rollout))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .contains(
                                "version " + V2 + " is served from memory only: it is lost when this instance restarts",
                                "which then serves version " + V1 + " from its disk",
                                "No space left on device"));
        assertThat(sink.assignments()).containsExactly(rollout);
        assertThat(sink.assignment("shop")).contains(rollout);
        assertThat(sink.holdings()).containsEntry("shop", Set.of(V1.version(), V2.version()));
        assertThat(sink.snapshot("shop", V2.version())).contains(V2);
        assertThat(served).as("served once each").containsExactly("shop", "shop");
        assertThat(store.assignments()).containsExactly(done("shop", V1));
        assertThat(sink.diskError())
                .hasValueSatisfying(error -> assertThat(error).contains("No space left on device"));

        assertThat(sink.assign(rollout)).as("offered again").isPresent();
        disk.heal();
        assertThat(sink.assign(rollout)).isEmpty();
        assertThat(store.assignments()).containsExactly(rollout);
        assertThat(sink.diskError()).isEmpty();
        assertThat(sink.unsaved("shop")).isEmpty();
        assertThat(served).containsExactly("shop", "shop");
    }

    @Test
    void whatIsInMemoryOnlyIsForgottenWhenItIsPlacedElsewhere() {
        disk.fill();
        assertThat(sink.assign(first("shop", V1)))
                .hasValueSatisfying(reason -> assertThat(reason).contains("which then serves nothing of this Proxy"));
        sink.retain(Set.of());
        assertThat(xds.clusters()).isEmpty();
        assertThat(sink.assignments()).isEmpty();
        assertThat(sink.holdings()).isEmpty();
        assertThat(sink.unsaved()).isZero();
    }

    private static GatewayReport refusal(String gateway) {
        return new GatewayReport(
                gateway,
                GatewayReport.State.REJECTED,
                V2.version(),
                List.of(new GatewayReport.Refusal("type.googleapis.com/Cluster", "no", List.of("a"))));
    }

    private void restart() {
        store.close();
        open();
        sink.serveHeld();
    }

    private static Assignment wave(int wave) {
        return new Assignment("shop", Optional.of(V1), V2, new Cohort(wave, List.of("gw-0", "gw-1")), List.of(), "");
    }

    @Test
    void whatWasRefusedOutlivesTheProcess() {
        sink.assign(wave(1));
        xds.recall("shop", List.of(refusal("gw-0")));
        assertThat(sink.gateways("shop")).isEmpty();
        assertThat(sink.putBack(wave(1))).containsExactly("gw-0");
        disk.steps().clear();
        assertThat(sink.gateways("shop")).isEmpty();
        assertThat(disk.steps()).as("what is known is not written again").isEmpty();

        restart();
        assertThat(xds.refused("shop")).containsExactly(refusal("gw-0"));
        assertThat(sink.putBack(wave(1))).containsExactly("gw-0");
    }

    @Test
    void whatWasRefusedOutlivesAnAssignmentWithoutATrial() {
        sink.assign(wave(1));
        xds.recall("shop", List.of(refusal("gw-0")));
        sink.gateways("shop");
        sink.assign(done("shop", V1));
        restart();
        assertThat(sink.putBack(done("shop", V1))).isEmpty();
        sink.assign(wave(1));
        assertThat(xds.refused("shop")).containsExactly(refusal("gw-0"));
    }

    @Test
    void anotherWaveAsksAgainAndDropsTheMark() {
        sink.assign(wave(1));
        xds.recall("shop", List.of(refusal("gw-0")));
        sink.gateways("shop");
        sink.assign(wave(2));
        assertThat(xds.refused("shop")).isEmpty();
        assertThat(folder.resolve("marks")).isEmptyDirectory();
        restart();
        assertThat(xds.refused("shop")).isEmpty();
    }

    @Test
    void aMarkLivesAsLongAsItsWaveIsTheOneOnDisk() {
        sink.assign(wave(1));
        xds.recall("shop", List.of(refusal("gw-0")));
        sink.gateways("shop");
        disk.fill();
        sink.assign(wave(2));
        assertThat(xds.refused("shop")).isEmpty();
        disk.heal();
        xds.recall("shop", List.of(refusal("gw-1")));
        sink.gateways("shop");

        restart();
        assertThat(sink.assignments()).containsExactly(wave(1));
        assertThat(xds.refused("shop")).containsExactly(refusal("gw-0"));
        sink.assign(wave(2));
        assertThat(xds.refused("shop")).containsExactly(refusal("gw-1"));
    }

    @Test
    void marksOfProxiesThatArePlacedElsewhereAreDeleted() {
        sink.assign(wave(1));
        xds.recall("shop", List.of(refusal("gw-0")));
        sink.gateways("shop");
        assertThat(folder.resolve("marks")).isNotEmptyDirectory();
        sink.retain(Set.of());
        assertThat(folder.resolve("marks")).isEmptyDirectory();
    }

    @Test
    void aMarkThatCannotBeWrittenHoldsNothingUpAndIsWrittenLater() {
        sink.assign(wave(1));
        xds.recall("shop", List.of(refusal("gw-0")));
        disk.fill();
        assertThat(sink.gateways("shop")).isEmpty();
        assertThat(sink.diskError())
                .hasValueSatisfying(error -> assertThat(error)
                        .contains("what gateways refused of Proxy shop is in memory only", "No space left on device"));
        disk.heal();
        sink.gateways("shop");
        assertThat(sink.diskError()).isEmpty();
        restart();
        assertThat(xds.refused("shop")).containsExactly(refusal("gw-0"));
    }

    @Test
    void nobodyWaitsForTidying() {
        List<Runnable> later = new ArrayList<>();
        ServingSink patient = new ServingSink(store, xds, served::add, later::add, tracing.tracer());
        disk.fill();
        assertThat(patient.assign(first("shop", V1))).isPresent();
        disk.heal();
        patient.assign(first("shop", V1));
        assertThat(xds.clusters()).containsExactly("shop");
        assertThat(later).hasSize(1);
        assertThat(patient.diskError()).as("the tidying that failed").isPresent();
        later.getFirst().run();
        assertThat(patient.diskError()).isEmpty();
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
