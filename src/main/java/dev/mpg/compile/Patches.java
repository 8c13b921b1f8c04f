package dev.mpg.compile;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.TrafficConfig;
import dev.mpg.config.TrafficConfig.EnvoyPatch;
import dev.mpg.config.TrafficConfig.Operation;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import io.fabric8.zjsonpatch.JsonPatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A config's patches, done on the resources that the rest of it compiles to. A patch has to apply and to leave a message of
 * the same type and name; what Envoy thinks of it is left to Envoy. A resource without a patch is not touched.
 */
final class Patches {
    /** As deep as protobuf reads. */
    private static final int MAX_DEPTH = 100;

    /** What all patched resources together may come to, by {@link #size}: copies of copies would fill any memory. */
    private static final long MAX_SIZE = 32L << 20;

    /** What a value weighs beside its text. */
    private static final int VALUE_SIZE = 16;

    /** Characters of a problem, into which libraries may put whole resources. */
    private static final int MAX_FOUND = 400;

    private final TrafficConfig config;
    private final List<Resource> resources;
    private final Map<Target, Integer> positions = new HashMap<>();
    private final List<Problem> problems = new ArrayList<>();
    private long sizeLeft = MAX_SIZE;

    private record Target(ResourceType type, String name) {}

    /** A patch that can't be used. */
    private static final class PatchRefusedException extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Problem problem;

        PatchRefusedException(Origin origin, String found, String remedy) {
            this.problem = new Problem(
                    origin, found.length() > MAX_FOUND ? found.substring(0, MAX_FOUND) + "…" : found, remedy);
        }

        PatchRefusedException(Origin origin, String found, Exception cause, String remedy) {
            this(origin, found + ": " + requireNonNullElse(cause.getMessage(), "a value has the wrong type"), remedy);
        }
    }

    private Patches(TrafficConfig config, List<Resource> resources) {
        this.config = config;
        this.resources = resources;
        for (int i = 0; i < resources.size(); i++) {
            positions.put(new Target(resources.get(i).type(), resources.get(i).name()), i);
        }
    }

    /**
     * Puts patched resources in the place of theirs. Returns why patches can't be used, of each the first reason.
     *
     * @param resources what the config compiles to without its patches
     */
    static List<Problem> apply(TrafficConfig config, List<Resource> resources) {
        if (config.envoyPatches().isEmpty()) {
            return List.of();
        }
        Patches applied = new Patches(config, resources);
        config.envoyPatches().forEach(applied::apply);
        return applied.problems;
    }

    /** The xDS type of the resources that a patch calls so. */
    static ResourceType type(EnvoyResource type) {
        return switch (type) {
            case Listener -> ResourceType.LISTENER;
            case RouteConfiguration -> ResourceType.ROUTE;
            case VirtualHost -> ResourceType.VIRTUAL_HOST;
            case Cluster -> ResourceType.CLUSTER;
            case ClusterLoadAssignment -> ResourceType.ENDPOINT;
        };
    }

    private void apply(EnvoyPatch patch) {
        Integer position = positions.get(new Target(type(patch.type()), patch.name()));
        if (position == null) {
            problems.add(withoutTarget(patch));
            return;
        }
        try {
            resources.set(position, patched(resources.get(position), patch));
        } catch (PatchRefusedException e) {
            problems.add(e.problem);
        }
    }

    private Problem withoutTarget(EnvoyPatch patch) {
        Origin name = patch.origin().field("name");
        return config.backends().stream()
                .filter(backend -> patch.type() == EnvoyResource.ClusterLoadAssignment
                        && backend.service().isPresent())
                .filter(backend -> patch.name().equals(backend.name())
                        || Clusters.loadAssignmentName(backend)
                                .filter(patch.name()::equals)
                                .isPresent())
                .findFirst()
                .map(backend -> new Problem(
                        name,
                        "the endpoints of backend " + backend.name() + " come from its Service and can't be patched",
                        "patch Cluster " + backend.name() + ", or write endpoints instead of the service"))
                .orElseGet(() -> new Problem(
                        name,
                        "the spec compiles to no " + patch.type() + " named " + patch.name(),
                        "name one that it does"));
    }

    private Resource patched(Resource resource, EnvoyPatch patch) throws PatchRefusedException {
        Message message = message(resource);
        JsonNode original = EnvoyJson.write(message);
        JsonNode json = original;
        for (Operation operation : patch.operations()) {
            json = done(operation, json);
        }
        Message patched;
        try {
            patched = EnvoyJson.read(json, message);
        } catch (InvalidProtocolBufferException e) {
            throw unreadable(patch, json, e, culprit(patch, original, message));
        }
        String nameField = resource.type() == ResourceType.ENDPOINT ? "cluster_name" : "name";
        if (!resource.name()
                .equals(patched.getField(patched.getDescriptorForType().findFieldByName(nameField)))) {
            throw new PatchRefusedException(
                    patch.origin(), "it changes the resource's " + nameField, "leave /" + nameField + " as it is");
        }
        sizeLeft -= size(json, 0);
        return Resource.of(resource.type(), resource.name(), Marshalling.bytes(patched));
    }

    private static Message message(Resource resource) {
        try {
            return EnvoyTypes.prototype(resource.type().typeUrl())
                    .orElseThrow()
                    .getParserForType()
                    .parseFrom(resource.bytes());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("what was compiled can be read", e);
        }
    }

    /** What is left of {@code json}, which isn't changed, after the operation. */
    private JsonNode done(Operation operation, JsonNode json) throws PatchRefusedException {
        switch (operation.op()) {
            case remove, replace, test ->
                find(operation.path(), json, operation.origin().field("path"));
            case move, copy ->
                find(operation.from().orElseThrow(), json, operation.origin().field("from"));
            case add -> {}
        }
        JsonNode after;
        try {
            after = JsonPatch.apply(rfc6902(operation), json);
        } catch (RuntimeException e) {
            // Of many types, by what the path runs into.
            throw new PatchRefusedException(
                    operation.origin(),
                    operation.op() + " '" + operation.path() + "' doesn't apply",
                    e,
                    "look at the resource in Envoy's config dump");
        }
        if (size(after, 0) > sizeLeft) {
            throw new PatchRefusedException(
                    operation.origin(), "the patched resources get too large or too deep", "add less");
        }
        return after;
    }

    /** The library takes the removal of nothing for done. */
    private static void find(String pointer, JsonNode json, Origin origin) throws PatchRefusedException {
        if (json.at(JsonPointer.compile(pointer)).isMissingNode()) {
            throw new PatchRefusedException(
                    origin,
                    "there is nothing at " + pointer,
                    "correct it; a field that has its default value isn't there, and add sets it");
        }
    }

    private static ArrayNode rfc6902(Operation operation) {
        ArrayNode patch = JsonNodeFactory.instance.arrayNode();
        ObjectNode only = patch.addObject().put("op", operation.op().name()).put("path", operation.path());
        operation.from().ifPresent(from -> only.put("from", from));
        operation.value().ifPresent(value -> only.set("value", value));
        return patch;
    }

    /** The operation after which {@code json} was never again a message like this one. */
    private Origin culprit(EnvoyPatch patch, JsonNode original, Message message) throws PatchRefusedException {
        JsonNode json = original;
        Origin culprit = patch.origin();
        boolean readable = true;
        for (Operation operation : patch.operations()) {
            json = done(operation, json);
            boolean wasReadable = readable;
            readable = isReadable(json, message);
            if (wasReadable && !readable) {
                culprit = operation.origin();
            }
        }
        return culprit;
    }

    private static boolean isReadable(JsonNode json, Message like) {
        try {
            EnvoyJson.read(json, like);
            return true;
        } catch (InvalidProtocolBufferException e) {
            return false;
        }
    }

    private static PatchRefusedException unreadable(
            EnvoyPatch patch, JsonNode json, InvalidProtocolBufferException cause, Origin culprit) {
        return EnvoyTypes.unknownIn(json)
                .map(type -> new PatchRefusedException(
                        culprit,
                        "there is no type " + type + " in Envoy's API",
                        "correct it; the config of an extension of your own goes into a xds.type.v3.TypedStruct"))
                .orElseGet(() -> new PatchRefusedException(
                        culprit,
                        "what comes of it is no " + patch.type(),
                        cause,
                        "write the fields as in Envoy's API"));
    }

    /** In characters, roughly; over the limit when {@code json} is too deep. */
    private static long size(JsonNode json, int depth) {
        if (depth > MAX_DEPTH) {
            return MAX_SIZE + 1;
        }
        long size = (long) VALUE_SIZE + (json.isValueNode() ? json.asText().length() : 0);
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            size += field.getKey().length();
        }
        for (JsonNode inner : json) {
            size += size(inner, depth + 1);
        }
        return size;
    }
}
