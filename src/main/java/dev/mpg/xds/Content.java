package dev.mpg.xds;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.compile.LiveData;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot, with its live data, and what streams must know about its resources, found out when it's first needed and then shared by all of
 * them. Thread-safe.
 */
final class Content {
    private final Snapshot snapshot;
    private final String version;
    private final Snapshot live;
    private final Config config;
    private final Map<ResourceType, String> listVersions = new ConcurrentHashMap<>();

    /** What has nothing to do with live data. */
    private static final class Config {
        private final Snapshot snapshot;
        private final Map<Resource, Optional<String>> endpointNames = new ConcurrentHashMap<>();
        private @Nullable Set<String> endpointsNamed;
        private @Nullable Set<String> secretsNamed;
        private @Nullable Map<String, List<Resource>> hostsByRoute;
        private @Nullable List<Resource> routesWithHosts;

        Config(Snapshot snapshot) {
            this.snapshot = snapshot;
        }

        /** The names by which its clusters ask for endpoints. */
        synchronized Set<String> endpointsNamed() {
            Set<String> known = endpointsNamed;
            if (known == null) {
                known = snapshot.resources(ResourceType.CLUSTER).stream()
                        .flatMap(cluster -> endpointName(cluster).stream())
                        .collect(Collectors.toUnmodifiableSet());
                endpointsNamed = known;
            }
            return known;
        }

        /** The names by which its clusters and listeners ask for secrets. */
        synchronized Set<String> secretsNamed() {
            Set<String> known = secretsNamed;
            if (known == null) {
                known = LiveData.secretNames(snapshot);
                secretsNamed = known;
            }
            return known;
        }

        boolean refersTo(Resource data) {
            return switch (data.type()) {
                case ENDPOINT -> endpointsNamed().contains(data.name());
                case SECRET -> secretsNamed().contains(data.name());
                case CLUSTER, LISTENER, ROUTE, VIRTUAL_HOST -> false;
            };
        }

        Optional<String> endpointName(Resource cluster) {
            return endpointNames.computeIfAbsent(cluster, Content::readEndpointName);
        }
    }

    /** A config without live data. */
    Content(Snapshot snapshot) {
        this(snapshot, Snapshot.EMPTY, new Config(snapshot));
    }

    private Content(Snapshot snapshot, Snapshot live, Config config) {
        this.snapshot = snapshot;
        this.live = live;
        this.config = config;
        this.version = snapshot.configVersion().hex();
    }

    /** The same config with what it refers to of this live data. */
    Content with(Snapshot data) {
        if (data.equals(live)) {
            return this;
        }
        Snapshot named = data.size() == 0
                ? data
                : Snapshot.of(data.resources().stream().filter(config::refersTo).toList());
        return new Content(config.snapshot.withLive(named), data, config);
    }

    /** Whether these are names of live data only. */
    boolean isLive(ResourceType type, Collection<String> names) {
        if (type == ResourceType.SECRET) {
            return !names.isEmpty();
        }
        return live.size() > 0
                && !names.isEmpty()
                && names.stream()
                        .allMatch(name -> config.snapshot.resource(type, name).isEmpty()
                                && snapshot.resource(type, name).isPresent());
    }

    Snapshot snapshot() {
        return snapshot;
    }

    /** All digits of the config's version. */
    String version() {
        return version;
    }

    /** The name by which this cluster asks for its endpoints, empty when it doesn't. */
    Optional<String> endpointName(Resource cluster) {
        return config.endpointName(cluster);
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

    private Map<String, List<Resource>> hostsByRoute() {
        synchronized (config) {
            Map<String, List<Resource>> known = config.hostsByRoute;
            if (known == null) {
                known = new TreeMap<>();
                for (Resource host : config.snapshot.resources(ResourceType.VIRTUAL_HOST)) {
                    known.computeIfAbsent(routeOf(host.name()), route -> new ArrayList<>())
                            .add(host);
                }
                config.hostsByRoute = known;
            }
            return known;
        }
    }

    /** The RouteConfigurations with their virtual hosts inside, for clients to which these can't be sent on their own. */
    List<Resource> routesWithHosts() {
        synchronized (config) {
            List<Resource> known = config.routesWithHosts;
            if (known == null) {
                List<Resource> composed = new ArrayList<>();
                for (Resource route : config.snapshot.resources(ResourceType.ROUTE)) {
                    composed.add(RouteComposition.withHosts(route, hostsOf(route.name())));
                }
                known = List.copyOf(composed);
                config.routesWithHosts = known;
            }
            return known;
        }
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
