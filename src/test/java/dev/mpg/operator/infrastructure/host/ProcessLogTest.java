package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessLogTest {
    @TempDir
    private Path folder;

    @Test
    void isEmptyWhenThereIsNone() throws IOException {
        ProcessLog log = log();
        log.limit();
        assertThat(log.size()).isZero();
        assertThat(log.lastLines(0, 5)).isEmpty();
    }

    @Test
    void tellsTheLastLinesOfThisRunOnly() throws IOException {
        ProcessLog log = log();
        Files.writeString(log.file(), "before\n");
        long start = log.size();
        assertThat(log.lastLines(start, 2)).isEmpty();
        Files.writeString(log.file(), "1\n\n2\n  \n3", StandardOpenOption.APPEND);
        assertThat(log.lastLines(start, 5)).containsExactly("1", "2", "3");
        assertThat(log.lastLines(start, 2)).containsExactly("2", "3");
    }

    @Test
    void isSetAsideWhenLongWhileSomeoneWrites() throws IOException {
        ProcessLog log = log();
        try (OutputStream writer =
                Files.newOutputStream(log.file(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            writer.write(new byte[(10 << 20) + 1]);
            long start = log.size();
            log.limit();
            writer.write('!');
            assertThat(log.lastLines(start, 5)).containsExactly("!");
        }
        assertThat(folder.resolve("log.1")).hasSize((10 << 20) + 1);
        assertThat(log.size()).isOne();
    }

    private ProcessLog log() {
        return new ProcessLog(folder.resolve("log"));
    }
}
