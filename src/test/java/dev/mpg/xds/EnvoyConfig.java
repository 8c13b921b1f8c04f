package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The whole config of an Envoy in a form in which what it runs, by its own {@code /config_dump}, can be compared with what a
 * snapshot says: by type and name, as text. Two that are equal have the same names with the same content and nothing else.
 *
 * <p>Of a RouteConfiguration the virtual hosts are separate, in both variants of the protocol. Of endpoints the dump holds
 * what Envoy made of them, so they are compared by region, address and weight.
 */
record EnvoyConfig(Map<ResourceType, Map<String, String>> resources) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonFormat.Parser PARSER = JsonFormat.parser()
            .usingTypeRegistry(TypeRegistry.newBuilder()
                    .add(HTTPFault.getDescriptor())
                    .add(HttpConnectionManager.getDescriptor())
                    .add(Router.getDescriptor())
                    .build());

    private EnvoyConfig() {
        this(new EnumMap<>(ResourceType.class));
        for (ResourceType type : ResourceType.values()) {
            resources.put(type, new TreeMap<>());
        }
    }

    /** What the snapshot says. */
    static EnvoyConfig of(Snapshot snapshot) throws IOException {
        EnvoyConfig config = new EnvoyConfig();
        for (Resource resource : snapshot.resources()) {
            switch (resource.type()) {
                case CLUSTER -> config.put(CLUSTER, resource.name(), Cluster.parseFrom(resource.bytes()));
                case ENDPOINT -> config.add(ClusterLoadAssignment.parseFrom(resource.bytes()));
                case LISTENER -> config.put(LISTENER, resource.name(), Listener.parseFrom(resource.bytes()));
                case ROUTE -> config.add(RouteConfiguration.parseFrom(resource.bytes()));
                case VIRTUAL_HOST -> config.put(VIRTUAL_HOST, resource.name(), VirtualHost.parseFrom(resource.bytes()));
                case SECRET -> throw new AssertionError("no config has any: " + resource);
            }
        }
        return config;
    }

    /**
     * What the Envoy runs now. A cluster or listener that is still warming is there twice. A RouteConfiguration that no active
     * listener uses is not there: Envoy keeps it for connections that are being drained, for minutes, whatever it's told.
     */
    static EnvoyConfig of(Envoy envoy) throws IOException, InterruptedException {
        EnvoyConfig config = new EnvoyConfig();
        Set<String> active = new TreeSet<>();
        JsonNode dump = JSON.readTree(envoy.get("/config_dump?include_eds")).path("configs");
        for (JsonNode section : dump) {
            for (JsonNode cluster : section.path("dynamic_active_clusters")) {
                config.put(CLUSTER, parse(cluster.path("cluster"), Cluster.newBuilder()));
            }
            for (JsonNode cluster : section.path("dynamic_warming_clusters")) {
                config.put(CLUSTER, cluster.at("/cluster/name").asText() + " (warming)", cluster.toString());
            }
            for (JsonNode endpoints : section.path("dynamic_endpoint_configs")) {
                config.add((ClusterLoadAssignment)
                        parse(endpoints.path("endpoint_config"), ClusterLoadAssignment.newBuilder()));
            }
            for (JsonNode listener : section.path("dynamic_listeners")) {
                JsonNode running = listener.at("/active_state/listener");
                if (!running.isMissingNode()) {
                    config.put(LISTENER, parse(running, Listener.newBuilder()));
                    active.addAll(running.findValuesAsText("route_config_name"));
                }
                if (listener.has("warming_state")) {
                    config.put(LISTENER, listener.path("name").asText() + " (warming)", listener.toString());
                }
            }
        }
        for (JsonNode section : dump) {
            for (JsonNode route : section.path("dynamic_route_configs")) {
                JsonNode running = route.path("route_config");
                if (active.contains(running.path("name").asText())) {
                    config.add((RouteConfiguration) parse(running, RouteConfiguration.newBuilder()));
                }
            }
        }
        return config;
    }

    private static Message parse(JsonNode json, Message.Builder into) throws IOException {
        ((com.fasterxml.jackson.databind.node.ObjectNode) json).remove("@type");
        PARSER.merge(json.toString(), into);
        return into.build();
    }

    private void put(ResourceType type, Message message) {
        Object name = message.getField(message.getDescriptorForType().findFieldByName("name"));
        put(type, name.toString(), message);
    }

    private void put(ResourceType type, String name, Object content) {
        resources.getOrDefault(type, Map.of()).merge(name, content.toString(), (one, other) -> one + " and " + other);
    }

    private void add(RouteConfiguration route) {
        put(ROUTE, route.toBuilder().clearVirtualHosts().clearVhds().build());
        route.getVirtualHostsList().forEach(host -> put(VIRTUAL_HOST, host));
    }

    private void add(ClusterLoadAssignment endpoints) {
        Set<String> addresses = new TreeSet<>();
        for (LocalityLbEndpoints locality : endpoints.getEndpointsList()) {
            for (LbEndpoint endpoint : locality.getLbEndpointsList()) {
                SocketAddress address = endpoint.getEndpoint().getAddress().getSocketAddress();
                addresses.add(locality.getLocality().getRegion() + " " + address.getAddress() + ":"
                        + address.getPortValue() + " "
                        + Math.max(1, endpoint.getLoadBalancingWeight().getValue()));
            }
        }
        put(ENDPOINT, endpoints.getClusterName(), addresses);
    }

    /** What the other has otherwise, for a person; empty when they are equal. */
    String differenceTo(EnvoyConfig other) {
        StringBuilder text = new StringBuilder();
        for (ResourceType type : ResourceType.values()) {
            Map<String, String> mine = resources.getOrDefault(type, Map.of());
            Map<String, String> others = other.resources.getOrDefault(type, Map.of());
            Set<String> names = new TreeSet<>(mine.keySet());
            names.addAll(others.keySet());
            for (String name : names) {
                String one = mine.getOrDefault(name, "nothing");
                String two = others.getOrDefault(name, "nothing");
                if (!one.equals(two)) {
                    text.append("%n%s %s:%n<<<%n%s%n===%n%s%n>>>".formatted(type, name, one.strip(), two.strip()));
                }
            }
        }
        return text.toString();
    }
}
