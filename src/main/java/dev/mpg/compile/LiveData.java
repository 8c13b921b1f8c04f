package dev.mpg.compile;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.config.TrafficConfig.Endpoint;
import dev.mpg.config.TrafficConfig.ServiceRef;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Endpoints that are found rather than written: resources that are no part of a config, but to which its clusters refer. They
 * have a name of their own, so that every config of a Proxy can refer to the same ones and none is touched when they change.
 */
public final class LiveData {
    /** No name of a backend has a slash. */
    private static final Pattern NAME = Pattern.compile("([^/:]+)/([^/:]+):([0-9]{1,5})");

    private static final Comparator<Endpoint> BY_ADDRESS =
            Comparator.comparing(Endpoint::host).thenComparingInt(Endpoint::port);

    private LiveData() {}

    /** The name of a service's endpoints: {@code <namespace>/<name>:<port>}. */
    static String name(ServiceRef service) {
        return service.namespace() + "/" + service.name() + ":" + service.port();
    }

    private static Optional<ServiceRef> service(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? Optional.of(new ServiceRef(matcher.group(1), matcher.group(2), Integer.parseInt(matcher.group(3))))
                : Optional.empty();
    }

    /** The services to whose endpoints a config's clusters refer. Reads every cluster. */
    public static Set<ServiceRef> services(Snapshot config) {
        return config.resources(ResourceType.CLUSTER).stream()
                .flatMap(cluster -> service(cluster).stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Optional<ServiceRef> service(Resource cluster) {
        try {
            return service(
                    Cluster.parseFrom(cluster.bytes()).getEdsClusterConfig().getServiceName());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(cluster + " is not what a config compiles to", e);
        }
    }

    /** These services' endpoints, each in whatever order: equal ones give equal resources. */
    public static Snapshot of(Map<ServiceRef, List<Endpoint>> endpoints) {
        return Snapshot.of(endpoints.entrySet().stream()
                .map(service -> resource(service.getKey(), service.getValue()))
                .toList());
    }

    /** One service's endpoints. */
    public static Resource resource(ServiceRef service, List<Endpoint> endpoints) {
        List<Endpoint> sorted = endpoints.stream().distinct().sorted(BY_ADDRESS).toList();
        return Compiler.resource(ResourceType.ENDPOINT, name(service), Clusters.loadAssignment(name(service), sorted));
    }
}
