package dev.mpg.xds;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot with what streams must know about its resources, found out when it's first needed and then shared by all of
 * them. Thread-safe.
 */
final class Content {
    private final Snapshot snapshot;
    private final String version;
    private final Map<Resource, Optional<String>> endpointNames = new ConcurrentHashMap<>();
    private final Map<ResourceType, String> listVersions = new ConcurrentHashMap<>();
    private @Nullable Map<String, List<Resource>> hostsByRoute;
    private @Nullable List<Resource> routesWithHosts;

    Content(Snapshot snapshot) {
        this.snapshot = snapshot;
        this.version = snapshot.version().hex();
    }

    Snapshot snapshot() {
        return snapshot;
    }

    /** All digits of the snapshot's version. */
    String version() {
        return version;
    }

    /** The name by which this cluster asks for its endpoints, empty when it doesn't. */
    Optional<String> endpointName(Resource cluster) {
        return endpointNames.computeIfAbsent(cluster, Content::readEndpointName);
    }

    private static Optional<String> readEndpointName(Resource resource) {
        try {
            Cluster cluster = Cluster.parseFrom(resource.bytes());
            if (cluster.getType() != Cluster.DiscoveryType.EDS) {
                return Optional.empty();
            }
            String service = cluster.getEdsClusterConfig().getServiceName();
            return Optional.of(service.isEmpty() ? resource.name() : service);
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty(); // The gateway will refuse the cluster, in its own words.
        }
    }

    /** The snapshot's own instance of a resource's name, so that thousands of streams don't hold one each. */
    String sharedName(ResourceType type, String name) {
        return snapshot.resource(type, name).map(Resource::name).orElse(name);
    }

    /** The virtual hosts that belong to the RouteConfiguration with this name. */
    List<Resource> hostsOf(String route) {
        return hostsByRoute().getOrDefault(route, List.of());
    }

    /** Names of the virtual hosts that belong to this RouteConfiguration in a snapshot. */
    static List<String> hostNames(Snapshot snapshot, String route) {
        return snapshot.resources(ResourceType.VIRTUAL_HOST).stream()
                .map(Resource::name)
                .filter(name -> routeOf(name).equals(route))
                .toList();
    }

    /** The name of the RouteConfiguration to which a virtual host belongs: Envoy takes what stands before the last slash. */
    static String routeOf(String virtualHost) {
        return virtualHost.substring(0, Math.max(virtualHost.lastIndexOf('/'), 0));
    }

    private synchronized Map<String, List<Resource>> hostsByRoute() {
        Map<String, List<Resource>> known = hostsByRoute;
        if (known == null) {
            known = new TreeMap<>();
            for (Resource host : snapshot.resources(ResourceType.VIRTUAL_HOST)) {
                known.computeIfAbsent(routeOf(host.name()), route -> new ArrayList<>())
                        .add(host);
            }
            hostsByRoute = known;
        }
        return known;
    }

    /** The RouteConfigurations with their virtual hosts inside, for clients to which these can't be sent on their own. */
    synchronized List<Resource> routesWithHosts() {
        List<Resource> known = routesWithHosts;
        if (known == null) {
            List<Resource> composed = new ArrayList<>();
            for (Resource route : snapshot.resources(ResourceType.ROUTE)) {
                composed.add(RouteComposition.withHosts(route, hostsOf(route.name())));
            }
            known = List.copyOf(composed);
            routesWithHosts = known;
        }
        return known;
    }

    /** The version of a list of resources of one type: equal exactly when they are. */
    String versionOf(ResourceType type, List<Resource> resources) {
        boolean all = resources.equals(snapshot.resources(type));
        return all ? listVersions.computeIfAbsent(type, t -> hash(resources)) : hash(resources);
    }

    private static String hash(List<Resource> resources) {
        ContentHash hash = Snapshot.of(resources).version();
        return hash.hex();
    }
}
