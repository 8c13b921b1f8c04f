package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Random configs: good ones, in which all that is referred to is there, and such with faults that Envoy refuses. */
final class RandomConfig {
    private static final List<ResourceType> TYPES = List.of(ResourceType.values());
    private static final int CLUSTERS = 5;
    private static final int ROUTES = 3;
    private static final int HOSTS = 4;
    private static final int VARIANTS = 3;

    private final Random random;
    private final List<Integer> ports;
    /** What there is: variants by type and name. Endpoints go with their cluster, routes with their listener. */
    private final Map<ResourceType, Map<String, Integer>> variants = new EnumMap<>(ResourceType.class);

    /** @param ports for the listeners, three of them */
    RandomConfig(Random random, List<Integer> ports) {
        this.random = random;
        this.ports = ports;
        for (ResourceType type : ResourceType.values()) {
            variants.put(type, new TreeMap<>());
        }
    }

    private Map<String, Integer> of(ResourceType type) {
        return variants.getOrDefault(type, Map.of());
    }

    /** The next good one: some of the last one changed, some removed, some new. */
    Snapshot next() {
        for (int i = 0; i < CLUSTERS; i++) {
            vary(CLUSTER, "c" + i);
            vary(ENDPOINT, "c" + i);
        }
        for (int i = 0; i < ROUTES; i++) {
            vary(LISTENER, "l" + i);
            vary(ROUTE, "r" + i);
            for (int j = 0; j < HOSTS; j++) {
                vary(VIRTUAL_HOST, "r" + i + "/h" + j);
            }
        }
        of(CLUSTER).putIfAbsent("c0", 0);
        of(LISTENER).putIfAbsent("l0", 0);
        of(VIRTUAL_HOST).putIfAbsent("r0/h0", 0);
        return snapshot();
    }

    private void vary(ResourceType type, String name) {
        if (random.nextInt(4) == 0) {
            if (random.nextInt(3) == 0) {
                of(type).remove(name);
            } else {
                of(type).put(name, random.nextInt(VARIANTS));
            }
        }
    }

    private Snapshot snapshot() {
        List<Resource> resources = new ArrayList<>();
        List<String> clusters = List.copyOf(of(CLUSTER).keySet());
        of(CLUSTER).forEach((name, variant) -> {
            resources.add(Configs.cluster(name, 1_000 + variant));
            resources.add(Configs.endpoints(name, 1 + of(ENDPOINT).getOrDefault(name, 0)));
        });
        of(LISTENER).forEach((name, variant) -> {
            int number = name.charAt(1) - '0';
            String route = "r" + number;
            resources.add(listener(name, ports.get(number), route, variant));
            resources.add(Configs.route(
                    route,
                    of(ROUTE).getOrDefault(route, 0) == 0
                            ? ""
                            : "x-" + of(ROUTE).get(route)));
            for (int j = 0; j < HOSTS; j++) {
                String host = "h" + j;
                Integer hostVariant = of(VIRTUAL_HOST).get(route + "/" + host);
                if (hostVariant != null) {
                    resources.add(Configs.host(route, host, clusters.get(hostVariant % clusters.size())));
                }
            }
        });
        return Snapshot.of(resources);
    }

    private static Resource listener(String name, int port, String route, int variant) {
        Listener.Builder listener = message(Configs.listener(name, port, route), Listener.newBuilder());
        if (variant > 0) {
            listener.getPerConnectionBufferLimitBytesBuilder().setValue(10_000 + variant);
        }
        return Configs.of(LISTENER, name, listener.build());
    }

    private static <B extends com.google.protobuf.Message.Builder> B message(Resource resource, B builder) {
        try {
            builder.mergeFrom(resource.bytes());
            return builder;
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    /** A config with faults. */
    record Spoilt(Snapshot snapshot, List<Resource> faults) {}

    /** The snapshot with up to three faults, in the place of good resources or beside them. */
    Spoilt spoilt(Snapshot good) {
        Snapshot bad = good;
        List<Resource> faults = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        while (faults.size() < count) {
            ResourceType type = TYPES.get(random.nextInt(TYPES.size()));
            List<Resource> own = good.resources(type);
            if (!own.isEmpty()) {
                Resource fault = spoilt(own.get(random.nextInt(own.size())));
                faults.add(fault);
                bad = Configs.with(bad, fault);
            }
        }
        return new Spoilt(bad, faults);
    }

    private Resource spoilt(Resource original) {
        boolean beside = random.nextBoolean();
        String name = original.name();
        String added = beside ? name + "-bad" : name;
        return switch (original.type()) {
            case CLUSTER -> badCluster(added);
            case ENDPOINT -> badEndpoints(name);
            case LISTENER -> badListener(added, original);
            case ROUTE -> badRoute(name);
            case VIRTUAL_HOST -> badHost(added, Content.routeOf(name));
            case SECRET -> throw new AssertionError("no config has any: " + original);
        };
    }

    /** Bytes that are no message. */
    private static Resource garbage(ResourceType type, String name) {
        return Resource.of(type, name, ByteString.copyFrom(new byte[] {0x0a, 0x7f, 0x01}));
    }

    private Resource badCluster(String name) {
        Cluster.Builder cluster = message(Configs.cluster(name, 2_000), Cluster.newBuilder());
        return switch (random.nextInt(4)) {
            case 0 -> Configs.badCluster(name);
            case 1 -> garbage(CLUSTER, name);
            case 2 ->
                Configs.of(
                        CLUSTER,
                        name,
                        cluster.setConnectTimeout(Durations.fromMillis(-1)).build());
            default ->
                Configs.of(
                        CLUSTER,
                        name,
                        cluster.setClusterType(
                                        Cluster.CustomClusterType.newBuilder().setName("nobody knows this type"))
                                .build());
        };
    }

    private Resource badEndpoints(String name) {
        return switch (random.nextInt(3)) {
            case 0 -> garbage(ENDPOINT, name);
            case 1 -> Configs.of(ENDPOINT, name, ClusterLoadAssignment.getDefaultInstance());
            default -> {
                ClusterLoadAssignment.Builder endpoints =
                        message(Configs.endpoints(name, 1), ClusterLoadAssignment.newBuilder());
                endpoints
                        .getEndpointsBuilder(0)
                        .getLbEndpointsBuilder(0)
                        .getEndpointBuilder()
                        .getAddressBuilder()
                        .getSocketAddressBuilder()
                        .setAddress("no address");
                yield Configs.of(ENDPOINT, name, endpoints.build());
            }
        };
    }

    private Resource badListener(String name, Resource original) {
        Listener.Builder listener = message(original, Listener.newBuilder().setName(name));
        listener.setName(name);
        return switch (random.nextInt(4)) {
            case 0 -> garbage(LISTENER, name);
            case 1 -> Configs.of(LISTENER, name, listener.clearFilterChains().build());
            case 2 ->
                Configs.of(
                        LISTENER,
                        name,
                        listener.clearFilterChains()
                                .addFilterChains(FilterChain.newBuilder()
                                        .addFilters(Filter.newBuilder()
                                                .setName("unknown")
                                                .setTypedConfig(
                                                        Any.newBuilder().setTypeUrl("type.googleapis.com/no.Filter"))))
                                .build());
            // No stat_prefix, which only a look into the filter's own config shows.
            default ->
                Configs.of(
                        LISTENER,
                        name,
                        message(Configs.listener("", 1, "r0"), Listener.newBuilder())
                                .setName(name)
                                .build());
        };
    }

    private Resource badRoute(String name) {
        RouteConfiguration.Builder route = RouteConfiguration.newBuilder().setName(name);
        return switch (random.nextInt(3)) {
            case 0 -> garbage(ROUTE, name);
            case 1 ->
                Configs.of(
                        ROUTE,
                        name,
                        route.addVirtualHosts(
                                        VirtualHost.newBuilder().setName("a").addDomains("x"))
                                .addVirtualHosts(
                                        VirtualHost.newBuilder().setName("b").addDomains("x"))
                                .build());
            default ->
                Configs.of(
                        ROUTE, name, route.addInternalOnlyHeaders("no\nheader").build());
        };
    }

    private Resource badHost(String name, String route) {
        String domain = name.substring(route.length() + 1);
        return switch (random.nextInt(4)) {
            case 0 -> garbage(VIRTUAL_HOST, name);
            case 1 -> Configs.badHost(route, domain);
            case 2 ->
                Configs.of(
                        VIRTUAL_HOST,
                        name,
                        VirtualHost.newBuilder().setName(name).build());
            default ->
                Configs.of(
                        VIRTUAL_HOST,
                        name,
                        VirtualHost.newBuilder()
                                .setName(name)
                                .addDomains("twice")
                                .addDomains("twice")
                                .build());
        };
    }
}
