package dev.mpg.operator.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.testing.KubernetesApi;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import java.time.Clock;
import org.junit.jupiter.api.Test;

/** Events on a real API server. */
class EventRecorderIT {
    @Test
    void the_same_warning_again_is_one_event_that_counts_and_says_the_latest() {
        KubernetesApi api = KubernetesApi.shared();
        String namespace = api.newNamespace();
        ConfigMap object = api.client()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("shop")
                        .endMetadata()
                        .build())
                .create();
        EventRecorder events = new EventRecorder(api.client(), Clock.systemUTC());

        events.record(object, Notice.warning("CommandIgnored", "one"));
        events.record(object, Notice.warning("CommandIgnored", "two"));
        events.record(object, Notice.warning("CommandIgnored", "three"));

        assertThat(api.client().v1().events().inNamespace(namespace).list().getItems())
                .singleElement()
                .extracting(Event::getCount, Event::getMessage)
                .containsExactly(3, "three");
    }
}
