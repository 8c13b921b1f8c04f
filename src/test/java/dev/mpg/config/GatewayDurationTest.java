package dev.mpg.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatewayDurationTest {
    @ParameterizedTest
    @CsvSource({
        "0s, PT0S",
        "0h0m0s0ms, PT0S",
        "1ms, PT0.001S",
        "500ms, PT0.5S",
        "3s, PT3S",
        "03s, PT3S",
        "1m, PT1M",
        "1m1ms, PT1M0.001S",
        "1m30s, PT1M30S",
        "1h2m3s4ms, PT1H2M3.004S",
        "4ms3s2m1h, PT1H2M3.004S",
        "1s1s, PT2S",
        "90000ms, PT1M30S",
        "99999h99999h99999h99999h, PT399996H",
    })
    void reads(String text, Duration duration) {
        assertThat(GatewayDuration.parse(text)).contains(duration);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "0",
                "90",
                "s",
                "-1s",
                "+1s",
                "1.5s",
                "1d",
                "1us",
                "1S",
                "1 s",
                " 1s",
                "1s ",
                "1s\n",
                "100000s",
                "1m1",
                "1h1m1s1ms1h",
                "PT1S",
                "١s",
            })
    void refuses(String text) {
        assertThat(GatewayDuration.parse(text)).isEmpty();
    }
}
