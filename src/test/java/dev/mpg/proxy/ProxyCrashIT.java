package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.many;
import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Real processes with several proxy instances each, killed by the kernel at random points while versions change and gateways
 * refuse some of them. Each instance begins anew on what its own kill left on a real disk.
 */
class ProxyCrashIT {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyCrashIT.class);

    private static final int PROCESSES = 2;
    private static final int INSTANCES = 8;
    private static final int KILLS = 13;
    /** Longest time for which a process lives on from the moment of which its kill is reckoned. */
    private static final int MAX_MILLIS = 150;

    /** Small ones lie in assignment files, large ones in packs too. */
    private static final int[] SIZES = {3, 3, 3, 3, 40, 40, 3_000, 3_000};

    /** From when on the time of a kill is reckoned. */
    private enum Stage {
        /** The process starts. */
        START,
        /** It serves what it kept. */
        SERVING,
        /** Its instances have their gateways and hold what the Master published. */
        SETTLED,
        /** The Master was told of one of them that a version on trial was refused. */
        REFUSED
    }

    /** How often each is meant. */
    private static final List<Stage> STAGES = List.of(Stage.START, Stage.SERVING, Stage.SETTLED, Stage.REFUSED);

    @TempDir
    Path root;

    private final ScheduledExecutorService killer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        killer.shutdownNow();
    }

    @Test
    void whatIsServedAfterAKillIsWholeAndWasNotRefused() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        LOG.warn("again with -Dseed={}", seed);
        long start = System.nanoTime();
        List<Summary> summaries = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(PROCESSES)) {
            List<Future<Summary>> runs = IntStream.range(0, PROCESSES)
                    .mapToObj(i -> threads.submit(() -> run(new Random(seed + i), root.resolve("process-" + i))))
                    .toList();
            for (Future<Summary> run : runs) {
                summaries.add(run.get());
            }
        }
        Summary all = summaries.stream().reduce(new Summary(), Summary::plus);
        LOG.warn("{} in {} s", all, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        assertThat(all.crashes).isGreaterThanOrEqualTo(200);
        assertThat(all.published).as("assignments").isGreaterThan(100);
        assertThat(all.refused).as("versions that were told refused").isGreaterThan(5);
        assertThat(all.putBack).as("kills with one of them on trial").isPositive();
        assertThat(all.damaged).as("files").isGreaterThan(20);
    }

    /** What happened; so that a test that tests nothing is noticed. */
    private static final class Summary {
        int kills;
        int crashes;
        int published;
        int refused;
        int putBack;
        int damaged;

        Summary plus(Summary other) {
            Summary sum = new Summary();
            sum.kills = kills + other.kills;
            sum.crashes = crashes + other.crashes;
            sum.published = published + other.published;
            sum.refused = refused + other.refused;
            sum.putBack = putBack + other.putBack;
            sum.damaged = damaged + other.damaged;
            return sum;
        }

        @Override
        public String toString() {
            return "%d kills of %d instances in all, %d assignments, %d versions refused, %d kills with one on trial, %d damaged files"
                    .formatted(kills, crashes, published, refused, putBack, damaged);
        }
    }

    private Summary run(Random random, Path folder) throws Exception {
        Summary summary = new Summary();
        Files.createDirectories(folder);
        List<Line> lines = new ArrayList<>();
        try {
            for (int i = 0; i < INSTANCES; i++) {
                lines.add(new Line(folder.resolve("data-" + i), SIZES[i], new Random(random.nextLong()), summary));
            }
            long startMillis = 500;
            for (int i = 0; i < KILLS; i++) {
                long begin = System.nanoTime();
                Process process = startProcess(lines, folder.resolve("log"));
                try (BufferedReader output = process.inputReader()) {
                    Stage stage = STAGES.get(i % STAGES.size());
                    if (stage == Stage.START) {
                        killLater(process, startMillis / 2 + random.nextLong(startMillis));
                    }
                    long millis = random.nextLong(MAX_MILLIS);
                    String ports = output.readLine();
                    if (ports != null) {
                        if (stage == Stage.SERVING) {
                            startMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
                            killLater(process, millis);
                        }
                        live(lines, ports, process, stage, () -> killLater(process, millis));
                    }
                    process.waitFor();
                    assertThat(process.exitValue())
                            .as(() -> "killed, not failed: " + read(folder.resolve("log")))
                            .isEqualTo(128 + 9);
                } finally {
                    process.destroyForcibly();
                }
                summary.kills++;
                for (Line line : lines) {
                    line.checkAfterKill();
                }
            }
        } finally {
            lines.forEach(Line::close);
        }
        return summary;
    }

    /** Looks often: else most of the time would go into waiting for the next look. */
    private static ConditionFactory soon() {
        return await().pollDelay(Duration.ZERO).pollInterval(2, TimeUnit.MILLISECONDS);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private void killLater(Process process, long millis) {
        var _ = killer.schedule(process::destroyForcibly, millis, TimeUnit.MILLISECONDS);
    }

    private static Process startProcess(List<Line> lines, Path log) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dlogback.configurationFile=logback.xml",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                ManyProxies.class.getName()));
        lines.forEach(line -> command.addAll(List.of(line.master.address(), line.folder.toString())));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
        builder.environment().put("MPG_LOG_LEVEL", "OFF");
        return builder.start();
    }

    /** Publishes and listens until the process is killed; does that itself at the stages which it brings about. */
    private static void live(List<Line> lines, String ports, Process process, Stage stage, Runnable killLater) {
        int[] port = Arrays.stream(ports.strip().split(" "))
                .mapToInt(Integer::parseInt)
                .toArray();
        try {
            for (int i = 0; i < lines.size(); i++) {
                lines.get(i).connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port[i]));
            }
            soon().until(() -> !process.isAlive() || lines.stream().allMatch(Line::isSettled));
            if (stage == Stage.SETTLED) {
                killLater.run();
            }
            while (process.isAlive()) {
                if (stage == Stage.REFUSED && lines.stream().anyMatch(Line::hasRefusedTarget)) {
                    process.destroyForcibly();
                    return;
                }
                for (Line line : lines) {
                    line.next();
                }
                // The next as soon as one of them is held, so that kills come at every stage of the others.
                soon().until(() -> !process.isAlive() || lines.stream().anyMatch(Line::isSettled));
            }
        } finally {
            lines.forEach(Line::disconnect);
        }
    }

    /** One instance: its Master, its disk, two gateways of the cohort, and what is known of it. */
    private static final class Line implements AutoCloseable {
        private static final String BAD = "bad";

        final TestMaster master;
        final Path folder;
        private final int size;
        private final Random random;
        private final Summary summary;
        private final List<Assignment> published = new ArrayList<>();
        /** That gateways refused, as the Master was told. */
        private final Set<ContentHash> toldRefused = new HashSet<>();

        private final List<TestGateway> gateways = new ArrayList<>();
        private Snapshot stable;
        private int wave;
        private int salt;
        private int copies;
        /** Number of the last assignment that the Master was told is held. */
        private int held = -1;

        Line(Path folder, int size, Random random, Summary summary) throws IOException {
            this.master = TestMaster.start();
            this.folder = folder;
            this.size = size;
            this.random = random;
            this.summary = summary;
            this.stable = many(size, "first-");
            publish(new Assignment("shop", Optional.of(stable), stable, Cohort.NONE, List.of(), ""));
        }

        private void publish(Assignment assignment) {
            published.add(assignment);
            summary.published++;
            master.publish(assignment);
        }

        void connect(InetSocketAddress address) {
            gateways.add(TestGateway.refusing(address, "shop", "gw-0", "no bad ones", Line::isBad));
            gateways.add(TestGateway.refusing(address, "shop", "gw-1", "no bad ones", Line::isBad));
        }

        void disconnect() {
            gateways.forEach(TestGateway::close);
            gateways.clear();
        }

        private static boolean isBad(String resource) {
            return resource.equals(BAD);
        }

        private static boolean isBad(Snapshot snapshot) {
            return snapshot.resources().stream().anyMatch(resource -> isBad(resource.name()));
        }

        /** As far as can be seen, the instance has what was published last, and refused it when it is bad. */
        boolean isSettled() {
            listen();
            Assignment last = published.getLast();
            Set<ContentHash> versions = master.held("shop");
            return last.isTrial()
                    ? versions.contains(last.target().version())
                            && (!isBad(last.target())
                                    || toldRefused.contains(last.target().version()))
                    : versions.equals(Set.of(last.target().version()));
        }

        /** Whether the Master was told that the version on trial was refused. */
        boolean hasRefusedTarget() {
            Assignment last = published.getLast();
            return last.isTrial() && toldRefused.contains(last.target().version());
        }

        private void listen() {
            Assignment last = published.getLast();
            // Who holds a target that is published for the first time holds this assignment.
            if (last.isTrial()
                    && published.indexOf(last) == published.size() - 1
                    && master.held("shop").contains(last.target().version())) {
                held = published.size() - 1;
            }
            master.gateways("shop").stream()
                    .filter(report -> report.state() == GatewayReport.State.REJECTED)
                    .filter(report -> toldRefused.add(report.version()))
                    .forEach(report -> summary.refused++);
        }

        /** The next assignment, as an operator would. Now and then one that forgot what was refused. */
        void next() {
            listen();
            Assignment last = published.getLast();
            if (!last.isTrial()) {
                wave++;
                publish(rollout(version()));
            } else if (isBad(last.target())) {
                publish(settled(stable));
                if (random.nextInt(3) == 0) {
                    publish(last);
                }
            } else {
                stable = last.target();
                publish(settled(stable));
            }
        }

        private Snapshot version() {
            salt++;
            String changed = (random.nextInt(3) == 0 ? BAD : "c0") + "=" + salt;
            // Seldom all of it, so that packs are written and rewritten.
            return many(size, random.nextInt(10) == 0 ? "salt-" + salt : "first-", changed);
        }

        private Assignment rollout(Snapshot target) {
            return new Assignment(
                    "shop",
                    Optional.of(stable),
                    target,
                    new Cohort(wave, List.of("gw-0", "gw-1", "gw-2")),
                    List.of(),
                    "00-" + salt);
        }

        private static Assignment settled(Snapshot version) {
            return new Assignment("shop", Optional.of(version), version, Cohort.NONE, List.of(), "");
        }

        void checkAfterKill() throws IOException {
            summary.crashes++;
            soon().until(() -> !master.connected());
            listen();
            Optional<Assignment> kept = Optional.empty();
            try (AssignmentStore store = AssignmentStore.open(folder)) {
                assertThat(store.usage().quarantined()).isZero();
                assertThat(store.problem()).isEmpty();
                AssignmentStoreCrashTest.assertWhole(store);
                kept = store.assignment("shop");
            }
            damageACopy();
            int oldest = Math.max(0, held);
            if (kept.isEmpty()) {
                assertThat(held)
                        .as("nothing is kept of what the Master was told is held")
                        .isNegative();
                return;
            }
            assertThat(published.subList(oldest, published.size()))
                    .as("published, and no older than what the Master was told is held")
                    .contains(kept.get());
            check(kept.get());
        }

        /** That gateways which have nothing yet get what they should, with no Master. */
        private void check(Assignment kept) {
            Snapshot keptStable = kept.stable().orElseThrow();
            assertThat(isBad(keptStable)).as("stable was refused").isFalse();
            boolean refused =
                    kept.isTrial() && toldRefused.contains(kept.target().version());
            summary.putBack += refused ? 1 : 0;
            try (ProxyProcess proxy = ManyProxies.start("127.0.0.1:1", folder);
                    TestGateway inCohort = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-2");
                    TestGateway outside = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-9")) {
                soon().until(() -> inCohort.hasSomething() && outside.hasSomething());
                assertThat(outside.snapshot()).isEqualTo(keptStable);
                // What was refused may be marked although nobody was told yet.
                assertThat(inCohort.snapshot())
                        .as("to a new gateway of the cohort; told refused: " + refused)
                        .isIn(refused ? List.of(keptStable) : List.of(keptStable, kept.target()));
            }
        }

        /** A torn and a flipped file are found and set aside, and the rest is whole. */
        private void damageACopy() throws IOException {
            if (random.nextInt(3) > 0) {
                return;
            }
            Path copy = folder.resolveSibling(folder.getFileName() + "-copy-" + copies++);
            List<Path> files = copy(copy);
            if (files.isEmpty()) {
                return;
            }
            Path file = files.get(random.nextInt(files.size()));
            byte[] content = Files.readAllBytes(file);
            if (random.nextBoolean()) {
                content = Arrays.copyOf(content, random.nextInt(content.length));
            } else {
                content[random.nextInt(content.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, content);
            try (AssignmentStore store = AssignmentStore.open(copy)) {
                assertThat(store.usage().quarantined()).as(file.toString()).isEqualTo(1);
                AssignmentStoreCrashTest.assertWhole(store);
                assertThat(published).containsAll(store.assignments());
            }
            summary.damaged++;
        }

        /** Returns the files of the copy that count. */
        private List<Path> copy(Path to) throws IOException {
            List<Path> files = new ArrayList<>();
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path from : all.sorted().toList()) {
                    Path target = to.resolve(folder.relativize(from));
                    Files.copy(from, target);
                    if (Files.isRegularFile(from)
                            && !from.endsWith("lock")
                            && !from.toString().endsWith(Disk.TEMPORARY)) {
                        files.add(target);
                    }
                }
            }
            return files;
        }

        @Override
        public void close() {
            master.close();
        }
    }
}
