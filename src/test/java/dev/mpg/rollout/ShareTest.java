package dev.mpg.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShareTest {
    @ParameterizedTest
    @CsvSource({
        "10%, 0, 0",
        "10%, 1, 1",
        "10%, 10, 1",
        "10%, 11, 2",
        "50%, 3, 2",
        "1%, 1000, 10",
        "100%, 7, 7",
        "3, 0, 0",
        "3, 2, 2",
        "3, 10, 3",
        "100%, 100000000, 100000000"
    })
    void isRoundedUpAndAtLeastOneAndNeverMoreThanThereAre(String share, int fleet, int gateways) {
        assertThat(Share.parse(share).of(fleet)).isEqualTo(gateways);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1%", "100%", "1", "999"})
    void isWrittenAsItIsRead(String text) {
        assertThat(Share.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "%", "0", "0%", "101%", "-1", "1.5%", "ten", "10 %", "99999999999"})
    void isRefusedWhenItMakesNoSense(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Share.parse(text));
    }

    @Test
    void stepsEndWithTheWholeFleet() {
        Step half = Story.step("50%", 5);
        Step whole = Story.step("100%", 5);
        Duration timeout = Duration.ofSeconds(15);

        assertThat(new RolloutPolicy(List.of(half), timeout, OnFailure.Pause).steps())
                .containsExactly(half, Story.step("100%", 0));
        assertThat(new RolloutPolicy(List.of(half, whole), timeout, OnFailure.Pause).steps())
                .containsExactly(half, whole);
        assertThat(RolloutPolicy.DEFAULT.steps()).containsExactly(Story.step("100%", 0));
    }

    @Test
    void durationsHaveLimits() {
        assertThatIllegalArgumentException().isThrownBy(() -> Story.step("1", -1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Step(Share.WHOLE, Duration.ofDays(366)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RolloutPolicy(List.of(), Duration.ofMillis(999), OnFailure.Pause));
    }
}
