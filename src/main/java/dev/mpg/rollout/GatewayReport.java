package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one connected gateway runs. Immutable.
 *
 * @param gateway its {@code node.id}
 * @param state where it stands with {@code version}
 * @param version CURRENT: the version that it runs; PENDING and REJECTED: the version that was sent to it
 * @param refusals REJECTED: what it refused of {@code version}; else what it refuses of live data, which is no fault of
 *     {@code version}
 */
public record GatewayReport(String gateway, State state, ContentHash version, List<Refusal> refusals) {
    public GatewayReport {
        refusals = List.copyOf(refusals);
    }

    /** Where a gateway stands with a version. */
    public enum State {
        /** Connected, has not answered for all of the version yet. */
        PENDING,
        /** ACKed every resource of the version that it subscribes to: this is its effective version. */
        CURRENT,
        /** NACKed a response of the version. */
        REJECTED
    }

    /**
     * A NACK.
     *
     * @param typeUrl the xDS type URL of the refused response
     * @param message Envoy's own words, at most 4,096 characters
     * @param resources names of the resources in the refused response, at most 16
     */
    public record Refusal(String typeUrl, String message, List<String> resources) {
        private static final String CONSTRAINT = "Proto constraint validation failed";
        /** What protobuf puts before a message that it prints. */
        private static final Pattern PRINT = Pattern.compile("goo\\.gle/debug\\w*");

        private static final String CUT = "(Envoy's words end before they say what is wrong)";

        public Refusal {
            resources = List.copyOf(resources);
        }

        /** This, with {@link #summary} for the message: to be shown. */
        public Refusal summarized() {
            return new Refusal(typeUrl, summary(), resources);
        }

        /**
         * Envoy's words in a line. Of a message that breaks a constraint Envoy prints all before it names the constraint: that
         * is left out, keys and passwords with it. Only this may be logged or shown.
         */
        public String summary() {
            return summary(message);
        }

        /**
         * The same of these words. What Envoy prints may be so long that its words end before they say what is wrong: then that
         * isn't known.
         */
        public static String summary(String message) {
            int constraint = message.lastIndexOf(CONSTRAINT);
            Matcher print = PRINT.matcher(message);
            String words = constraint >= 0
                    ? message.substring(constraint)
                    : print.find() ? message.substring(0, print.start()) + CUT : message;
            return words.replaceAll("\\s+", " ").strip();
        }
    }
}
