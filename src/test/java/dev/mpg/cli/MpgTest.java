package dev.mpg.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

class MpgTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    private int mpg(String... args) {
        CommandLine commands = Mpg.commandLine();
        commands.setOut(new PrintWriter(out, true));
        commands.setErr(new PrintWriter(err, true));
        return commands.execute(args);
    }

    private int proxy(String... more) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("--instance", "default-0");
        options.put("--master", "127.0.0.1:1");
        options.put("--data-dir", folder.toString());
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        return mpg(Stream.concat(
                        Stream.of("proxy"),
                        options.entrySet().stream().flatMap(option -> Stream.of(option.getKey(), option.getValue())))
                .toArray(String[]::new));
    }

    @Test
    void withoutACommandItTeaches() {
        assertThat(mpg()).isZero();
        assertThat(out.toString()).contains("Example:", "mpg proxy --instance default-0", "Exit codes:");
    }

    @Test
    void theHelpOfACommandHasAnExampleAndTheEnvironment() {
        assertThat(mpg("proxy", "--help")).isZero();
        assertThat(out.toString()).contains("Example:", "MPG_DATA_DIR");
    }

    @Test
    void aLogFormatThatThereIsNotIsRefusedInsteadOfLoggingNothing() {
        assertThat(Mpg.wrongLogFormat(Map.of("MPG_LOG_FORMAT", "JSON")))
                .contains("MPG_LOG_FORMAT is 'JSON', not console or json");
        assertThat(Mpg.wrongLogFormat(Map.of("MPG_LOG_FORMAT", ""))).isPresent();
        assertThat(Mpg.wrongLogFormat(Map.of("MPG_LOG_FORMAT", "json"))).isEmpty();
        assertThat(Mpg.wrongLogFormat(Map.of())).isEmpty();
    }

    @Test
    void theVersionIsPrinted() {
        assertThat(mpg("--version")).isZero();
        assertThat(out.toString()).startsWith("mpg ").contains("Java 25");
    }

    @Test
    void aMistypedCommandIsCorrected() {
        assertThat(mpg("prxy")).isEqualTo(2);
        assertThat(err.toString()).contains("mpg: Unmatched argument", "Did you mean: mpg proxy?");
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThat(mpg("proxy")).isEqualTo(2);
        assertThat(err.toString()).contains("--instance", "--master", "--data-dir", "See mpg proxy --help");
    }

    @ParameterizedTest
    @CsvSource({
        "--instance, Default_0, such as default-0",
        "--master, localhost, such as 127.0.0.1:18100",
        "--master, 'a:1,', such as 127.0.0.1:18100",
        "--xds-address, localhost, is not IP:PORT",
        "--xds-address, 0.0.0.0:18000, --advertised-host is needed because of --xds-address",
    })
    void aWrongValueIsExplained(String option, String value, String explanation) {
        assertThat(proxy(option, value)).isEqualTo(2);
        assertThat(err.toString()).contains(option, explanation).doesNotContain("Exception");
    }

    @ParameterizedTest
    @CsvSource({
        "--lease-duration, 2, at least 3 whole seconds",
        "--masters, 'localhost:18100,localhost', write host:port",
    })
    void aWrongValueOfTheOperatorIsExplained(String option, String value, String explanation) {
        assertThat(mpg("operator", "--state-dir", folder.toString(), option, value))
                .isEqualTo(2);
        assertThat(err.toString()).contains(option, explanation).doesNotContain("Exception");
    }

    @Test
    void anAddressInUseIsOneLineThatNamesAddressAndOption() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            assertThat(proxy("--xds-address", address, "--debug-address", "127.0.0.1:0"))
                    .isEqualTo(1);
            assertThat(err.toString())
                    .isEqualToIgnoringNewLines("mpg: cannot listen on " + address
                            + ": Address already in use; choose another --xds-address");
            err.getBuffer().setLength(0);
            assertThat(proxy("--debug-address", address, "--xds-address", "127.0.0.1:0"))
                    .isEqualTo(1);
            assertThat(err.toString()).contains("choose another --debug-address");
        }
    }

    @Test
    void aStackTraceIsShownOnlyWhenAskedFor() throws IOException {
        Files.writeString(folder.resolve("assignments"), "not a folder");
        assertThat(proxy()).isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1).contains("cannot use the data folder " + folder, "is no folder");
        assertThat(mpg("proxy", "--verbose", "--instance", "a", "--master", "b:1", "--data-dir", folder.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("\tat dev.mpg.proxy.AssignmentStore");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:18000, 127.0.0.1, 18000",
        "0.0.0.0:0, 0.0.0.0, 0",
        "localhost:1, 127.0.0.1, 1",
        "[::1]:65535, 0:0:0:0:0:0:0:1, 65535",
    })
    void addressesAreRead(String text, String host, int port) {
        assertThat(new SocketAddressConverter().convert(text)).satisfies(address -> {
            assertThat(address.getAddress().getHostAddress()).isEqualTo(host);
            assertThat(address.getPort()).isEqualTo(port);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:5", "::1:5", "a:5"
            })
    void whatIsNoAddressIsRefused(String text) {
        assertThatThrownBy(() -> new SocketAddressConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("is not IP:PORT");
    }
}
