package dev.mpg.compile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;

/**
 * Messages as Envoy's docs and config dump show them: protobuf's JSON form, with field names as in the proto files. Fields
 * that have their default value are left out.
 */
final class EnvoyJson {
    /** Sorted, so that map entries within an Any get their order from the content and not from who wrote it. */
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED).build();

    private EnvoyJson() {}

    /** The message as JSON, which {@link #read} makes the same bytes of. */
    static JsonNode write(Message message) {
        try {
            return JSON.readTree(JsonFormat.printer()
                    .preservingProtoFieldNames()
                    .usingTypeRegistry(EnvoyTypes.packedIn(message))
                    .print(message));
        } catch (InvalidProtocolBufferException | JsonProcessingException e) {
            throw new AssertionError("what was compiled can be written", e);
        }
    }

    /**
     * A message of the type of {@code prototype}.
     *
     * @throws InvalidProtocolBufferException when {@code json} isn't one; its message says why
     */
    static Message read(JsonNode json, Message prototype) throws InvalidProtocolBufferException {
        Message.Builder message = prototype.newBuilderForType();
        try {
            JsonFormat.parser()
                    .usingTypeRegistry(EnvoyTypes.namedIn(json))
                    .merge(JSON.writeValueAsString(json), message);
        } catch (JsonProcessingException e) {
            throw new AssertionError("a tree of JSON values can be written", e);
        }
        return message.build();
    }
}
