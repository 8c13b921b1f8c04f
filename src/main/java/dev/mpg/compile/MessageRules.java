package dev.mpg.compile;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import com.google.re2j.Pattern;
import io.envoyproxy.pgv.validate.Validate;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import io.envoyproxy.pgv.validate.Validate.RepeatedRules;
import io.envoyproxy.pgv.validate.Validate.StringRules;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The rules that Envoy's API has for its messages, and that Envoy refuses a message for: they stand as options in the API's own
 * descriptors, so none is written here. Made for many messages: it keeps what it learns of their types. Not thread-safe.
 *
 * @see <a href="https://github.com/bufbuild/protoc-gen-validate">protoc-gen-validate</a>
 */
final class MessageRules {
    /** What a message's type demands, of fields that demand something or have messages in them. */
    private record Demands(List<OneofDescriptor> oneofs, List<FieldDescriptor> fields) {}

    private static final Set<Integer> UNSIGNED = Set.of(
            FieldRules.UINT32_FIELD_NUMBER,
            FieldRules.UINT64_FIELD_NUMBER,
            FieldRules.FIXED32_FIELD_NUMBER,
            FieldRules.FIXED64_FIELD_NUMBER);

    private static final String WRAPPERS = "google.protobuf.";

    private final Map<Descriptor, Demands> demands = new HashMap<>();
    private final Map<String, Pattern> patterns = new HashMap<>();
    private List<String> violations = new ArrayList<>();

    /** What is wrong with a message, and those packed in it: the field's path, in snake_case, and what it must be. */
    List<String> violations(Message message) {
        violations = new ArrayList<>();
        check(message, "");
        return violations;
    }

    private Demands demands(Descriptor type) {
        return demands.computeIfAbsent(
                type,
                _ -> new Demands(
                        type.getOneofs().stream()
                                .filter(oneof -> oneof.getOptions().getExtension(Validate.required))
                                .toList(),
                        type.getFields().stream()
                                .filter(field -> field.getOptions().hasExtension(Validate.rules)
                                        || field.getJavaType() == JavaType.MESSAGE)
                                .toList()));
    }

    private void add(String path, String must) {
        violations.add(path + " " + must);
    }

    private void check(Message message, String path) {
        if (message instanceof Any any) {
            packed(any).ifPresent(inner -> check(inner, path));
            return;
        }
        Descriptor type = message.getDescriptorForType();
        if (type.getOptions().getExtension(Validate.disabled)
                || type.getOptions().getExtension(Validate.ignored)) {
            return;
        }
        Demands demanded = demands(type);
        for (OneofDescriptor oneof : demanded.oneofs) {
            if (!message.hasOneof(oneof)) {
                add(
                        within(path, oneof.getName()),
                        "must be one of "
                                + oneof.getFields().stream()
                                        .map(FieldDescriptor::getName)
                                        .collect(Collectors.joining(", ")));
            }
        }
        for (FieldDescriptor field : demanded.fields) {
            FieldRules rules = field.getOptions().getExtension(Validate.rules);
            String at = within(path, field.getName());
            if (field.isMapField()) {
                checkMap(message, field, rules, at);
            } else if (field.isRepeated()) {
                checkList((List<?>) message.getField(field), rules, at);
            } else if (!field.hasPresence() || message.hasField(field)) {
                checkValue(message.getField(field), rules, at);
            } else if (isRequired(rules) && field.getRealContainingOneof() == null) {
                add(at, "must be given");
            }
        }
    }

    private static boolean isRequired(FieldRules rules) {
        return rules.getMessage().getRequired()
                || rules.getDuration().getRequired()
                || rules.getTimestamp().getRequired()
                || rules.getAny().getRequired();
    }

    private static Optional<Message> packed(Any any) {
        return EnvoyTypes.prototype(any.getTypeUrl()).map(prototype -> {
            try {
                return prototype.getParserForType().parseFrom(any.getValue());
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalArgumentException("a message of type " + any.getTypeUrl() + " cannot be read", e);
            }
        });
    }

    private static String within(String path, String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    private void checkList(List<?> list, FieldRules rules, String path) {
        RepeatedRules repeated = rules.getRepeated();
        if (list.isEmpty() && repeated.getIgnoreEmpty()) {
            return;
        }
        if (list.size() < repeated.getMinItems()) {
            add(path, "must have at least " + repeated.getMinItems() + " entries");
        }
        if (repeated.hasMaxItems() && list.size() > repeated.getMaxItems()) {
            add(path, "must have at most " + repeated.getMaxItems() + " entries");
        }
        if (repeated.getUnique() && new HashSet<>(list).size() < list.size()) {
            add(path, "must have no entry twice");
        }
        for (int i = 0; i < list.size(); i++) {
            checkValue(list.get(i), repeated.getItems(), path + "[" + i + "]");
        }
    }

    private void checkMap(Message message, FieldDescriptor field, FieldRules rules, String path) {
        List<?> entries = (List<?>) message.getField(field);
        if (entries.size() < rules.getMap().getMinPairs()) {
            add(path, "must have at least " + rules.getMap().getMinPairs() + " entries");
        }
        if (rules.getMap().hasMaxPairs() && entries.size() > rules.getMap().getMaxPairs()) {
            add(path, "must have at most " + rules.getMap().getMaxPairs() + " entries");
        }
        Descriptor entry = field.getMessageType();
        for (Object one : entries) {
            Message pair = (Message) one;
            Object key = pair.getField(entry.findFieldByNumber(1));
            String at = path + "[" + key + "]";
            checkValue(key, rules.getMap().getKeys(), at);
            checkValue(pair.getField(entry.findFieldByNumber(2)), rules.getMap().getValues(), at);
        }
    }

    private void checkValue(Object value, FieldRules rules, String path) {
        switch (value) {
            case Duration duration -> checkDuration(duration, rules, path);
            case Message wrapper
            when isWrapper(wrapper) ->
                checkValue(wrapper.getField(wrapper.getDescriptorForType().findFieldByNumber(1)), rules, path);
            case Message inner when !rules.getMessage().getSkip() -> check(inner, path);
            case String text when rules.hasString() -> checkText(text, rules.getString(), path);
            case ByteString bytes when rules.hasBytes() -> checkBytes(bytes, rules.getBytes(), path);
            case EnumValueDescriptor constant when rules.hasEnum() -> checkEnum(constant, rules.getEnum(), path);
            case Boolean bool
            when rules.getBool().hasConst() -> {
                if (bool != rules.getBool().getConst()) {
                    add(path, "must be " + rules.getBool().getConst());
                }
            }
            case Number number -> checkNumber(number, rules, path);
            default -> {}
        }
    }

    private static boolean isWrapper(Message message) {
        String name = message.getDescriptorForType().getFullName();
        return name.startsWith(WRAPPERS) && name.endsWith("Value") && !name.equals(WRAPPERS + "Value");
    }

    private void checkEnum(EnumValueDescriptor value, Validate.EnumRules rules, String path) {
        if (rules.hasConst() && value.getNumber() != rules.getConst()) {
            add(path, "must be " + value.getType().findValueByNumber(rules.getConst()));
        }
        if (rules.getDefinedOnly() && value.getIndex() < 0) {
            add(path, "must be a value that there is");
        }
        if ((rules.getInCount() > 0 && !rules.getInList().contains(value.getNumber()))
                || rules.getNotInList().contains(value.getNumber())) {
            add(path, "must not be " + value.getName());
        }
    }

    private void checkDuration(Duration duration, FieldRules rules, String path) {
        if (!Durations.isValid(duration)) {
            add(path, "must be a valid duration");
            return;
        }
        compare(
                rules.getDuration(),
                path,
                bound -> Durations.compare(duration, (Duration) bound),
                bound -> words((Duration) bound));
    }

    private static String words(Duration duration) {
        return Durations.toNanos(duration) % 1_000_000_000 == 0
                ? duration.getSeconds() + "s"
                : Durations.toMillis(duration) + "ms";
    }

    /** The rules for the kind of number that the field has are one message, whose fields have the same names for each kind. */
    private void checkNumber(Number number, FieldRules rules, String path) {
        FieldDescriptor kind = rules.getOneofFieldDescriptor(
                FieldRules.getDescriptor().getOneofs().getFirst());
        if (kind == null || kind.getNumber() > FieldRules.SFIXED64_FIELD_NUMBER) {
            return;
        }
        Message ofKind = (Message) rules.getField(kind);
        boolean unsigned = UNSIGNED.contains(kind.getNumber());
        compare(
                ofKind,
                path,
                bound -> compare(number, (Number) bound, unsigned),
                bound -> words((Number) bound, unsigned));
    }

    private static int compare(Number one, Number other, boolean unsigned) {
        return switch (one) {
            case Integer number when unsigned -> Integer.compareUnsigned(number, other.intValue());
            case Long number when unsigned -> Long.compareUnsigned(number, other.longValue());
            case Integer _, Long _ -> Long.compare(one.longValue(), other.longValue());
            default -> Double.compare(one.doubleValue(), other.doubleValue());
        };
    }

    private static String words(Number number, boolean unsigned) {
        return switch (number) {
            case Integer value when unsigned -> Integer.toUnsignedString(value);
            case Long value when unsigned -> Long.toUnsignedString(value);
            default -> number.toString();
        };
    }

    private interface Comparison {
        /** As {@link java.util.Comparator#compare} of the value with a bound. */
        int with(Object bound);
    }

    private interface Words {
        String of(Object bound);
    }

    private void compare(Message rules, String path, Comparison comparison, Words words) {
        bound(rules, "const", path, comparison, order -> order == 0, "must be ", words);
        Object gt = bound(rules, "gt");
        Object lt = bound(rules, "lt");
        // A range that is turned around means what is outside of it.
        if (gt != null && lt != null && comparison.with(gt) <= 0 && comparison.with(lt) >= 0) {
            add(path, "must be greater than " + words.of(gt) + " or less than " + words.of(lt));
            return;
        }
        bound(rules, "gt", path, comparison, order -> order > 0, "must be greater than ", words);
        bound(rules, "gte", path, comparison, order -> order >= 0, "must be at least ", words);
        bound(rules, "lt", path, comparison, order -> order < 0, "must be less than ", words);
        bound(rules, "lte", path, comparison, order -> order <= 0, "must be at most ", words);
        List<?> in = (List<?>) list(rules, "in");
        if (!in.isEmpty() && in.stream().noneMatch(bound -> comparison.with(bound) == 0)) {
            add(path, "must be one of " + in.stream().map(words::of).collect(Collectors.joining(", ")));
        }
        list(rules, "not_in").stream()
                .filter(bound -> comparison.with(bound) == 0)
                .forEach(bound -> add(path, "must not be " + words.of(bound)));
    }

    private static Collection<?> list(Message rules, String name) {
        FieldDescriptor field = rules.getDescriptorForType().findFieldByName(name);
        return field == null ? List.of() : (Collection<?>) rules.getField(field);
    }

    private static @Nullable Object bound(Message rules, String name) {
        FieldDescriptor field = rules.getDescriptorForType().findFieldByName(name);
        return field != null && rules.hasField(field) ? rules.getField(field) : null;
    }

    private void bound(
            Message rules,
            String name,
            String path,
            Comparison comparison,
            IntPredicate holds,
            String must,
            Words words) {
        Object bound = bound(rules, name);
        if (bound != null && !holds.test(comparison.with(bound))) {
            add(path, must + words.of(bound));
        }
    }

    private void checkText(String text, StringRules rules, String path) {
        if (text.isEmpty() && rules.getIgnoreEmpty()) {
            return;
        }
        int length = text.codePointCount(0, text.length());
        int bytes = ByteString.copyFromUtf8(text).size();
        demand(!rules.hasConst() || text.equals(rules.getConst()), path, "must be " + rules.getConst());
        demand(!rules.hasLen() || length == rules.getLen(), path, "must have " + rules.getLen() + " characters");
        demand(length >= rules.getMinLen(), path, "must have at least " + rules.getMinLen() + " characters");
        demand(
                !rules.hasMaxLen() || length <= rules.getMaxLen(),
                path,
                "must have at most " + rules.getMaxLen() + " characters");
        demand(
                !rules.hasLenBytes() || bytes == rules.getLenBytes(),
                path,
                "must have " + rules.getLenBytes() + " bytes");
        demand(bytes >= rules.getMinBytes(), path, "must have at least " + rules.getMinBytes() + " bytes");
        demand(
                !rules.hasMaxBytes() || bytes <= rules.getMaxBytes(),
                path,
                "must have at most " + rules.getMaxBytes() + " bytes");
        demand(
                !rules.hasPattern() || pattern(rules.getPattern()).matcher(text).find(),
                path,
                "must look like " + rules.getPattern());
        demand(text.startsWith(rules.getPrefix()), path, "must begin with " + rules.getPrefix());
        demand(text.endsWith(rules.getSuffix()), path, "must end with " + rules.getSuffix());
        demand(text.contains(rules.getContains()), path, "must contain " + rules.getContains());
        demand(
                !rules.hasNotContains() || !text.contains(rules.getNotContains()),
                path,
                "must not contain " + rules.getNotContains());
        demand(
                rules.getInCount() == 0 || rules.getInList().contains(text),
                path,
                "must be one of " + String.join(", ", rules.getInList()));
        demand(!rules.getNotInList().contains(text), path, "must not be " + text);
        checkKnown(text, rules, path);
    }

    /** Of those that Envoy's API uses. An empty text is one that isn't given, whatever the expression says: Envoy takes it. */
    private void checkKnown(String text, StringRules rules, String path) {
        if (text.isEmpty()) {
            return;
        }
        switch (rules.getWellKnownRegex()) {
            case HTTP_HEADER_NAME ->
                demand(
                        pattern(rules.getStrict() ? "^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$" : "^[^\\x00\\n\\r]+$")
                                .matcher(text)
                                .find(),
                        path,
                        "must be the name of a header");
            case HTTP_HEADER_VALUE ->
                demand(
                        pattern(rules.getStrict() ? "^[^\\x00-\\x08\\x0A-\\x1F\\x7F]*$" : "^[^\\x00\\n\\r]*$")
                                .matcher(text)
                                .find(),
                        path,
                        "must be the value of a header");
            case UNKNOWN -> {}
        }
    }

    private Pattern pattern(String regex) {
        return patterns.computeIfAbsent(regex, Pattern::compile);
    }

    private void checkBytes(ByteString bytes, Validate.BytesRules rules, String path) {
        if (bytes.isEmpty() && rules.getIgnoreEmpty()) {
            return;
        }
        demand(!rules.hasLen() || bytes.size() == rules.getLen(), path, "must have " + rules.getLen() + " bytes");
        demand(bytes.size() >= rules.getMinLen(), path, "must have at least " + rules.getMinLen() + " bytes");
        demand(
                !rules.hasMaxLen() || bytes.size() <= rules.getMaxLen(),
                path,
                "must have at most " + rules.getMaxLen() + " bytes");
    }

    private void demand(boolean holds, String path, String must) {
        if (!holds) {
            add(path, must);
        }
    }
}
