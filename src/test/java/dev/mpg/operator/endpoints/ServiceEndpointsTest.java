package dev.mpg.operator.endpoints;

import static dev.mpg.operator.endpoints.Objects.endpoint;
import static dev.mpg.operator.endpoints.Objects.endpointPort;
import static dev.mpg.operator.endpoints.Objects.servicePort;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.operator.endpoints.Finding.Reason;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ServiceEndpointsTest {
    private static final ServiceRef REF = new ServiceRef("edge", "checkout", 80);
    private static final Service SERVICE = Objects.service("edge", "checkout", servicePort("http", 80, "TCP"));
    private static final EndpointPort HTTP = endpointPort("http", 8080, "TCP");

    private static EndpointSlice slice(EndpointPort port, Endpoint... endpoints) {
        return of("IPv4", port, endpoints);
    }

    private static EndpointSlice of(String addressType, EndpointPort port, Endpoint... endpoints) {
        return Objects.slice("edge", "checkout", "checkout-1", addressType, port, endpoints);
    }

    private static ServiceEndpoints found(Service service, EndpointSlice... slices) {
        return ServiceEndpoints.of(REF, Optional.of(service), List.of(slices));
    }

    private static Service withFamilies(String... families) {
        return new ServiceBuilder(SERVICE)
                .editSpec()
                .withIpFamilies(families)
                .endSpec()
                .build();
    }

    private static Arguments leads(String what, ServiceEndpoints found, String... to) {
        return Arguments.of(what, found, List.of(to));
    }

    static Stream<Arguments> endpoints() {
        return Stream.of(
                leads("one", found(SERVICE, slice(HTTP, endpoint("10.0.0.1"))), "10.0.0.1:8080"),
                leads(
                        "those that are ready, or don't say that they aren't",
                        found(
                                SERVICE,
                                slice(
                                        HTTP,
                                        endpoint("10.0.0.1", true, true, false),
                                        endpoint("10.0.0.2", false, true, true),
                                        endpoint("10.0.0.3", false, false, false),
                                        endpoint("10.0.0.4", null, null, null))),
                        "10.0.0.1:8080",
                        "10.0.0.4:8080"),
                leads(
                        "without a ready one, those that still serve",
                        found(
                                SERVICE,
                                slice(
                                        HTTP,
                                        endpoint("10.0.0.1", false, true, true),
                                        endpoint("10.0.0.2", false, null, true),
                                        endpoint("10.0.0.3", false, false, true),
                                        endpoint("10.0.0.4", false, true, false))),
                        "10.0.0.1:8080",
                        "10.0.0.2:8080"),
                leads(
                        "a ready one in another slice",
                        found(
                                SERVICE,
                                slice(HTTP, endpoint("10.0.0.1", false, true, true)),
                                slice(HTTP, endpoint("10.0.0.2"))),
                        "10.0.0.2:8080"),
                leads(
                        "each slice's own number of the port",
                        found(
                                SERVICE,
                                slice(HTTP, endpoint("10.0.0.1")),
                                slice(endpointPort("http", 9090, "TCP"), endpoint("10.0.0.2"))),
                        "10.0.0.1:8080",
                        "10.0.0.2:9090"),
                leads(
                        "an address in two slices, once",
                        found(SERVICE, slice(HTTP, endpoint("10.0.0.1")), slice(HTTP, endpoint("10.0.0.1"))),
                        "10.0.0.1:8080"),
                leads(
                        "a port without a name",
                        found(
                                Objects.service("edge", "checkout", servicePort(null, 80, null)),
                                slice(endpointPort("", 8080, null), endpoint("10.0.0.1"))),
                        "10.0.0.1:8080"),
                leads(
                        "the TCP port among others of that number and name",
                        found(
                                Objects.service(
                                        "edge",
                                        "checkout",
                                        servicePort("quic", 80, "UDP"),
                                        servicePort("http", 80, "TCP")),
                                new EndpointSliceBuilder(slice(HTTP, endpoint("10.0.0.1")))
                                        .withPorts(endpointPort("http", 9999, "UDP"), HTTP)
                                        .build()),
                        "10.0.0.1:8080"),
                leads(
                        "the Service's first family",
                        found(
                                withFamilies("IPv6", "IPv4"),
                                slice(HTTP, endpoint("10.0.0.1")),
                                of("IPv6", HTTP, endpoint("fd00::1"))),
                        "fd00::1:8080"),
                leads(
                        "the other family where the first has none",
                        found(withFamilies("IPv6", "IPv4"), slice(HTTP, endpoint("10.0.0.1")), of("IPv6", HTTP)),
                        "10.0.0.1:8080"),
                leads(
                        "no domain names",
                        found(
                                SERVICE,
                                of("FQDN", HTTP, endpoint("checkout.example.com")),
                                slice(HTTP, endpoint("10.0.0.1"))),
                        "10.0.0.1:8080"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void endpoints(String what, ServiceEndpoints found, List<String> to) {
        assertThat(found.endpoints())
                .extracting(each -> each.host() + ":" + each.port())
                .as(what)
                .isEqualTo(to);
        assertThat(found.finding()).isEmpty();
    }

    private static Arguments finds(ServiceEndpoints found, Reason reason, String words) {
        return Arguments.of(found, new Finding(reason, "edge/checkout:80 " + words));
    }

    static Stream<Arguments> findings() {
        return Stream.of(
                finds(
                        ServiceEndpoints.of(REF, Optional.empty(), List.of(slice(HTTP, endpoint("10.0.0.1")))),
                        Reason.ServiceNotFound,
                        "does not exist"),
                finds(
                        found(
                                Objects.service(
                                        "edge",
                                        "checkout",
                                        servicePort("dns", 80, "UDP"),
                                        servicePort("http", 8080, "TCP"),
                                        servicePort("https", 8443, null)),
                                slice(HTTP, endpoint("10.0.0.1"))),
                        Reason.ServicePortNotFound,
                        "is no TCP port of the Service, which has 8080, 8443"),
                finds(
                        found(Objects.service(
                                "edge",
                                "checkout",
                                IntStream.range(0, 9)
                                        .mapToObj(i -> servicePort("p" + i, 8000 + i, "TCP"))
                                        .toArray(ServicePort[]::new))),
                        Reason.ServicePortNotFound,
                        "is no TCP port of the Service, which has 8000, 8001, 8002, 8003, 8004, 8005, 8006, 8007, …"),
                finds(
                        found(Objects.service("edge", "checkout")),
                        Reason.ServicePortNotFound,
                        "is no TCP port of the Service, which has none"),
                finds(found(SERVICE), Reason.NoReadyEndpoints, "has no endpoint"),
                finds(found(SERVICE, slice(HTTP)), Reason.NoReadyEndpoints, "has no endpoint"),
                finds(
                        found(SERVICE, slice(HTTP, endpoint("10.0.0.1", false, false, false))),
                        Reason.NoReadyEndpoints,
                        "has no ready endpoint (1 is not ready)"),
                finds(
                        found(
                                SERVICE,
                                slice(
                                        HTTP,
                                        endpoint("10.0.0.1", false, false, false),
                                        endpoint("10.0.0.2", false, false, true)),
                                slice(HTTP, endpoint("10.0.0.1", false, false, false))),
                        Reason.NoReadyEndpoints,
                        "has no ready endpoint (2 are not ready)"),
                finds(
                        found(SERVICE, slice(endpointPort("web", 8080, "TCP"), endpoint("10.0.0.1"))),
                        Reason.NoReadyEndpoints,
                        "has no endpoint with a port named 'http'"),
                finds(
                        found(new ServiceBuilder(SERVICE)
                                .editSpec()
                                .withType("ExternalName")
                                .withExternalName("checkout.example.com")
                                .endSpec()
                                .build()),
                        Reason.NoReadyEndpoints,
                        "is a Service of type ExternalName, which has no endpoints"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource
    void findings(ServiceEndpoints found, Finding finding) {
        assertThat(found).isEqualTo(new ServiceEndpoints(List.of(), Optional.of(finding)));
    }

    @Test
    void an_empty_list_may_be_null() {
        Endpoint nowhere = new Endpoint();
        nowhere.setAddresses(null);
        EndpointSlice noPorts = slice(HTTP, endpoint("10.0.0.1"));
        noPorts.setPorts(null);
        EndpointSlice noEndpoints = slice(HTTP);
        noEndpoints.setEndpoints(null);
        Service noFamilies = withFamilies();
        noFamilies.getSpec().setIpFamilies(null);
        assertThat(found(noFamilies, noPorts, noEndpoints, slice(HTTP, nowhere)).endpoints())
                .isEmpty();

        Service nothing = Objects.service("edge", "checkout");
        nothing.getSpec().setPorts(null);
        assertThat(found(nothing).finding()).map(Finding::reason).contains(Reason.ServicePortNotFound);
    }
}
