package dev.mpg.compile;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat.TypeRegistry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The messages of Envoy's API by their protobuf names, extensions included. A message is found by the name of its generated
 * class, which follows from its own, so that only those that a patched resource has are loaded, of thousands.
 */
final class EnvoyTypes {
    /** The protobuf package, and the message with those around it. */
    private static final Pattern NAME =
            Pattern.compile("([a-z][a-z0-9_]*(?:\\.[a-z][a-z0-9_]*)*)\\.([A-Z]\\w*(?:\\.[A-Z]\\w*)*)");

    /** What the API's {@code java_package} options put before the protobuf packages that begin so. */
    private static final Map<String, String> JAVA_PREFIXES = Map.of(
            "envoy.", "io.envoyproxy.",
            "google.protobuf", "com.",
            "xds.", "com.github.",
            "udpa.", "com.github.udpa.");

    /** Its value is for Envoy to make a message of, which may be of a type that isn't known here, and so may those within. */
    private static final String TYPED_STRUCT = "/xds.type.v3.TypedStruct";

    private static final MethodHandles.Lookup LOOKUP = MethodHandles.publicLookup();

    private EnvoyTypes() {}

    /** An empty message of the type that this URL, as in an {@link Any}, names; empty when there is none. */
    static Optional<Message> prototype(String typeUrl) {
        Matcher name = NAME.matcher(typeUrl.substring(typeUrl.lastIndexOf('/') + 1));
        if (!name.matches()) {
            return Optional.empty();
        }
        String message = name.group(2).replace('.', '$');
        return JAVA_PREFIXES.entrySet().stream()
                .filter(prefix -> name.group(1).startsWith(prefix.getKey()))
                .flatMap(prefix -> classNamed(prefix.getValue() + name.group(1) + "." + message).stream())
                .map(EnvoyTypes::defaultInstance)
                .findFirst();
    }

    private static Optional<Class<? extends Message>> classNamed(String name) {
        try {
            Class<?> found = Class.forName(name);
            return Message.class.isAssignableFrom(found)
                    ? Optional.of(found.asSubclass(Message.class))
                    : Optional.empty();
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        }
    }

    private static Message defaultInstance(Class<? extends Message> type) {
        try {
            return (Message) LOOKUP.findStatic(type, "getDefaultInstance", MethodType.methodType(type))
                    .invoke();
        } catch (Throwable e) {
            throw new AssertionError("every generated message has a default instance", e);
        }
    }

    /** What {@code message} packs into Anys, at any depth. */
    static TypeRegistry packedIn(Message message) {
        TypeRegistry.Builder registry = TypeRegistry.newBuilder();
        addPackedIn(message, registry);
        return registry.build();
    }

    private static void addPackedIn(Message message, TypeRegistry.Builder registry) {
        if (message instanceof Any any) {
            prototype(any.getTypeUrl()).ifPresent(packed -> {
                registry.add(packed.getDescriptorForType());
                addPackedIn(unpack(any, packed), registry);
            });
        }
        for (Object value : message.getAllFields().values()) {
            if (value instanceof Message inner) {
                addPackedIn(inner, registry);
            } else if (value instanceof Collection<?> list) {
                list.forEach(entry -> {
                    if (entry instanceof Message inner) {
                        addPackedIn(inner, registry);
                    }
                });
            }
        }
    }

    private static Message unpack(Any any, Message packed) {
        try {
            return packed.getParserForType().parseFrom(any.getValue());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("what was compiled can be read", e);
        }
    }

    /** What {@code json}, a message in its JSON form, says to pack into Anys, as far as such types exist. */
    static TypeRegistry namedIn(JsonNode json) {
        TypeRegistry.Builder registry = TypeRegistry.newBuilder();
        typeUrls(json).forEach(url -> prototype(url).ifPresent(packed -> registry.add(packed.getDescriptorForType())));
        return registry.build();
    }

    /** The first type URL in {@code json} that names no type. */
    static Optional<String> unknownIn(JsonNode json) {
        return typeUrls(json).stream().filter(url -> prototype(url).isEmpty()).findFirst();
    }

    private static Collection<String> typeUrls(JsonNode json) {
        Collection<String> urls = new TreeSet<>();
        addTypeUrls(json, urls);
        return urls;
    }

    private static void addTypeUrls(JsonNode json, Collection<String> urls) {
        String url = json.path("@type").asText();
        if (!url.isEmpty()) {
            urls.add(url);
        }
        if (!url.endsWith(TYPED_STRUCT)) {
            json.forEach(inner -> addTypeUrls(inner, urls));
        }
    }
}
