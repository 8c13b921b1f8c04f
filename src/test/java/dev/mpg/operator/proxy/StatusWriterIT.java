package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.rollout.AnalysisPolicy;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.Specs;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Statuses on a real API server, which other people write to, too. */
class StatusWriterIT {
    private final KubernetesApi api = KubernetesApi.shared();
    private final StatusWriter writer = new StatusWriter(api.client(), Clock.systemUTC());
    private String namespace;

    @BeforeEach
    void applyCrds() {
        api.applyCrds();
        namespace = api.newNamespace();
    }

    @Test
    void a_status_is_written_once_and_again_when_it_differs() {
        Proxy proxy = create();
        assertThat(writer.write(proxy, observation(proxy, "one"))).isPresent();
        String version = stored().getMetadata().getResourceVersion();

        assertThat(writer.write(proxy, observation(proxy, "one"))).hasValue(List.of());
        assertThat(stored().getMetadata().getResourceVersion()).isEqualTo(version);

        assertThat(writer.write(proxy, observation(proxy, "two")))
                .as("from its own last write, though the caller's copy is older")
                .isPresent();
        assertThat(accepted(stored().getStatus())).isEqualTo("two");
    }

    @Test
    void what_was_made_from_an_older_object_is_not_written() {
        Proxy old = create();
        resource().edit(proxy -> {
            proxy.getMetadata().getAnnotations().put("edited", "by somebody");
            return proxy;
        });

        assertThat(writer.write(old, observation(old, "old"))).isEmpty();
        assertThat(stored().getStatus()).isNull();

        assertThat(writer.write(stored(), observation(stored(), "new"))).isPresent();
        assertThat(accepted(stored().getStatus())).isEqualTo("new");
    }

    @Test
    void what_was_made_from_a_proxy_that_was_replaced_does_not_reach_its_successor() {
        Proxy old = create();
        resource().delete();
        assertThat(writer.write(old, observation(old, "old"))).isEmpty();
        Proxy successor = create();

        assertThat(writer.write(old, observation(old, "old"))).isEmpty();
        assertThat(stored().getStatus()).isNull();
        assertThat(writer.write(successor, observation(successor, "new"))).isPresent();
        assertThat(accepted(stored().getStatus())).isEqualTo("new");
    }

    private Proxy create() {
        Proxy proxy = new Proxy();
        proxy.getMetadata().setNamespace(namespace);
        proxy.getMetadata().setName("shop");
        proxy.getMetadata().setAnnotations(new HashMap<>());
        proxy.setSpec(Specs.proxy(null, null, null, null));
        return api.client().resource(proxy).create();
    }

    private Resource<Proxy> resource() {
        return api.client().resources(Proxy.class).inNamespace(namespace).withName("shop");
    }

    private Proxy stored() {
        return resource().require();
    }

    private static Observation observation(Proxy proxy, String message) {
        return Observation.ofNothing(
                "edge.shop",
                new Running(
                        ResourceID.fromResource(proxy),
                        proxy.getMetadata().getUid(),
                        1,
                        new Verdict.Refused("InvalidSpec", message),
                        RolloutPolicy.DEFAULT,
                        AnalysisPolicy.DEFAULT,
                        RolloutState.NONE,
                        ""));
    }

    private static String accepted(ProxyStatus status) {
        return status.conditions().stream()
                .filter(condition -> condition.getType().equals("Accepted"))
                .findFirst()
                .orElseThrow()
                .getMessage();
    }
}
