package dev.mpg.operator.proxy;

import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.compile.EnvoyChecks;
import dev.mpg.compile.Warnings;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Problem;
import dev.mpg.config.Route;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.match.ConfigTests;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides whether a Proxy's spec can be put into force. Each check is a function whose name is its finding. */
final class Admission {
    /** Problems named in a condition; the count of all of them is always given. */
    private static final int PROBLEMS_SHOWN = 8;

    /** Each makes some 40 bytes in every gateway. */
    static final long MAX_BRANCHES = 250_000;

    /** What a proxy instance, which serves many Proxies from memory, can be asked to hold of one. */
    private static final long MAX_BYTES = 32L << 20;

    /** What gRPC carries in one message on each hop, with room to spare. */
    private static final long MAX_RESOURCE_BYTES = 8L << 20;

    private Admission() {}

    /**
     * What the decision needs to know.
     *
     * @param clusterId the cluster id that the spec asks for
     * @param holder the Proxy that has it: the oldest one that asks for it
     * @param schedulerName the Scheduler that should serve the Proxy
     * @param schedulerExists whether there is one
     * @param reservedPorts that gateways need for themselves where they run
     * @param reading what came of reading the spec
     */
    record Facts(
            ObjectRef proxy,
            String clusterId,
            ObjectRef holder,
            String schedulerName,
            boolean schedulerExists,
            Set<Integer> reservedPorts,
            Reading reading) {}

    static Verdict decide(Facts facts) {
        return clusterIdConflict(facts)
                .or(() -> invalidSpec(facts))
                .or(() -> reservedPort(facts))
                .or(() -> schedulerNotFound(facts))
                .orElseGet(() -> compiled(facts));
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
        return Optional.of(invalidSpec(problems));
    }

    private static Verdict invalidSpec(List<Problem> problems) {
        return new Verdict.Refused("InvalidSpec", shown(problems));
    }

    /** The first ones. */
    static String shown(List<Problem> problems) {
        String shown =
                problems.stream().limit(PROBLEMS_SHOWN).map(Problem::message).collect(Collectors.joining("\n"));
        int more = problems.size() - PROBLEMS_SHOWN;
        return more > 0 ? shown + "\nand " + more + " more" : shown;
    }

    private static Optional<Verdict> reservedPort(Facts facts) {
        return ((Reading.Accepted) facts.reading())
                .config().listeners().stream()
                        .filter(listener -> facts.reservedPorts().contains(listener.port()))
                        .findFirst()
                        .flatMap(listener -> refused(
                                "InvalidSpec",
                                listener.origin().field("port").field() + ": gateways need port " + listener.port()
                                        + " for themselves; choose another port"));
    }

    private static Optional<Verdict> schedulerNotFound(Facts facts) {
        return facts.schedulerExists()
                ? Optional.empty()
                : refused(
                        "SchedulerNotFound",
                        "spec.schedulerName: there is no Scheduler named " + facts.schedulerName()
                                + "; create it or name another");
    }

    /** A small spec can multiply: every host name of a route gets every match with every backendRef. */
    private static Verdict compiled(Facts facts) {
        TrafficConfig config = ((Reading.Accepted) facts.reading()).config();
        long branches = config.routes().stream().mapToLong(Admission::branches).sum();
        if (branches > MAX_BRANCHES) {
            Route largest = config.routes().stream()
                    .max(Comparator.comparingLong(Admission::branches))
                    .orElseThrow();
            return tooLarge("the routes' host names x matches x backendRefs make " + branches + ", more than "
                    + MAX_BRANCHES + "; route " + largest.name() + " alone makes " + branches(largest));
        }
        return switch (Compiler.compile(config)) {
            case Compilation.Compiled(var snapshot) -> compiled(config, snapshot);
            case Compilation.Refused(var problems) -> invalidSpec(problems);
        };
    }

    private static Verdict compiled(TrafficConfig config, Snapshot snapshot) {
        long bytes = snapshot.resources().stream()
                .mapToLong(resource -> resource.bytes().size())
                .sum();
        if (bytes > MAX_BYTES) {
            return tooLarge("it compiles to " + bytes + " bytes, more than " + MAX_BYTES);
        }
        for (Resource resource : snapshot.resources()) {
            if (resource.bytes().size() > MAX_RESOURCE_BYTES) {
                return tooLarge(resource.type().messageName() + " " + resource.name() + " has "
                        + resource.bytes().size() + " bytes, more than " + MAX_RESOURCE_BYTES);
            }
        }
        List<Problem> failed = ConfigTests.failures(config, snapshot);
        if (!failed.isEmpty()) {
            return new Verdict.Refused("TestsFailed", shown(failed));
        }
        List<Problem> problems = EnvoyChecks.problems(config, snapshot);
        return problems.isEmpty() ? new Verdict.Accepted(config, snapshot, Warnings.of(config)) : invalidSpec(problems);
    }

    private static long branches(Route route) {
        return (long) route.hostnames().size()
                * route.matches().size()
                * Math.max(1, route.backendRefs().size());
    }

    private static Verdict tooLarge(String found) {
        return new Verdict.Refused("TooLarge", "spec.routes: " + found + "; spread the routes over several Proxies");
    }

    private static Optional<Verdict> refused(String reason, String message) {
        return Optional.of(new Verdict.Refused(reason, message));
    }
}
