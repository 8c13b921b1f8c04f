package dev.mpg.operator.endpoints;

import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.operator.endpoints.Finding.Reason;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a port of a Service leads to, as kube-proxy has it: the endpoints that are ready; when there is none, those that still
 * serve while they end. Only TCP. Pure.
 *
 * @param endpoints each once
 * @param finding what is wrong; empty when there are endpoints
 * @see <a href="https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/">EndpointSlices</a>
 * @see <a href="https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints">KEP-1669,
 *     terminating endpoints</a>
 */
record ServiceEndpoints(List<Endpoint> endpoints, Optional<Finding> finding) {
    private static final String IPV4 = "IPv4";
    private static final String IPV6 = "IPv6";
    private static final String PROTOCOL = "TCP";
    private static final int PORTS_SHOWN = 8;

    ServiceEndpoints {
        endpoints = List.copyOf(endpoints);
    }

    /** What a slice says of one address. */
    private record Candidate(Endpoint endpoint, boolean ready, boolean serving, boolean terminating) {}

    /**
     * Finds them.
     *
     * @param slices of this Service
     */
    static ServiceEndpoints of(ServiceRef ref, Optional<Service> service, Collection<EndpointSlice> slices) {
        if (service.isEmpty()) {
            return none(Reason.ServiceNotFound, ref, "does not exist");
        }
        if ("ExternalName".equals(service.get().getSpec().getType())) {
            return none(Reason.NoReadyEndpoints, ref, "is a Service of type ExternalName, which has no endpoints");
        }
        Optional<ServicePort> port = port(ref, service.get());
        if (port.isEmpty()) {
            return none(Reason.ServicePortNotFound, ref, "is no TCP port of the Service, " + ports(service.get()));
        }
        String name = orEmpty(port.get().getName());
        List<EndpointSlice> family = ofOneFamily(service.get(), slices);
        return of(ref, name, candidates(name, family), family);
    }

    private static ServiceEndpoints of(
            ServiceRef ref, String portName, List<Candidate> candidates, List<EndpointSlice> slices) {
        Set<Endpoint> all = candidates.stream().map(Candidate::endpoint).collect(Collectors.toSet());
        Set<Endpoint> used = new LinkedHashSet<>();
        candidates.stream().filter(Candidate::ready).map(Candidate::endpoint).forEach(used::add);
        if (used.isEmpty()) {
            candidates.stream()
                    .filter(candidate -> candidate.serving() && candidate.terminating())
                    .map(Candidate::endpoint)
                    .forEach(used::add);
        }
        if (!used.isEmpty()) {
            return new ServiceEndpoints(List.copyOf(used), Optional.empty());
        } else if (!all.isEmpty()) {
            return none(
                    Reason.NoReadyEndpoints,
                    ref,
                    "has no ready endpoint (" + all.size() + (all.size() == 1 ? " is" : " are") + " not ready)");
        }
        return none(
                Reason.NoReadyEndpoints,
                ref,
                slices.isEmpty() ? "has no endpoint" : "has no endpoint with a port named '" + portName + "'");
    }

    private static ServiceEndpoints none(Reason reason, ServiceRef ref, String found) {
        return new ServiceEndpoints(List.of(), Optional.of(new Finding(reason, words(ref) + " " + found)));
    }

    /** As people name it: {@code edge/checkout:80}. */
    static String words(ServiceRef ref) {
        return ref.namespace() + "/" + ref.name() + ":" + ref.port();
    }

    private static Optional<ServicePort> port(ServiceRef ref, Service service) {
        return tcpPorts(service).filter(port -> port.getPort() == ref.port()).findFirst();
    }

    private static Stream<ServicePort> tcpPorts(Service service) {
        return orEmpty(service.getSpec().getPorts()).stream().filter(port -> isTcp(port.getProtocol()));
    }

    private static String ports(Service service) {
        List<String> ports =
                tcpPorts(service).map(port -> port.getPort().toString()).toList();
        return ports.isEmpty()
                ? "which has none"
                : "which has " + String.join(", ", ports.subList(0, Math.min(PORTS_SHOWN, ports.size())))
                        + (ports.size() > PORTS_SHOWN ? ", …" : "");
    }

    /** The slices that have endpoints: of the Service's first address family, else of the other one. */
    private static List<EndpointSlice> ofOneFamily(Service service, Collection<EndpointSlice> slices) {
        List<String> families = orEmpty(service.getSpec().getIpFamilies());
        Stream<String> order =
                !families.isEmpty() && families.getFirst().equals(IPV6) ? Stream.of(IPV6, IPV4) : Stream.of(IPV4, IPV6);
        return order.map(family -> slices.stream()
                        .filter(slice -> family.equals(slice.getAddressType())
                                && !orEmpty(slice.getEndpoints()).isEmpty())
                        .toList())
                .filter(found -> !found.isEmpty())
                .findFirst()
                .orElse(List.of());
    }

    private static List<Candidate> candidates(String portName, List<EndpointSlice> slices) {
        return slices.stream()
                .flatMap(slice -> portNumber(portName, slice).stream()
                        .flatMap(number -> orEmpty(slice.getEndpoints()).stream()
                                // An endpoint is its first address; others are ignored, as kube-proxy does.
                                .filter(endpoint ->
                                        !orEmpty(endpoint.getAddresses()).isEmpty())
                                .map(endpoint -> candidate(
                                        new Endpoint(endpoint.getAddresses().getFirst(), number),
                                        endpoint.getConditions()))))
                .toList();
    }

    private static Optional<Integer> portNumber(String name, EndpointSlice slice) {
        return orEmpty(slice.getPorts()).stream()
                .filter(port -> orEmpty(port.getName()).equals(name) && isTcp(port.getProtocol()))
                .map(EndpointPort::getPort)
                .filter(number -> number != null)
                .findFirst();
    }

    /** What isn't said is true of ready and serving, and not of terminating. */
    private static Candidate candidate(Endpoint endpoint, @Nullable EndpointConditions conditions) {
        return conditions == null
                ? new Candidate(endpoint, true, true, false)
                : new Candidate(
                        endpoint,
                        !Boolean.FALSE.equals(conditions.getReady()),
                        !Boolean.FALSE.equals(conditions.getServing()),
                        Boolean.TRUE.equals(conditions.getTerminating()));
    }

    private static boolean isTcp(@Nullable String protocol) {
        return protocol == null || protocol.equals(PROTOCOL);
    }

    private static String orEmpty(@Nullable String name) {
        return name == null ? "" : name;
    }

    /** The API server writes an empty list as null. */
    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
