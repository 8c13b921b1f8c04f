package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code hack/stack}, where it has to do what an operator no longer can. */
class StackTest {
    @TempDir
    private Path folder;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endEverything() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void downEndsWhatAKilledOperatorLeft() throws IOException, InterruptedException {
        Path folder = this.folder.toRealPath();
        Path stack = Files.createDirectories(folder.resolve("stack"));
        Path processes = Files.createDirectories(stack.resolve("operator/processes"));
        Process obedient =
                start("trap 'kill $!; exit' TERM; sleep 1000 & wait", processes.resolve("gateways/shop/shop-0"));
        Process deaf =
                start("trap '' TERM; while :; do sleep 0.1; done", processes.resolve("instances/default/default-0"));
        Process anothers = start(
                "trap 'kill $!; exit' TERM; sleep 1000 & wait",
                folder.resolve("other/operator/processes/gateways/shop/shop-0"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder);

        ProcessBuilder down = new ProcessBuilder("hack/stack", "down").inheritIO();
        down.environment().put("MPG_STACK", link.resolve("stack").toString());
        assertThat(down.start().waitFor()).isZero();
        assertThat(List.of(obedient, deaf)).noneMatch(Process::isAlive);
        assertThat(anothers.isAlive()).isTrue();
        assertThat(stack).doesNotExist();
    }

    private Process start(String script, Path argument) throws IOException {
        Process process = new ProcessBuilder("sh", "-c", script, argument.toString()).start();
        started.add(process);
        return process;
    }
}
