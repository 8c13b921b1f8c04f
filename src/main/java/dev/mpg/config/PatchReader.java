package dev.mpg.config;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.api.ProxySpec.PatchOp;
import dev.mpg.config.TrafficConfig.EnvoyPatch;
import dev.mpg.config.TrafficConfig.Operation;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code spec.envoyPatches}. */
final class PatchReader {
    /** What no JSON Pointer has: a tilde that escapes nothing. */
    private static final Pattern STRAY_TILDE = Pattern.compile("~(?![01])");

    private final Findings findings;
    /** Which patch has what for its target. */
    private final Map<Target, Origin> patched = new HashMap<>();

    /** The Envoy resource that a patch is for. */
    private record Target(EnvoyResource type, String name) {}

    PatchReader(Findings findings) {
        this.findings = findings;
    }

    EnvoyPatch read(ProxySpec.EnvoyPatch from, Origin origin) {
        EnvoyResource type = findings.required(from.type(), origin.field("type"), EnvoyResource.Listener);
        String name = findings.required(from.name(), origin.field("name"), "");
        if (from.type() != null && from.name() != null) {
            Origin other = patched.putIfAbsent(new Target(type, name), origin);
            if (other != null) {
                findings.add(
                        origin.field("name"),
                        type + " " + name + " is patched by " + other.field() + " already",
                        "move the operations there");
            }
        }
        if (from.operations() == null || from.operations().isEmpty()) {
            findings.add(origin.field("operations"), "there is no operation", "write at least one");
        }
        return new EnvoyPatch(
                type, name, findings.each(from.operations(), origin.field("operations"), this::operation), origin);
    }

    /** What an operation doesn't need is ignored, as RFC 6902 has it. */
    private Operation operation(ProxySpec.PatchOperation from, Origin origin) {
        PatchOp op = findings.required(from.op(), origin.field("op"), PatchOp.test);
        String path = pointer(from.path(), origin.field("path"));
        return switch (op) {
            case add, replace, test -> {
                if (from.op() != null) {
                    findings.required(from.value(), origin.field("value"), NullNode.instance);
                }
                yield new Operation(op, path, Optional.empty(), Optional.ofNullable(from.value()), origin);
            }
            case move, copy ->
                new Operation(
                        op, path, Optional.of(pointer(from.from(), origin.field("from"))), Optional.empty(), origin);
            case remove -> new Operation(op, path, Optional.empty(), Optional.empty(), origin);
        };
    }

    private String pointer(@Nullable String value, Origin origin) {
        String pointer = findings.required(value, origin, "");
        if (!(pointer.isEmpty() || pointer.startsWith("/"))
                || STRAY_TILDE.matcher(pointer).find()) {
            findings.add(
                    origin,
                    "'" + pointer + "' is not a JSON Pointer",
                    "begin it with a slash, and write ~ as ~0 and a slash within a name as ~1");
        }
        return pointer;
    }
}
