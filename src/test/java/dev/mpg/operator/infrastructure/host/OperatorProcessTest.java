package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.testing.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the processes when the operator's own process ends. */
class OperatorProcessTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path state;

    private ProcessFolder folder = new ProcessFolder(Path.of("/"));

    @BeforeEach
    void findFolder() throws IOException {
        folder = new ProcessFolder(state.toRealPath().resolve("processes/instances/default/default-0"));
    }

    @AfterEach
    void endEverything() throws IOException {
        next().close();
    }

    @Test
    void anOperatorThatIsAskedToEndLeavesNoOrphans() throws IOException, InterruptedException {
        Process operator = operator(false);
        ProcessHandle instance = awaitInstance();
        operator.destroy();
        operator.waitFor();
        assertThat(instance.isAlive()).isFalse();
    }

    @Test
    void interruptingTheTerminalIsForTheOperatorOnly() throws IOException, InterruptedException {
        Process operator = operator(true);
        ProcessHandle instance = awaitInstance();
        new ProcessBuilder("kill", "-INT", "--", "-" + operator.pid()).start().waitFor();
        operator.waitFor();
        assertThat(instance.isAlive()).isTrue();
    }

    @Test
    void whatAKilledOperatorLeavesIsTheNextOnes() throws IOException, InterruptedException {
        Process operator = operator(false);
        ProcessHandle orphan = awaitInstance();
        operator.destroyForcibly().waitFor();
        assertThat(orphan.isAlive()).isTrue();

        try (HostInfrastructure next = next()) {
            Workload adopted = next.ensurePool("default", 1).getFirst();
            assertThat(adopted.running()).isTrue();
            assertThat(awaitInstance()).isEqualTo(orphan);

            orphan.destroyForcibly();
            await().atMost(SOON).until(() -> !awaitInstance().equals(orphan));
            assertThat(next.ensurePool("default", 1)).extracting(Workload::host).containsExactly(adopted.host());
        }
    }

    /** In a process group of its own, as in a terminal. */
    private Process operator(boolean keepRunning) throws IOException {
        RunningProgram program = RunningProgram.find();
        return new ProcessBuilder(
                        "setsid",
                        program.java().toString(),
                        "-cp",
                        program.classPath(),
                        OperatorProcess.class.getName(),
                        state.toString(),
                        Programs.envoy().toString(),
                        String.valueOf(keepRunning))
                .redirectErrorStream(true)
                .redirectOutput(state.resolve("operator.log").toFile())
                .start();
    }

    private HostInfrastructure next() throws IOException {
        return new HostInfrastructure(OperatorProcess.settings(state, Programs.envoy()));
    }

    private ProcessHandle awaitInstance() {
        return await().atMost(SOON)
                .until(
                        () -> folder.readRecord()
                                .flatMap(record -> record.identity().find()),
                        Optional::isPresent)
                .orElseThrow();
    }
}
