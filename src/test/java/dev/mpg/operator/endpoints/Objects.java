package dev.mpg.operator.endpoints;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Services and EndpointSlices as Kubernetes has them. */
final class Objects {
    private Objects() {}

    static Service service(String namespace, String name, ServicePort... ports) {
        return new ServiceBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withType("ClusterIP")
                .withPorts(ports)
                .endSpec()
                .build();
    }

    static ServicePort servicePort(@Nullable String name, int number, @Nullable String protocol) {
        return new ServicePortBuilder()
                .withName(name)
                .withPort(number)
                .withProtocol(protocol)
                .build();
    }

    static EndpointSlice slice(
            String namespace,
            String service,
            String name,
            String addressType,
            EndpointPort port,
            Endpoint... endpoints) {
        return new EndpointSliceBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .addToLabels("kubernetes.io/service-name", service)
                .endMetadata()
                .withAddressType(addressType)
                .withPorts(port)
                .withEndpoints(List.of(endpoints))
                .build();
    }

    static EndpointPort endpointPort(@Nullable String name, int number, @Nullable String protocol) {
        return new EndpointPortBuilder()
                .withName(name)
                .withPort(number)
                .withProtocol(protocol)
                .build();
    }

    /** Without conditions. */
    static Endpoint endpoint(String address) {
        return new EndpointBuilder().withAddresses(address).build();
    }

    static Endpoint endpoint(
            String address, @Nullable Boolean ready, @Nullable Boolean serving, @Nullable Boolean terminating) {
        return new EndpointBuilder(endpoint(address))
                .withNewConditions()
                .withReady(ready)
                .withServing(serving)
                .withTerminating(terminating)
                .endConditions()
                .build();
    }
}
