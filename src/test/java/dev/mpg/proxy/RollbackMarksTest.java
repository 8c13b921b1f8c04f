package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.snapshot;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.proxy.RollbackMark.Trial;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class RollbackMarksTest {
    private static final Logger LOG = LoggerFactory.getLogger(RollbackMarksTest.class);
    private static final Snapshot V2 = snapshot("a=2");
    private static final Trial FIRST_WAVE = new Trial(V2.version(), 1);
    private static final Trial SECOND_WAVE = new Trial(V2.version(), 2);

    @TempDir(factory = RamBacked.class)
    Path folder;

    private RollbackMarks marks;

    @BeforeEach
    void read() throws IOException {
        assertThat(readAnew()).isEmpty();
    }

    /** As after a start. */
    private Map<Path, String> readAnew() throws IOException {
        marks = new RollbackMarks(folder, Disk.REAL);
        return marks.load((file, e) -> {
            throw new AssertionError(file + " cannot be read", e);
        });
    }

    private static RollbackMark mark(Trial trial, String... gateways) {
        return new RollbackMark(
                "shop",
                trial,
                List.of(gateways).stream().map(RollbackMarksTest::refusal).toList());
    }

    private static GatewayReport refusal(String gateway) {
        return new GatewayReport(
                gateway,
                GatewayReport.State.REJECTED,
                V2.version(),
                List.of(new GatewayReport.Refusal("type.googleapis.com/Cluster", "no to " + gateway, List.of("a"))));
    }

    @Test
    void whatIsKeptIsReadAgain() throws IOException {
        marks.keep(mark(FIRST_WAVE, "gw-0"));
        marks.keep(mark(SECOND_WAVE, "gw-1"));
        marks.keep(mark(FIRST_WAVE, "gw-2"));
        readAnew();
        assertThat(marks.of("shop", FIRST_WAVE)).contains(mark(FIRST_WAVE, "gw-0", "gw-2"));
        assertThat(marks.of("shop", SECOND_WAVE)).contains(mark(SECOND_WAVE, "gw-1"));
        assertThat(marks.of("shop", new Trial(V2.version(), 3))).isEmpty();
        assertThat(marks.of("blog", FIRST_WAVE)).isEmpty();
    }

    @Test
    void aFileTornAtAnyByteIsFound() throws IOException {
        Path file = written();
        byte[] content = Files.readAllBytes(file);
        for (int length = 0; length < content.length; length++) {
            byte[] torn = new byte[length];
            System.arraycopy(content, 0, torn, 0, length);
            assertFound(file, torn);
        }
    }

    @Test
    void aFlippedBitAnywhereIsFound() throws IOException {
        long seed = System.nanoTime();
        LOG.warn("seed {}", seed);
        Random random = new Random(seed);
        Path file = written();
        byte[] content = Files.readAllBytes(file);
        for (int at = 0; at < content.length; at++) {
            byte[] flipped = content.clone();
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            assertFound(file, flipped);
        }
    }

    private Path written() {
        marks.keep(
                mark(FIRST_WAVE, IntStream.range(0, 5).mapToObj(i -> "gw-" + i).toArray(String[]::new)));
        return folder.resolve("shop.marks");
    }

    private void assertFound(Path file, byte[] corrupt) throws IOException {
        Files.write(file, corrupt);
        assertThat(readAnew()).containsOnlyKeys(file);
        assertThat(marks.of("shop", FIRST_WAVE)).isEmpty();
    }

    @Test
    void aFileOfAnotherProxyIsCorrupt() throws IOException {
        Path file = written();
        Path other = Files.move(file, folder.resolve("blog.marks"));
        assertThat(readAnew()).containsOnlyKeys(other);
    }

    @Test
    void onlyWhatIsPlacedHereIsRetained() throws IOException {
        marks.keep(mark(FIRST_WAVE, "gw-0"));
        marks.retain(Set.of("shop"));
        assertThat(marks.of("shop", FIRST_WAVE)).isPresent();
        marks.retain(Set.of("blog"));
        assertThat(marks.of("shop", FIRST_WAVE)).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }
}
