package dev.mpg.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.google.protobuf.Descriptors.Descriptor;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ResourceTypeTest {
    /** Another number would make every version another one, and confuse instances of different releases. */
    @Test
    void numbersNeverChange() {
        assertThat(Arrays.stream(ResourceType.values())
                        .collect(Collectors.toMap(ResourceType::number, ResourceType::name)))
                .containsOnly(
                        entry(1, "CLUSTER"),
                        entry(2, "ENDPOINT"),
                        entry(3, "LISTENER"),
                        entry(4, "ROUTE"),
                        entry(5, "VIRTUAL_HOST"),
                        entry(6, "SECRET"));
    }

    /** Snapshots are hashed and sorted in the order of declaration, which their definition calls that of the numbers. */
    @Test
    void areDeclaredInTheOrderOfTheirNumbers() {
        assertThat(ResourceType.values()).extracting(ResourceType::number).isSorted();
    }

    @Test
    void typeUrlsNameTheMessages() {
        Map<ResourceType, Descriptor> messages = Map.of(
                ResourceType.CLUSTER, Cluster.getDescriptor(),
                ResourceType.ENDPOINT, ClusterLoadAssignment.getDescriptor(),
                ResourceType.LISTENER, Listener.getDescriptor(),
                ResourceType.ROUTE, RouteConfiguration.getDescriptor(),
                ResourceType.VIRTUAL_HOST, VirtualHost.getDescriptor(),
                ResourceType.SECRET, Secret.getDescriptor());
        for (ResourceType type : ResourceType.values()) {
            Descriptor message = Objects.requireNonNull(messages.get(type));
            assertThat(type.typeUrl()).isEqualTo("type.googleapis.com/" + message.getFullName());
            assertThat(type.messageName()).isEqualTo(message.getName());
        }
    }

    @Test
    void areFoundByNumberAndTypeUrl() {
        for (ResourceType type : ResourceType.values()) {
            assertThat(ResourceType.ofNumber(type.number())).contains(type);
            assertThat(ResourceType.ofTypeUrl(type.typeUrl())).contains(type);
        }
        assertThat(ResourceType.ofNumber(0)).isEmpty();
        assertThat(ResourceType.ofNumber(7)).isEmpty();
        assertThat(ResourceType.ofTypeUrl("type.googleapis.com/envoy.service.runtime.v3.Runtime"))
                .isEmpty();
    }
}
