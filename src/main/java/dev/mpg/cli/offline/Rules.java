package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.config.GatewayDuration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the API server checks by rules in CEL and by lists' keys, and neither {@link Schema} nor {@code config.SpecReader}
 * says: objects' names, and durations of rollouts and Schedulers.
 */
final class Rules {
    /** As long as the names of what is made for an object have room for. */
    private static final Pattern OBJECT_NAME = Pattern.compile("(?!.{45})[a-z]([-a-z0-9]*[a-z0-9])?");

    private static final Duration DAY = Duration.ofHours(24);

    private final Manifest object;
    private final List<Finding> findings = new ArrayList<>();

    private Rules(Manifest object) {
        this.object = object;
    }

    /** What is wrong with a Proxy or a Scheduler. */
    static List<Finding> check(Manifest object) {
        Rules rules = new Rules(object);
        rules.name();
        JsonNode spec = object.tree().path("spec");
        rules.duration(
                "spec.drainTimeout", spec.path("drainTimeout"), Duration.ZERO, Duration.ofHours(1), "at most 1h");
        JsonNode rollout = spec.path("rollout");
        rules.duration("spec.rollout.ackTimeout", rollout.path("ackTimeout"), Duration.ofSeconds(1), DAY, "1s to 24h");
        JsonNode steps = rollout.path("steps");
        for (int i = 0; i < steps.size(); i++) {
            rules.duration(
                    "spec.rollout.steps[" + i + "].bake",
                    steps.path(i).path("bake"),
                    Duration.ZERO,
                    DAY,
                    "at most 24h");
        }
        return rules.findings;
    }

    private void name() {
        String name = object.ref().name();
        if (!OBJECT_NAME.matcher(name).matches()) {
            findings.add(object.error(
                    "metadata.name",
                    "'" + name + "' can't be part of the names of what is made for the "
                            + object.ref().kind(),
                    "use at most 44 of a-z, 0-9 and -, with a letter first and no - last"));
        }
    }

    private void duration(String field, JsonNode value, Duration shortest, Duration longest, String range) {
        boolean fits = GatewayDuration.parse(value.asText())
                .filter(given -> given.compareTo(shortest) >= 0 && given.compareTo(longest) <= 0)
                .isPresent();
        if (value.isTextual() && !fits) {
            findings.add(object.error(
                    field,
                    "'" + value.asText() + "' is not a duration of " + range,
                    "write it like 3s, 500ms or 1m30s"));
        }
    }
}
