package dev.mpg.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mpg.testing.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bootstraps as Envoy gets them, compared with the files in {@code src/test/resources/dev/mpg/gateway/bootstrap}.
 * {@code -Dupdate=true} writes those anew.
 */
class BootstrapTest {
    private static final Path GOLDEN = Path.of("src/test/resources/dev/mpg/gateway/bootstrap");

    private static final Path XDS_SERVERS = Path.of("/var/lib/mpg/xds-servers.json");

    private static final List<HostPort> INSTANCES =
            List.of(HostPort.parse("127.79.0.1:18000"), HostPort.parse("127.79.0.2:18000"));

    private static final Map<String, String> CASES = new TreeMap<>(Map.of(
            "fixed-addresses.json",
            new Bootstrap(
                            "shop-0",
                            "eu-west-1",
                            Optional.of("127.80.0.1"),
                            HostPort.parse("127.80.0.1:9901"),
                            new XdsServers.Fixed(INSTANCES))
                    .toJson(),
            "dns-name.json",
            new Bootstrap(
                            "shop-0",
                            "edge.shop",
                            Optional.empty(),
                            HostPort.parse("127.0.0.1:9901"),
                            new XdsServers.Fixed(List.of(HostPort.parse("mpg-shop.edge.svc:18000"))))
                    .toJson(),
            "addresses-in-file.json",
            new Bootstrap(
                            "shop-0",
                            "eu-west-1",
                            Optional.of("127.80.0.1"),
                            HostPort.parse("127.80.0.1:9901"),
                            new XdsServers.InFile(XDS_SERVERS))
                    .toJson(),
            "collector.json",
            new Bootstrap(
                            "shop-0",
                            "edge.shop",
                            Optional.empty(),
                            HostPort.parse("127.0.0.1:9901"),
                            new XdsServers.Fixed(INSTANCES),
                            Optional.of(HostPort.parse("otel-collector.observability.svc:4317")))
                    .toJson(),
            "xds-servers.json",
            XdsServers.fileContent(INSTANCES)));

    static Stream<String> cases() {
        return CASES.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isWrittenAsExpected(String file) throws IOException {
        if (Boolean.getBoolean("update")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(GOLDEN.resolve(file), CASES.get(file));
        }
        assertThat(GOLDEN.resolve(file)).hasContent(CASES.get(file));
    }

    @Test
    void everyGoldenFileIsUsed() throws IOException {
        try (Stream<Path> files = Files.list(GOLDEN)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(CASES.keySet());
        }
    }

    @ParameterizedTest
    @MethodSource("bootstraps")
    void envoyTakesIt(String file, @TempDir Path folder) throws IOException, InterruptedException {
        Path bootstrap = Files.writeString(
                folder.resolve("bootstrap.json"),
                Files.readString(GOLDEN.resolve(file))
                        .replace(
                                XDS_SERVERS.toString(),
                                GOLDEN.resolve("xds-servers.json")
                                        .toAbsolutePath()
                                        .toString()));
        Process envoy = new ProcessBuilder(
                        Programs.envoy().toString(), "--mode", "validate", "-c", bootstrap.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(envoy.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(envoy.waitFor()).as(said).isZero();
        assertThat(said).doesNotContainPattern("\\[(warning|error|critical)]");
    }

    static Stream<String> bootstraps() {
        return cases().filter(file -> !file.equals("xds-servers.json"));
    }

    @Test
    void aGatewayWithoutAnyAddressIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new XdsServers.Fixed(List.of()));
    }
}
