package dev.mpg.operator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.testing.KubernetesApi;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ApiServerProbeIT {
    private final KubernetesApi api = KubernetesApi.shared();
    private final Config admin = api.client().getConfiguration();

    @Test
    void an_api_server_that_knows_our_resources_is_fine() {
        api.applyCrds();
        assertThatCode(() -> ApiServerProbe.check(admin)).doesNotThrowAnyException();
    }

    @Test
    void one_that_is_not_there_is_named() {
        Config nobody =
                new ConfigBuilder(admin).withMasterUrl("https://127.0.0.1:1/").build();
        assertThatThrownBy(() -> ApiServerProbe.check(nobody))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot use the API server at https://127.0.0.1:1/")
                .hasMessageContaining("KUBECONFIG");
    }

    @Test
    void one_that_does_not_let_us_in_says_what_to_grant() {
        api.applyCrds();
        Config stranger =
                new ConfigBuilder(admin).withImpersonateUsername("stranger").build();
        assertThatThrownBy(() -> ApiServerProbe.check(stranger))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("does not let us see our resources")
                .hasMessageContaining("stranger")
                .hasMessageContaining("grant get, list and watch");
    }
}
