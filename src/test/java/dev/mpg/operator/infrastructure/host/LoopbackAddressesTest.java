package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopbackAddressesTest {
    private static final List<Integer> PORTS = List.of(28000, 28001);

    @Test
    void givesTheLowestThatIsFree() {
        LoopbackAddresses addresses = new LoopbackAddresses("127.90");
        addresses.keep("127.90.0.2");
        assertThat(addresses.take(PORTS)).isEqualTo("127.90.0.1");
        assertThat(addresses.take(PORTS)).isEqualTo("127.90.0.3");
        addresses.release("127.90.0.1");
        assertThat(addresses.take(PORTS)).isEqualTo("127.90.0.1");
    }

    @Test
    void passesOverOneWhereSomeoneListens() throws IOException {
        try (ServerSocket _ = new ServerSocket(28001, 1, InetAddress.ofLiteral("127.91.0.1"))) {
            assertThat(new LoopbackAddresses("127.91").take(PORTS)).isEqualTo("127.91.0.2");
        }
    }

    @Test
    void passesOnAfterTheLastOfASubnet() {
        LoopbackAddresses addresses = new LoopbackAddresses("127.92");
        for (int number = 1; number <= 254; number++) {
            addresses.keep("127.92.0." + number);
        }
        assertThat(addresses.take(PORTS)).isEqualTo("127.92.1.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "127", "127.256", "127.01", "10.0", "127.80.0", "127.80."})
    void refusesWhatIsNoLoopbackNetwork(String network) {
        assertThatIllegalArgumentException().isThrownBy(() -> new LoopbackAddresses(network));
    }
}
