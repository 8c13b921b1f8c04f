package dev.mpg.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

    @ParameterizedTest
    @CsvSource({
        "10.0.0.7:18000, 10.0.0.7, 18000, true",
        "shop.edge.svc:1, shop.edge.svc, 1, false",
        "[fd00::7]:65535, fd00::7, 65535, true",
        "10.example:80, 10.example, 80, false",
    })
    void readsAndWritesTheSame(String written, String host, int port, boolean ipAddress) {
        HostPort address = HostPort.parse(written);
        assertThat(address).isEqualTo(new HostPort(host, port)).hasToString(written);
        assertThat(address.isIpAddress()).isEqualTo(ipAddress);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "10.0.0.7",
                ":80",
                "host:",
                "host:0",
                "host:65536",
                "host:99999999999",
                "fd00::7:80",
                "a b:80"
            })
    void refusesWhatIsNoAddress(String written) {
        assertThatIllegalArgumentException().isThrownBy(() -> HostPort.parse(written));
    }
}
