package dev.mpg.telemetry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.protobuf.ByteString;
import java.util.Map;

/**
 * What a page answers. Immutable.
 *
 * @param status the HTTP status
 * @param contentType the Content-Type header
 * @param body the content
 */
public record HttpAnswer(int status, String contentType, ByteString body) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /** Plain text. */
    public static HttpAnswer text(int status, String text) {
        return new HttpAnswer(status, "text/plain; charset=utf-8", ByteString.copyFromUtf8(text));
    }

    /** An object, as Jackson writes it: records, maps, lists, strings, numbers. */
    public static HttpAnswer json(int status, Object value) {
        try {
            String text = JSON.writeValueAsString(value) + "\n";
            return new HttpAnswer(status, "application/json", ByteString.copyFromUtf8(text));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "no JSON can be made of a " + value.getClass().getName(), e);
        }
    }

    /** {@code {"error": message}}. */
    public static HttpAnswer error(int status, String message) {
        return json(status, Map.of("error", message));
    }

    /** The same with another content type. */
    HttpAnswer as(String otherContentType) {
        return new HttpAnswer(status, otherContentType, body);
    }
}
