package dev.mpg.compile;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import java.util.List;

/** Finds what gateways would refuse a config for, before any of them sees it. */
public final class EnvoyChecks {
    private EnvoyChecks() {}

    /**
     * What breaks the rules of Envoy's API, each with the part of the spec that the resource is made of. Without patches there
     * is nothing.
     *
     * @param snapshot what the config compiles to
     */
    public static List<Problem> problems(TrafficConfig config, Snapshot snapshot) {
        MessageRules rules = new MessageRules();
        return snapshot.resources().stream()
                .flatMap(resource -> rules.violations(message(resource)).stream()
                        .map(violation -> new Problem(
                                origin(config, resource),
                                "Envoy would refuse " + resource.type().messageName() + " " + resource.name() + ": "
                                        + violation,
                                "correct that field")))
                .toList();
    }

    private static Origin origin(TrafficConfig config, Resource resource) {
        return Origins.of(config, resource.type(), resource.name()).getFirst();
    }

    private static Message message(Resource resource) {
        try {
            return EnvoyTypes.prototype(resource.type().typeUrl())
                    .orElseThrow()
                    .getParserForType()
                    .parseFrom(resource.bytes());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(resource + " is not what a config compiles to", e);
        }
    }
}
