package dev.mpg.compile;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.Resource;

/** Resources in the form of Envoy's docs and config dump: what patches see. */
public final class ResourceJson {
    private ResourceJson() {}

    /**
     * The resource as JSON, with field names as in the proto files and without fields that have their default value.
     *
     * @throws IllegalArgumentException when it isn't what a config compiles to
     */
    public static JsonNode of(Resource resource) {
        try {
            return EnvoyJson.write(EnvoyTypes.prototype(resource.type().typeUrl())
                    .orElseThrow()
                    .getParserForType()
                    .parseFrom(resource.bytes()));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(resource + " is not what a config compiles to", e);
        }
    }
}
