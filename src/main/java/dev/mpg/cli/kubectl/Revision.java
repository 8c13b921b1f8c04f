package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.util.Map;
import java.util.Optional;

/**
 * A version that a Proxy has asked for, as its operator remembers it.
 *
 * @param number rises; a version that comes back gets the newest one
 * @param version 64 hexadecimal digits
 * @param changedBy who asked for it, as far as is known
 * @param changedAt when, in RFC 3339
 * @param outcome what came of it: Progressing, Complete, Rejected, AckTimeout, Regression, Aborted, Replaced
 * @param message the same in words
 */
record Revision(
        long number,
        String version,
        Optional<String> changedBy,
        Optional<String> changedAt,
        Optional<String> outcome,
        Optional<String> message,
        Content content) {
    /** The label that says whose revision it is. */
    static final String PROXY_LABEL = "mpg.dev/proxy";

    static final String VERSION = "mpg.dev/version";
    static final String CHANGED_BY = "mpg.dev/changed-by";
    static final String CHANGED_AT = "mpg.dev/changed-at";
    static final String OUTCOME = "mpg.dev/outcome";
    static final String OUTCOME_MESSAGE = "mpg.dev/outcome-message";

    private static final int ABBREVIATED_DIGITS = 12;
    private static final ObjectMapper JSON = new ObjectMapper();

    static Revision of(ControllerRevision revision) {
        Map<String, String> annotations =
                Optional.ofNullable(revision.getMetadata().getAnnotations()).orElse(Map.of());
        JsonNode data = JSON.valueToTree(revision.getData());
        return new Revision(
                Optional.ofNullable(revision.getRevision()).orElse(0L),
                annotations.getOrDefault(VERSION, ""),
                Optional.ofNullable(annotations.get(CHANGED_BY)),
                Optional.ofNullable(annotations.get(CHANGED_AT))
                        .or(() -> Optional.ofNullable(revision.getMetadata().getCreationTimestamp())),
                Optional.ofNullable(annotations.get(OUTCOME)),
                Optional.ofNullable(annotations.get(OUTCOME_MESSAGE)),
                Content.of(data.path("spec")));
    }

    /** The version in 12 digits, as status has it. */
    String abbreviated() {
        return abbreviated(version);
    }

    static String abbreviated(String version) {
        return version.substring(0, Math.min(ABBREVIATED_DIGITS, version.length()));
    }

    /** Whether the whole fleet has run it as the last known good. */
    boolean isComplete() {
        return outcome.filter("Complete"::equals).isPresent();
    }

    /** What people call it. */
    String title() {
        return "revision " + number + " (" + abbreviated() + ")";
    }
}
