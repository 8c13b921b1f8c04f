package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.gateway.HostPort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstanceCommandTest {
    private static final List<HostPort> MASTERS =
            List.of(HostPort.parse("127.0.0.1:17000"), HostPort.parse("127.0.0.2:17000"));
    private static final InstanceCommand.Instance INSTANCE = new InstanceCommand.Instance(
            "default-0",
            HostPort.parse("127.79.0.1:18000"),
            HostPort.parse("127.79.0.1:18001"),
            Path.of("/state/data"));

    @Test
    void runsThisProgramOnceMore() {
        List<String> command = InstanceCommand.thisProgram(MASTERS, false).of(INSTANCE);
        assertThat(Path.of(command.getFirst())).matches(Files::isExecutable);
        assertThat(command)
                .containsSubsequence(
                        "-cp",
                        "dev.mpg.cli.Mpg",
                        "proxy",
                        "--instance",
                        "default-0",
                        "--master",
                        "127.0.0.1:17000,127.0.0.2:17000",
                        "--xds-address",
                        "127.79.0.1:18000",
                        "--debug-address",
                        "127.79.0.1:18001",
                        "--data-dir",
                        "/state/data");
    }

    @Test
    void isTheSameForTheSameBuild() {
        assertThat(InstanceCommand.thisProgram(MASTERS, false).of(INSTANCE))
                .isEqualTo(InstanceCommand.thisProgram(MASTERS, false).of(INSTANCE));
    }
}
