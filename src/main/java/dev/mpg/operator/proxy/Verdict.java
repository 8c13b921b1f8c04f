package dev.mpg.operator.proxy;

import dev.mpg.config.Problem;
import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.Snapshot;
import java.util.List;

/** Whether a Proxy's spec can be put into force. */
sealed interface Verdict {
    /**
     * It can.
     *
     * @param config what it says
     * @param snapshot what that compiles to
     * @param warnings what is probably not meant
     */
    record Accepted(TrafficConfig config, Snapshot snapshot, List<Problem> warnings) implements Verdict {
        public Accepted {
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * It can't; what ran before goes on.
     *
     * @param reason why, in one word
     * @param message which object and field, and what to do
     */
    record Refused(String reason, String message) implements Verdict {}
}
