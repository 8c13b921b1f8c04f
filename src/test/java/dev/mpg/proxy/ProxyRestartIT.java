package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.many;
import static dev.mpg.proxy.Configs.snapshot;
import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.master.Fleet;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Snapshot;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Master, {@code mpg proxy} as a process that is killed and started again, and gateways' streams. */
class ProxyRestartIT {
    private static final Snapshot V1 = many(3_000, "v1-");
    private static final Snapshot V2 = snapshot("a=2");

    @TempDir
    Path root;

    private Path data;
    private int logs;

    @BeforeEach
    void chooseFolder() {
        data = root.resolve("data");
    }

    private RunningProxy start(String master, String... more) throws IOException {
        return RunningProxy.start(master, data, root.resolve("log-" + logs++), more);
    }

    @Test
    void afterAKillWithoutAMasterItServesWhatItHeld() throws Exception {
        String noMaster;
        try (TestMaster master = TestMaster.start();
                RunningProxy proxy = start(master.address())) {
            noMaster = master.address();
            master.publish(done("shop", V1));
            await().until(() -> master.held("shop").equals(Set.of(V1.version())));
            proxy.kill();
        }
        try (RunningProxy proxy = start(noMaster);
                TestGateway gateway = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-0")) {
            await().until(() -> gateway.snapshot().equals(V1));
        }
    }

    @Test
    void whenTheMasterIsGoneNewGatewaysAreServed() throws Exception {
        TestMaster master = TestMaster.start();
        try (RunningProxy proxy = start(master.address())) {
            master.publish(done("shop", V1));
            await().until(() -> !master.held("shop").isEmpty());
            master.close();
            try (TestGateway gateway = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-0")) {
                await().until(() -> gateway.snapshot().equals(V1));
            }
        }
    }

    @Test
    void aCorruptPackIsSetAsideAndFetchedAgain() throws Exception {
        try (TestMaster master = TestMaster.start()) {
            Assignment assignment = new Assignment("shop", Optional.of(V1), V1, List.of(), "");
            try (RunningProxy proxy = start(master.address())) {
                master.publish(assignment, done("blog", V2));
                await().until(() ->
                        !master.held("shop").isEmpty() && !master.held("blog").isEmpty());
                proxy.kill();
            }
            flipABitInTheLargestPack();
            try (RunningProxy proxy = start(master.address());
                    TestGateway blog = TestGateway.connect(proxy.xdsAddress(), "blog", "gw-0")) {
                await().until(() -> blog.snapshot().equals(V2));
                assertThat(proxy.log()).contains("is corrupt", "target of Proxy shop lacks 1 of 3000 resources");
                await().until(() -> proxy.log().contains("Proxy shop: target " + V1));
                try (TestGateway shop = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-0")) {
                    await().until(() -> shop.snapshot().equals(V1));
                }
                proxy.kill();
            }
        }
        try (AssignmentStore store = AssignmentStore.open(data)) {
            assertThat(store.holdings()).containsOnlyKeys("shop", "blog");
            assertThat(store.usage().quarantined()).isEqualTo(1);
        }
    }

    private void flipABitInTheLargestPack() throws IOException {
        Path largest;
        try (Stream<Path> packs = Files.list(data.resolve("packs"))) {
            largest = packs.max((a, b) ->
                            Long.compare(a.toFile().length(), b.toFile().length()))
                    .orElseThrow();
        }
        byte[] content = Files.readAllBytes(largest);
        // In a blob, not in the manifest, which lies there too.
        content[new String(content, StandardCharsets.ISO_8859_1).indexOf("xxxx")] ^= 1;
        Files.write(largest, content);
    }

    @Test
    void whatTheDiskDoesNotTakeIsServedFromMemoryAndWrittenOnceItDoes() throws Exception {
        try (TestMaster master = TestMaster.start();
                RunningProxy proxy = start(master.address())) {
            master.publish(done("shop", V2));
            await().until(() -> !master.held("shop").isEmpty());
            proxy.limitFiles("65536");
            master.publish(done("shop", V1));
            await().until(() -> unsaved(master).isPresent());
            assertThat(unsaved(master).orElseThrow())
                    .contains(
                            "version " + V1 + " is served from memory only",
                            "which then serves version " + V2 + " from its disk",
                            "File too large");
            try (TestGateway gateway = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-0")) {
                await().until(() -> gateway.snapshot().equals(V1));
                await().until(() -> master.gateways("shop").size() == 1);
            }
            proxy.limitFiles("unlimited");
            await().until(() -> unsaved(master).isEmpty());
            proxy.kill();
        }
        try (AssignmentStore store = AssignmentStore.open(data)) {
            assertThat(store.assignments()).containsExactly(done("shop", V1));
        }
    }

    private static Optional<String> unsaved(TestMaster master) {
        return Optional.ofNullable(master.fleet("shop").instances().get(TestMaster.INSTANCE))
                .flatMap(Fleet.Serving::unsaved);
    }

    @Test
    void onSigtermItEndsItsStreamsAndFreesItsFolder() throws Exception {
        try (TestMaster master = TestMaster.start();
                RunningProxy proxy = start(master.address())) {
            master.publish(done("shop", V1));
            await().until(() -> !master.held("shop").isEmpty());
            try (TestGateway gateway = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-0")) {
                await().until(() -> gateway.snapshot().equals(V1));
                proxy.terminate();
                await().until(() -> gateway.end().isPresent());
                assertThat(gateway.end().orElseThrow().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(gateway.end().orElseThrow().getDescription()).isEqualTo("this instance is shutting down");
            }
            assertThat(proxy.exitCode()).isEqualTo(143);
            assertThat(proxy.log()).doesNotContain("Exception");
            AssignmentStore.open(data).close();
        }
    }

    @Test
    void aSecondProcessOnTheSameFolderFailsWithOneLine() throws Exception {
        try (RunningProxy proxy = start("127.0.0.1:1")) {
            assertThat(proxy.xdsAddress().getPort()).isPositive();
            try (RunningProxy second = start("127.0.0.1:1")) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.log())
                        .hasLineCount(1)
                        .contains("mpg: cannot use the data folder " + data, "in use by another process (pid ");
            }
        }
    }
}
