package dev.mpg.compile;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.IOException;

/** Messages as bytes, equal ones as equal bytes in any JVM. */
final class Marshalling {
    private static final String TYPE_URL_PREFIX = "type.googleapis.com/";

    private Marshalling() {}

    /** Protobuf leaves the order of map entries open; deterministic serialization sorts them by key. */
    static ByteString bytes(Message message) {
        byte[] bytes = new byte[message.getSerializedSize()];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization();
        try {
            message.writeTo(out);
        } catch (IOException e) {
            throw new AssertionError("an array of the right size holds the message", e);
        }
        out.checkNoSpaceLeft();
        return ByteString.copyFrom(bytes);
    }

    /** A message within another. {@link Any#pack} would leave its map entries in any order. */
    static Any any(Message message) {
        return Any.newBuilder()
                .setTypeUrl(TYPE_URL_PREFIX + message.getDescriptorForType().getFullName())
                .setValue(bytes(message))
                .build();
    }
}
