package dev.mpg.operator.proxy;

import dev.mpg.compile.Compiler;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Problem;
import dev.mpg.config.SpecReader.Reading;
import java.util.Optional;
import java.util.stream.Collectors;

/** Decides whether a Proxy's spec can be put into force. Each check is a function whose name is its finding. */
final class Admission {
    /** Problems named in a condition; the count of all of them is always given. */
    private static final int PROBLEMS_SHOWN = 8;

    private Admission() {}

    /**
     * What the decision needs to know.
     *
     * @param clusterId the cluster id that the spec asks for
     * @param holder the Proxy that has it: the oldest one that asks for it
     * @param schedulerName the Scheduler that should serve the Proxy
     * @param schedulerExists whether there is one
     * @param reading what came of reading the spec
     */
    record Facts(
            ObjectRef proxy,
            String clusterId,
            ObjectRef holder,
            String schedulerName,
            boolean schedulerExists,
            Reading reading) {}

    static Verdict decide(Facts facts) {
        return clusterIdConflict(facts)
                .or(() -> invalidSpec(facts))
                .or(() -> schedulerNotFound(facts))
                .orElseGet(() -> accepted(facts));
    }

    private static Optional<Verdict> clusterIdConflict(Facts facts) {
        return facts.holder().equals(facts.proxy())
                ? Optional.empty()
                : refused(
                        "ClusterIdConflict",
                        "spec.clusterId: " + facts.clusterId() + " belongs to " + facts.holder()
                                + ", which is older; choose another clusterId (in a new Proxy: it is immutable)");
    }

    private static Optional<Verdict> invalidSpec(Facts facts) {
        if (!(facts.reading() instanceof Reading.Refused(var problems))) {
            return Optional.empty();
        }
        String shown =
                problems.stream().limit(PROBLEMS_SHOWN).map(Problem::message).collect(Collectors.joining("\n"));
        int more = problems.size() - PROBLEMS_SHOWN;
        return refused("InvalidSpec", more > 0 ? shown + "\nand " + more + " more" : shown);
    }

    private static Optional<Verdict> schedulerNotFound(Facts facts) {
        return facts.schedulerExists()
                ? Optional.empty()
                : refused(
                        "SchedulerNotFound",
                        "spec.schedulerName: there is no Scheduler named " + facts.schedulerName()
                                + "; create it or name another");
    }

    private static Verdict accepted(Facts facts) {
        Reading.Accepted accepted = (Reading.Accepted) facts.reading();
        return new Verdict.Accepted(Compiler.compile(accepted.config()));
    }

    private static Optional<Verdict> refused(String reason, String message) {
        return Optional.of(new Verdict.Refused(reason, message));
    }
}
