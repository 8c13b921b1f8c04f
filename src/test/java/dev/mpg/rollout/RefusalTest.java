package dev.mpg.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport.Refusal;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefusalTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cannot bind '1.2.3.4:80' | cannot bind '1.2.3.4:80'",
                "Error updating x: goo.gle/debugproto key: 1 Proto constraint validation failed (X.Key: empty)"
                        + " | Proto constraint validation failed (X.Key: empty)",
                "Error updating x: goo.gle/debugstr key: 1 ...(truncated)"
                        + " | Error updating x: (Envoy's words end before they say what is wrong)",
            })
    void whatEnvoyPrintsIsLeftOut(String message, String summary) {
        Refusal refusal = new Refusal("type", message, List.of("x"));
        assertThat(refusal.summary()).isEqualTo(summary);
        assertThat(refusal.summarized().message()).isEqualTo(summary);
    }
}
