package dev.mpg.match;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Fields on which the fate of a request depends and which this package doesn't understand. */
final class Foreign {
    private Foreign() {}

    /** The name of the first field that is set and that is one of these, or that is newer than the API we know. */
    static Optional<String> oneOf(Set<Integer> fields, Message message) {
        return first(message, field -> fields.contains(field.getNumber()));
    }

    /** The name of the first field that is set and that is none of these. */
    static Optional<String> otherThan(Set<Integer> fields, Message message) {
        return first(message, field -> !fields.contains(field.getNumber()));
    }

    private static Optional<String> first(Message message, Predicate<FieldDescriptor> foreign) {
        return message.getAllFields().keySet().stream()
                .filter(foreign)
                .map(FieldDescriptor::getName)
                .findFirst()
                .or(() -> message.getUnknownFields().asMap().keySet().stream()
                        .map(number -> "field " + number + " of a newer API")
                        .findFirst());
    }
}
