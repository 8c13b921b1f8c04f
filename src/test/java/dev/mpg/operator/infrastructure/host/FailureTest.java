package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class FailureTest {
    private static final List<String> ADDRESSES = List.of("127.79.0.1:18000", "127.79.0.1:18001");

    @Test
    void saysTheStatusAndTheLastWords() {
        assertThat(describe(3, "one", "two")).isEqualTo("ended with status 3; last said:\none\ntwo");
    }

    @Test
    void saysThatNobodyKnowsTheStatus() {
        assertThat(Failure.describe(OptionalInt.empty(), List.of(), ADDRESSES))
                .isEqualTo("ended with an unknown status");
    }

    @Test
    void saysTheSameOfTheSameAtAnyTime() {
        assertThat(describe(
                        1,
                        "[2026-01-01 09:08:07.654][12345][critical][main] [source/server/server.cc:131] one",
                        "2026-01-01T09:08:07.654Z ERROR Mpg - two",
                        "2026-01-01T09:08:07.654+01:00 ERROR Mpg - at 2026-01-01T09:08:07Z three"))
                .isEqualTo("""
                        ended with status 1; last said:
                        [critical][main] [source/server/server.cc:131] one
                        ERROR Mpg - two
                        ERROR Mpg - at 2026-01-01T09:08:07Z three""");
    }

    @Test
    void namesTheAddressInUseAsEnvoyDoes() {
        assertThat(
                        describe(
                                1,
                                "[critical][main] error initializing config: cannot bind '127.80.0.1:9901': Address already in use"))
                .startsWith(
                        "ended with status 1: 127.80.0.1:9901 is in use by another process; 'ss -ltnp sport = :9901'");
    }

    @Test
    void namesTheAddressInUseAsAChainOfJavaExceptionsDoes() {
        assertThat(describe(
                        1,
                        "connected to 10.0.0.1:80",
                        "java.io.IOException: Failed to bind to address /127.79.0.1:18000",
                        "\tat io.grpc.netty.NettyServer.start(NettyServer.java:1)",
                        "Caused by: java.net.BindException: Address already in use",
                        "\t... 12 more"))
                .startsWith("ended with status 1: 127.79.0.1:18000 is in use")
                .doesNotContain("NettyServer.java", "12 more");
    }

    @Test
    void namesWhereItWasToListenWhenTheLogDoesNot() {
        assertThat(describe(1, "Address already in use"))
                .startsWith("ended with status 1: 127.79.0.1:18000 or 127.79.0.1:18001 is in use");
    }

    @Test
    void saysHowToAddAMissingAddress() {
        assertThat(describe(1, "bind /127.79.0.1:18000: Cannot assign requested address"))
                .contains("no address 127.79.0.1", "sudo ifconfig lo0 alias 127.79.0.1");
    }

    @Test
    void saysWhatMayHaveKilledIt() {
        assertThat(describe(137))
                .isEqualTo("ended with signal 9: it was killed, by someone or because memory ran out ('dmesg' tells)");
    }

    @Test
    void showsFewLinesAndFewCharacters() {
        List<String> many = Collections.nCopies(Failure.LINES, "x".repeat(200));
        String text = Failure.describe(OptionalInt.of(1), many, ADDRESSES);
        assertThat(text.substring(text.indexOf('\n') + 1)).hasSize(512).startsWith("…");
        assertThat(describe(1, "1", "2", "3", "4", "5", "6")).endsWith("said:\n2\n3\n4\n5\n6");
    }

    private static String describe(int status, String... lines) {
        return Failure.describe(OptionalInt.of(status), List.of(lines), ADDRESSES);
    }
}
