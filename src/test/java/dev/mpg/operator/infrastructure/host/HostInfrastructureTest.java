package dev.mpg.operator.infrastructure.host;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import dev.mpg.operator.infrastructure.Infrastructure.ChangeListener;
import dev.mpg.operator.infrastructure.Infrastructure.Fleet;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.testing.Programs;
import io.github.resilience4j.core.IntervalFunction;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real processes: {@code sh} in the part of proxy instances, and a real Envoy. */
class HostInfrastructureTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    /** Networks of this test's own, because others may be at work on this machine. */
    private static final String INSTANCES = "127.181";

    private static final String GATEWAYS = "127.182";

    /** Lasts until it is ended. */
    private static final InstanceCommand LASTING = shell("exec sleep 1000");

    private static final InstanceCommand CRASHING_ONCE =
            shell("if [ ! -e data/once ]; then touch data/once; echo once; exit 3; fi; exec sleep 1000");

    @TempDir
    private Path state;

    private Duration ranWell = Supervision.RAN_WELL;

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final List<Integer> crashesInARow = new CopyOnWriteArrayList<>();
    private final Set<String> changed = ConcurrentHashMap.newKeySet();
    private final List<HostInfrastructure> opened = new ArrayList<>();
    private final List<ProcessHandle> strangers = new ArrayList<>();

    @AfterEach
    void endEverything() throws IOException {
        opened.forEach(HostInfrastructure::close);
        try (HostInfrastructure _ = open(LASTING)) {
            // Takes over and ends what was left running.
        }
        strangers.forEach(ProcessHandle::destroyForcibly);
    }

    // Instances

    @Test
    void runsEachInstanceOnAnAddressOfItsOwn() throws IOException {
        HostInfrastructure infrastructure = open(instance -> List.of(
                "sh",
                "-c",
                "echo $0 $@; exec sleep 1000",
                instance.name(),
                instance.xds().toString(),
                instance.debug().toString(),
                instance.data().toString()));
        List<Workload> asked = infrastructure.ensurePool("default", 2);
        assertThat(asked).extracting(Workload::name).containsExactly("default-0", "default-1");
        assertThat(asked)
                .extracting(Workload::host)
                .doesNotHaveDuplicates()
                .allMatch(host -> host.startsWith(INSTANCES));
        assertThat(asked).allMatch(workload -> workload.failure() == null);

        List<Workload> running = awaitPool(infrastructure, 2);
        for (Workload workload : running) {
            assertThat(workload.ports()).containsEntry("xds", 18000).containsEntry("debug", 18001);
            ProcessFolder folder = instanceFolder(workload.name());
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(folder.log().file())
                            .hasContent("%s %s:18000 %s:18001 %s"
                                    .formatted(workload.name(), workload.host(), workload.host(), folder.data())));
            assertThat(folder.data()).isDirectory();
        }
        assertThat(changed).contains("pool default");
    }

    @Test
    void startsAnInstanceAgainWhereItWasWhenItIsKilled() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        Workload before = awaitPool(infrastructure, 1).getFirst();
        ProcessHandle killed = process("default-0");
        killed.destroyForcibly();
        ProcessHandle after = awaitAnother("default-0", killed);
        assertThat(after.isAlive()).isTrue();
        assertThat(awaitPool(infrastructure, 1).getFirst().host()).isEqualTo(before.host());
    }

    @Test
    void waitsLongerAfterEachCrashAndTellsWhy() throws IOException {
        HostInfrastructure infrastructure =
                open(shell("echo it cannot; echo 127.181.0.1:18000: Address already in use; exit 3"));
        infrastructure.ensurePool("default", 1);
        await().atMost(SOON).untilAsserted(() -> assertThat(crashesInARow).startsWith(1, 2, 3, 4));
        await().atMost(SOON)
                .until(
                        () -> infrastructure.ensurePool("default", 1).getFirst(),
                        workload -> !workload.running()
                                && requireNonNull(workload.failure())
                                        .startsWith("ended with status 3: 127.181.0.1:18000 is in use")
                                && workload.failure().contains("it cannot"));
    }

    @Test
    void aCrashAfterALongRunIsNoCrashLoop() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 1);
        ProcessHandle first = process("default-0");
        first.destroyForcibly();
        ProcessHandle second = awaitAnother("default-0", first);
        second.destroyForcibly();
        ProcessHandle third = awaitAnother("default-0", second);
        now.updateAndGet(instant -> instant.plus(Supervision.RAN_WELL));
        third.destroyForcibly();
        awaitAnother("default-0", third);
        assertThat(crashesInARow).containsExactly(1, 2, 1);
    }

    @Test
    void tellsOfACrashWhileItRunsAgain() throws IOException {
        HostInfrastructure infrastructure = open(CRASHING_ONCE);
        List<Workload> running = awaitPool(infrastructure, 1);
        assertThat(crashesInARow).containsExactly(1);
        assertThat(running).extracting(Workload::failure).containsExactly("ended with status 3; last said:\nonce");
    }

    @Test
    void forgetsACrashOnceItHasRunWell() throws IOException {
        ranWell = Duration.ofMillis(100);
        HostInfrastructure infrastructure = open(CRASHING_ONCE);
        infrastructure.ensurePool("default", 1);
        await().atMost(SOON).until(() -> !crashesInARow.isEmpty());
        await().atMost(SOON)
                .until(
                        () -> infrastructure.ensurePool("default", 1).getFirst(),
                        workload -> workload.running() && workload.failure() == null);
    }

    @Test
    void tellsThatAProgramIsMissing() throws IOException {
        HostInfrastructure infrastructure = open(_ -> List.of("/no/such/program"));
        infrastructure.ensurePool("default", 1);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(infrastructure
                                .ensurePool("default", 1)
                                .getFirst()
                                .failure())
                        .contains("/no/such/program"));
    }

    @Test
    void asksForTheSameChangeNothing() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 1);
        ProcessHandle process = process("default-0");
        for (int time = 0; time < 10; time++) {
            infrastructure.ensurePool("default", 1);
        }
        awaitPool(infrastructure, 2);
        assertThat(process("default-0")).isEqualTo(process);
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void aSmallerPoolLosesItsHighestOrdinals() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 3);
        ProcessHandle first = process("default-0");
        ProcessHandle last = process("default-2");
        assertThat(infrastructure.ensurePool("default", 1)).hasSize(1);
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(last.isAlive()).isFalse();
            assertThat(instanceFolder("default-1").path()).doesNotExist();
            assertThat(instanceFolder("default-2").path()).doesNotExist();
        });
        assertThat(first.isAlive()).isTrue();
    }

    @Test
    void aRemovedPoolLeavesNothing() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 2);
        ProcessHandle process = process("default-0");
        Files.writeString(instanceFolder("default-0").data().resolve("kept"), "data");
        assertThat(infrastructure.pools()).containsExactly("default");
        changed.clear();

        infrastructure.removePool("default");
        await().atMost(SOON).until(() -> infrastructure.pools().isEmpty());
        assertThat(process.isAlive()).isFalse();
        assertThat(state.resolve("processes/instances")).isEmptyDirectory();
        assertThat(changed).contains("pool default");

        infrastructure.removePool("default");
        assertThat(infrastructure.pools()).isEmpty();
    }

    @Test
    void aPoolThatIsRemovedAndWantedAgainStartsAfresh() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 1);
        ProcessHandle before = process("default-0");
        Path kept = Files.writeString(instanceFolder("default-0").data().resolve("kept"), "data");
        infrastructure.removePool("default");
        infrastructure.ensurePool("default", 1);
        awaitAnother("default-0", before);
        awaitPool(infrastructure, 1);
        assertThat(kept).doesNotExist();
        assertThat(before.isAlive()).isFalse();
    }

    @Test
    void movesWhenSomeoneElseTookTheAddress() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        Workload before = awaitPool(infrastructure, 1).getFirst();
        try (ServerSocket _ = new ServerSocket(18000, 1, InetAddress.ofLiteral(requireNonNull(before.host())))) {
            ProcessHandle killed = process("default-0");
            killed.destroyForcibly();
            awaitAnother("default-0", killed);
            assertThat(awaitPool(infrastructure, 1).getFirst().host())
                    .startsWith(INSTANCES)
                    .isNotEqualTo(before.host());
        }
    }

    // The next operator

    @Test
    void endsEverythingWhenItCloses() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 3);
        List<ProcessHandle> processes = List.of(process("default-0"), process("default-1"), process("default-2"));
        infrastructure.close();
        assertThat(processes).noneMatch(ProcessHandle::isAlive);
        assertThatIllegalStateException().isThrownBy(() -> infrastructure.ensurePool("default", 1));
    }

    @Test
    void endsNothingWhenItIsReleased() throws IOException {
        HostInfrastructure first = open(LASTING);
        awaitPool(first, 1);
        ProcessHandle process = process("default-0");
        first.release();
        first.close();
        assertThat(process.isAlive()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> first.ensurePool("default", 1));

        HostInfrastructure second = open(LASTING);
        awaitPool(second, 1);
        assertThat(process("default-0")).isEqualTo(process);
        second.close();
        second.release();
        assertThat(process.isAlive()).isFalse();
    }

    @Test
    void startsNothingMoreOnceItCloses() throws IOException, InterruptedException {
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch closing = new CountDownLatch(1);
        HostInfrastructure infrastructure = open(instance -> {
            first.countDown();
            awaitUninterrupted(closing);
            return List.of("sleep", "1000");
        });
        infrastructure.ensurePool("default", 60);
        awaitUninterrupted(first);
        Thread closer = Thread.ofPlatform().start(infrastructure::close);
        await().atMost(SOON).until(() -> closer.getState() == Thread.State.TIMED_WAITING);
        closing.countDown();
        closer.join();

        try (Stream<Path> files = Files.walk(state.resolve("processes"))) {
            assertThat(files).as("each start is written down").noneMatch(file -> file.endsWith("process.json"));
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            assertThat(latch.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void insistsWhenAProcessDoesNotEnd() throws IOException {
        HostInfrastructure infrastructure = open(shell("trap '' TERM; echo deaf; while :; do sleep 0.1; done"));
        awaitPool(infrastructure, 2);
        ProcessHandle first = awaitDeaf("default-0");
        ProcessHandle second = awaitDeaf("default-1");
        infrastructure.ensurePool("default", 1);
        await().atMost(SOON).until(() -> !second.isAlive());
        infrastructure.close();
        assertThat(first.isAlive()).isFalse();
    }

    private ProcessHandle awaitDeaf(String instance) throws IOException {
        ProcessLog log = instanceFolder(instance).log();
        await().atMost(SOON).until(() -> log.size() > 0);
        return process(instance);
    }

    @Test
    void aNextOperatorTakesOverWhatRuns() throws IOException {
        HostInfrastructure first = openKeeping(LASTING);
        Workload before = awaitPool(first, 1).getFirst();
        ProcessHandle process = process("default-0");
        first.close();
        assertThat(process.isAlive()).isTrue();

        HostInfrastructure second = openKeeping(LASTING);
        assertThat(second.pools()).containsExactly("default");
        assertThat(second.ensurePool("default", 1)).containsExactly(before);
        assertThat(awaitPool(second, 2).getFirst()).isEqualTo(before);
        assertThat(process.isAlive()).isTrue();
        assertThat(process("default-0")).isEqualTo(process);

        process.destroyForcibly();
        awaitAnother("default-0", process);
        assertThat(awaitPool(second, 2).getFirst().host()).isEqualTo(before.host());
    }

    @Test
    void aNextOperatorReplacesWhatShouldBeAnother() throws IOException {
        HostInfrastructure first = openKeeping(LASTING);
        Workload before = awaitPool(first, 1).getFirst();
        ProcessHandle process = process("default-0");
        first.close();

        HostInfrastructure second = openKeeping(shell("exec sleep 2000"));
        second.ensurePool("default", 1);
        awaitAnother("default-0", process);
        assertThat(process.isAlive()).isFalse();
        assertThat(awaitPool(second, 1).getFirst()).isEqualTo(before);
        assertThat(crashesInARow).isEmpty();
    }

    @Test
    void aNextOperatorStartsWhatEndedMeanwhileWhenAsked() throws IOException {
        HostInfrastructure first = open(LASTING);
        Workload before = awaitPool(first, 1).getFirst();
        first.close();

        HostInfrastructure second = open(LASTING);
        assertThat(second.pools()).containsExactly("default");
        assertThat(awaitPool(second, 1).getFirst()).isEqualTo(before);
    }

    @Test
    void aNextOperatorCanRemoveWhatNobodyAsksFor() throws IOException {
        HostInfrastructure first = openKeeping(LASTING);
        awaitPool(first, 1);
        ProcessHandle process = process("default-0");
        first.close();

        HostInfrastructure second = open(LASTING);
        second.removePool("default");
        await().atMost(SOON).until(() -> second.pools().isEmpty());
        assertThat(process.isAlive()).isFalse();
    }

    @Test
    void sparesAStrangerWhoGotTheProcessId() throws IOException {
        HostInfrastructure first = open(LASTING);
        awaitPool(first, 1);
        ProcessRecord record = record("default-0").orElseThrow();
        first.close();
        ProcessHandle stranger = stranger(state, "sleep", "1000");
        instanceFolder("default-0")
                .writeRecord(new ProcessRecord(
                        record.owner(),
                        record.name(),
                        stranger.pid(),
                        record.started(),
                        record.startedAt(),
                        record.address(),
                        "another",
                        record.logStart(),
                        record.command()));

        HostInfrastructure second = open(LASTING);
        awaitPool(second, 1);
        second.removePool("default");
        await().atMost(SOON).until(() -> second.pools().isEmpty());
        second.close();
        assertThat(stranger.isAlive()).isTrue();
    }

    @Test
    void endsWhatNobodyHadTimeToWriteDown() throws IOException {
        InstanceCommand withChild = instance -> List.of(
                "sh",
                "-c",
                ": > $0/file; trap 'kill $!' TERM; tail -f $0/file & wait",
                instance.data().toString());
        HostInfrastructure first = open(withChild);
        awaitPool(first, 3);
        ProcessHandle written = process("default-0");
        ProcessHandle child = awaitChild(written);
        ProcessHandle unwritten = process("default-1");
        ProcessHandle childOfUnwritten = awaitChild(unwritten);
        ProcessHandle unreadable = process("default-2");
        awaitChild(unreadable);
        first.release();
        ProcessFolder folder = instanceFolder("default-1");
        Files.delete(folder.file("process.json"));
        Files.writeString(instanceFolder("default-2").file("process.json"), "{");
        ProcessHandle reader = stranger(folder.path(), "sleep", "1000");
        ProcessHandle follower =
                stranger(state, "tail", "-f", folder.log().file().toString());

        HostInfrastructure second = open(withChild);
        assertThat(List.of(written, child, reader, follower)).allMatch(ProcessHandle::isAlive);
        assertThat(List.of(unwritten, childOfUnwritten, unreadable)).noneMatch(ProcessHandle::isAlive);
        awaitPool(second, 3);
    }

    private static ProcessHandle awaitChild(ProcessHandle of) {
        return await().atMost(SOON)
                .until(
                        () -> of.children()
                                .filter(child ->
                                        !child.info().command().equals(of.info().command()))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private ProcessHandle stranger(Path folder, String... command) throws IOException {
        ProcessHandle stranger =
                new ProcessBuilder(command).directory(folder.toFile()).start().toHandle();
        strangers.add(stranger);
        return stranger;
    }

    @Test
    void isNobodyElsesToRead() throws IOException {
        Files.createDirectories(state.resolve("processes"));
        HostInfrastructure infrastructure = open(LASTING);
        awaitPool(infrastructure, 1);
        awaitFleet(infrastructure, fleet(1, "127.181.0.1:18000"));
        MasterAddress.of(state);
        try (Stream<Path> files = Files.walk(state)) {
            assertThat(files.filter(file -> !file.equals(state)))
                    .hasSizeGreaterThan(10)
                    .allSatisfy(file -> {
                        String expected = Files.isDirectory(file) ? "rwx------" : "rw-------";
                        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                .isEqualTo(expected);
                    });
        }
    }

    @Test
    void twoOperatorsDoNotShareAState() throws IOException {
        open(LASTING);
        assertThatIOException().isThrownBy(() -> open(LASTING)).withMessageContaining("another operator is using");
    }

    @Test
    void aRecordThatCannotBeReadStopsNobody() throws IOException {
        HostInfrastructure first = open(LASTING);
        awaitPool(first, 1);
        first.close();
        Files.writeString(instanceFolder("default-0").file("process.json"), "{");
        HostInfrastructure second = open(LASTING);
        assertThat(second.pools()).containsExactly("default");
        awaitPool(second, 1);
    }

    // Gateways

    @Test
    void runsEnvoyThatKnowsWhoItIs() throws IOException, InterruptedException {
        HostInfrastructure infrastructure = open(LASTING);
        List<Workload> fleet = awaitFleet(infrastructure, fleet(2, "127.181.0.1:18000"));
        assertThat(fleet).extracting(Workload::name).containsExactly("shop-0", "shop-1");
        assertThat(fleet).extracting(Workload::host).doesNotHaveDuplicates();
        assertThat(infrastructure.fleets()).containsExactly("eu-west-1");
        assertThat(changed).contains("fleet eu-west-1");
        assertThat(admin(fleet.get(1), "/server_info"))
                .contains("\"id\": \"shop-1\"")
                .contains("\"cluster\": \"eu-west-1\"")
                .contains("\"mpg.dev/bind-address\": \"" + fleet.get(1).host() + "\"");
        assertThat(gatewayFolder("shop-0").log().lastLines(0, 50)).noneMatch(line -> line.contains("[warning][main]"));
    }

    @Test
    void startsEnvoyAgainWhereItWasWhenItIsKilled() throws IOException, InterruptedException {
        HostInfrastructure infrastructure = open(LASTING);
        Fleet fleet = fleet(1, "127.181.0.1:18000");
        Workload before = awaitFleet(infrastructure, fleet).getFirst();
        admin(before, "/server_info");
        ProcessHandle killed = gateway("shop-0");
        killed.destroyForcibly();
        awaitAnother(gatewayFolder("shop-0"), killed);
        assertThat(awaitFleet(infrastructure, fleet).getFirst().host()).isEqualTo(before.host());
        admin(before, "/server_info");
    }

    @Test
    void tellsARunningEnvoyWhichInstancesServeIt() throws IOException, InterruptedException {
        HostInfrastructure infrastructure = open(LASTING);
        Workload gateway =
                awaitFleet(infrastructure, fleet(1, "127.181.0.1:18000")).getFirst();
        admin(gateway, "/server_info");
        ProcessHandle process = gateway("shop-0");
        infrastructure.ensureFleet(fleet(1, "127.181.0.3:18000", "127.181.0.2:18000"));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(admin(gateway, "/clusters"))
                        .contains(
                                "mpg.proxy::127.181.0.3:18000::priority::0",
                                "mpg.proxy::127.181.0.2:18000::priority::1")
                        .doesNotContain("127.181.0.1:18000"));
        assertThat(gateway("shop-0")).isEqualTo(process);
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void withoutInstancesStartsNoEnvoyAndEndsNone() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        assertThat(infrastructure.ensureFleet(fleet(1))).singleElement().satisfies(workload -> {
            assertThat(workload.name()).isEqualTo("shop-0");
            assertThat(workload.running()).isFalse();
            assertThat(workload.host()).isNull();
        });
        assertThat(infrastructure.fleets()).isEmpty();

        awaitFleet(infrastructure, fleet(2, "127.181.0.1:18000"));
        ProcessHandle process = gateway("shop-0");
        assertThat(infrastructure.ensureFleet(fleet(1)))
                .singleElement()
                .satisfies(workload -> assertThat(workload.running()).isTrue());
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(gatewayFolder("shop-1").path()).doesNotExist());
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void aFleetThatGetsAnotherNameLosesTheOldGateways() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        awaitFleet(infrastructure, fleet(1, "127.181.0.1:18000"));
        ProcessHandle before = gateway("shop-0");
        awaitFleet(infrastructure, new Fleet("eu-west-1", "store", 1, List.of("127.181.0.1:18000")));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(gatewayFolder("shop-0").path()).doesNotExist());
        assertThat(before.isAlive()).isFalse();
        infrastructure.removeFleet("eu-west-1");
        await().atMost(SOON).until(() -> infrastructure.fleets().isEmpty());
        assertThat(state.resolve("processes/gateways")).isEmptyDirectory();
    }

    @Test
    void tellsThatEnvoyIsMissing() throws IOException {
        HostInfrastructure infrastructure = new HostInfrastructure(
                new HostSettings(state, state.resolve("no-envoy"), LASTING).withNetworks(INSTANCES, GATEWAYS));
        opened.add(infrastructure);
        Fleet fleet = fleet(1, "127.181.0.1:18000");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                infrastructure.ensureFleet(fleet).getFirst().failure())
                        .contains(state.resolve("no-envoy").toString()));
    }

    @Test
    void refusesAnAddressThatIsNone() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> infrastructure.ensureFleet(fleet(1, "nowhere")))
                .withMessageContaining("'nowhere' is not an address");
    }

    @Test
    void keepsEnvoysAdminPortForItself() throws IOException {
        HostInfrastructure infrastructure = open(LASTING);
        Workload gateway =
                awaitFleet(infrastructure, fleet(1, "127.181.0.1:18000")).getFirst();
        assertThat(infrastructure.reservedPorts())
                .containsExactly(9901)
                .containsExactlyElementsOf(gateway.ports().values());
    }

    private static Fleet fleet(int replicas, String... xdsAddresses) {
        return new Fleet("eu-west-1", "shop", replicas, List.of(xdsAddresses));
    }

    private static InstanceCommand shell(String script) {
        return _ -> List.of("sh", "-c", script);
    }

    private HostInfrastructure open(InstanceCommand command) throws IOException {
        return open(command, false);
    }

    private HostInfrastructure openKeeping(InstanceCommand command) throws IOException {
        return open(command, true);
    }

    private HostInfrastructure open(InstanceCommand command, boolean keepRunning) throws IOException {
        InstantSource clock = now::get;
        IntervalFunction backoff = crashes -> {
            crashesInARow.add(crashes);
            return 1L;
        };
        HostInfrastructure infrastructure = new HostInfrastructure(
                new HostSettings(state, Programs.envoy(), command)
                        .withNetworks(INSTANCES, GATEWAYS)
                        .withKeepRunning(keepRunning),
                new Supervision(
                        Executors.newSingleThreadScheduledExecutor(),
                        clock.withZone(Clock.systemUTC().getZone()),
                        backoff,
                        ranWell));
        infrastructure.onChange(new ChangeListener() {
            @Override
            public void poolChanged(String scheduler) {
                changed.add("pool " + scheduler);
            }

            @Override
            public void fleetChanged(String clusterId) {
                changed.add("fleet " + clusterId);
            }
        });
        opened.add(infrastructure);
        return infrastructure;
    }

    private static List<Workload> awaitPool(HostInfrastructure infrastructure, int instances) {
        return await().atMost(SOON)
                .until(
                        () -> infrastructure.ensurePool("default", instances),
                        workloads -> workloads.stream().allMatch(Workload::running));
    }

    private static List<Workload> awaitFleet(HostInfrastructure infrastructure, Fleet fleet) {
        return await().atMost(SOON)
                .until(
                        () -> infrastructure.ensureFleet(fleet),
                        workloads -> workloads.stream().allMatch(Workload::running));
    }

    private ProcessHandle awaitAnother(String instance, ProcessHandle than) throws IOException {
        return awaitAnother(instanceFolder(instance), than);
    }

    private static ProcessHandle awaitAnother(ProcessFolder folder, ProcessHandle than) {
        return await().atMost(SOON)
                .until(() -> running(folder).filter(process -> !process.equals(than)), Optional::isPresent)
                .orElseThrow();
    }

    private ProcessHandle process(String instance) throws IOException {
        return running(instanceFolder(instance)).orElseThrow();
    }

    private ProcessHandle gateway(String name) throws IOException {
        return running(gatewayFolder(name)).orElseThrow();
    }

    private static Optional<ProcessHandle> running(ProcessFolder folder) throws IOException {
        return folder.readRecord().flatMap(record -> record.identity().find());
    }

    private Optional<ProcessRecord> record(String instance) throws IOException {
        return instanceFolder(instance).readRecord();
    }

    private ProcessFolder instanceFolder(String name) throws IOException {
        return new ProcessFolder(
                state.toRealPath().resolve("processes/instances/default").resolve(name));
    }

    private ProcessFolder gatewayFolder(String name) throws IOException {
        return new ProcessFolder(
                state.toRealPath().resolve("processes/gateways/eu-west-1").resolve(name));
    }

    private static String admin(Workload gateway, String path) throws InterruptedException {
        URI uri = URI.create("http://" + gateway.host() + ":" + gateway.ports().get("admin") + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            return await().atMost(SOON)
                    .ignoreExceptions()
                    .until(
                            () -> client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()),
                            response -> response.statusCode() == 200)
                    .body();
        }
    }
}
