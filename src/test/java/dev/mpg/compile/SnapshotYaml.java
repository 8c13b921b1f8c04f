package dev.mpg.compile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;

/** A snapshot as people read it: its version, and every resource with its own and its message, named as in Envoy's docs. */
final class SnapshotYaml {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .build());

    private SnapshotYaml() {}

    static String of(Snapshot snapshot) {
        ObjectNode yaml = JSON.createObjectNode();
        yaml.put("version", snapshot.version().hex());
        for (Resource resource : snapshot.resources()) {
            yaml.withArray("resources")
                    .addObject()
                    .put("type", resource.type().messageName())
                    .put("name", resource.name())
                    .put("version", resource.hash().abbreviated())
                    .set("message", json(message(resource)));
        }
        try {
            return YAML.writeValueAsString(yaml);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    static JsonNode json(Message message) {
        try {
            return JSON.readTree(JsonFormat.printer()
                    .preservingProtoFieldNames()
                    .usingTypeRegistry(EnvoyTypes.packedIn(message))
                    .print(message));
        } catch (InvalidProtocolBufferException | JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    static Message message(Resource resource) {
        try {
            return prototype(resource.type()).getParserForType().parseFrom(resource.bytes());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private static Message prototype(ResourceType type) {
        return switch (type) {
            case CLUSTER -> Cluster.getDefaultInstance();
            case ENDPOINT -> ClusterLoadAssignment.getDefaultInstance();
            case LISTENER -> Listener.getDefaultInstance();
            case ROUTE -> RouteConfiguration.getDefaultInstance();
            case VIRTUAL_HOST -> VirtualHost.getDefaultInstance();
            case SECRET -> Secret.getDefaultInstance();
        };
    }
}
