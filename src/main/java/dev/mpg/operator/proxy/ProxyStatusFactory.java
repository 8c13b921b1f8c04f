package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Address;
import dev.mpg.api.ProxyStatus.Gateways;
import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.api.ProxyStatus.Versions;
import dev.mpg.operator.endpoints.References;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.operator.status.Conditions;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Phase;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.telemetry.TraceContext;
import io.opentelemetry.api.trace.SpanContext;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The one place that writes a Proxy's status. Pure: what is true goes in, the status comes out. */
final class ProxyStatusFactory {
    static final String ACCEPTED = "Accepted";
    static final String PROGRAMMED = "Programmed";
    static final String PROGRESSING = "Progressing";
    static final String PERSISTED = "Persisted";

    /** There only when there are some. */
    static final String WARNINGS = "Warnings";

    private static final int ADDRESSES_SHOWN = 1000;

    private ProxyStatusFactory() {}

    /**
     * What is true of a Proxy.
     *
     * @param policy how it is rolled out
     * @param state how far that has come
     * @param fleet where the gateways stand with the target
     * @param reports what they say
     * @param instances the proxy instances that should serve it
     * @param instanceError why one of them can't; empty when none said so
     * @param workloads the gateways that are run for it
     * @param traffic what the open wave's traffic was found to be like
     * @param disks of the instances that have reported, by name: why what they serve isn't on disk; empty when it is
     * @param references to services
     * @param traceparent of the change that made the spec; empty when that isn't traced
     * @param waits whether the spec's version is given to nobody until it is known where its services lead
     */
    record Observation(
            String clusterId,
            Verdict verdict,
            RolloutPolicy policy,
            RolloutState state,
            FleetState fleet,
            List<GatewayReport> reports,
            List<String> instances,
            Optional<String> instanceError,
            List<Workload> workloads,
            Optional<String> traffic,
            Map<String, Optional<String>> disks,
            References references,
            boolean waits,
            String traceparent) {

        /** Of a Proxy that nothing is done for. */
        static Observation ofNothing(String clusterId, Running running) {
            return new Observation(
                    clusterId,
                    running.verdict(),
                    running.policy(),
                    running.state(),
                    FleetState.NONE,
                    List.of(),
                    List.of(),
                    Optional.empty(),
                    List.of(),
                    Optional.empty(),
                    Map.of(),
                    References.NONE,
                    false,
                    running.traceparent());
        }
    }

    /**
     * Its status.
     *
     * @param earlier what its status was to be before, be it stored or not: what it says of the same target stays
     */
    static ProxyStatus status(Proxy proxy, Optional<ProxyStatus> earlier, Observation seen, Instant now) {
        Phase phase = seen.state().phase();
        List<Rejection> rejections = rejections(seen, earlier);
        Finding programmed = programmed(seen, rejections);
        Conditions conditions = new Conditions(
                earlier.map(ProxyStatus::conditions).orElse(null),
                proxy.getMetadata().getGeneration(),
                now);
        switch (seen.verdict()) {
            case Verdict.Accepted accepted ->
                conditions.set(
                        ACCEPTED,
                        true,
                        ACCEPTED,
                        "the spec compiles to version " + accepted.snapshot().version());
            case Verdict.Refused(var reason, var message) -> conditions.set(ACCEPTED, false, reason, message);
        }
        String progress = RolloutWords.progress(seen.state(), seen.policy(), seen.fleet())
                + (seen.state().phase() == Phase.Progressing
                        ? seen.traffic().map(traffic -> "; traffic: " + traffic).orElse("")
                        : "");
        conditions
                .set(PROGRAMMED, programmed.holds(), programmed.reason(), programmed.message())
                .set(PROGRESSING, phase == Phase.Progressing, phase.name(), progress);
        if (!seen.disks().isEmpty()) {
            persisted(seen.disks(), conditions);
        }
        ResolvedRefs.set(conditions, seen.references(), seen.reports());
        if (seen.verdict() instanceof Verdict.Accepted accepted
                && !accepted.warnings().isEmpty()) {
            conditions.set(WARNINGS, true, "Found", Admission.shown(accepted.warnings()));
        }
        return new ProxyStatus(
                proxy.getMetadata().getGeneration(),
                seen.clusterId(),
                versions(earlier.map(ProxyStatus::versions), seen),
                gateways(seen.fleet(), rejections),
                RolloutRecord.write(seen.state(), seen.policy().steps().size(), progress),
                orAbsent(FleetByVersion.of(seen.fleet(), seen.reports())),
                orAbsent(rejections),
                orAbsent(seen.instances()),
                orAbsent(addresses(seen, earlier.map(ProxyStatus::addresses))),
                TraceContext.parse(seen.traceparent())
                        .map(SpanContext::getTraceId)
                        .orElse(null),
                seen.traceparent().isEmpty() ? null : seen.traceparent(),
                conditions.toList());
    }

    private static void persisted(Map<String, Optional<String>> disks, Conditions conditions) {
        List<String> failing = disks.entrySet().stream()
                .flatMap(disk -> disk.getValue().map(why -> disk.getKey() + ": " + why).stream())
                .sorted()
                .toList();
        if (failing.isEmpty()) {
            conditions.set(PERSISTED, true, PERSISTED, "every proxy instance has on disk what it serves");
        } else {
            conditions.set(PERSISTED, false, "DiskFailed", String.join("; ", failing));
        }
    }

    /** An empty list is left out: the API server may or may not keep one, and the two should be equal. */
    private static <T> @Nullable List<T> orAbsent(List<T> list) {
        return list.isEmpty() ? null : list;
    }

    private static Versions versions(Optional<Versions> earlier, Observation seen) {
        String desired = seen.verdict() instanceof Verdict.Accepted accepted
                ? accepted.snapshot().version().abbreviated()
                : earlier.map(Versions::desired).orElse(null);
        return new Versions(
                desired, text(seen.state().stable()), text(seen.fleet().version()));
    }

    private static @Nullable String text(Optional<ContentHash> version) {
        return version.map(ContentHash::abbreviated).orElse(null);
    }

    private static Gateways gateways(FleetState fleet, List<Rejection> rejections) {
        int current = fleet.current().size();
        int told = rejections.stream().mapToInt(Rejection::gateways).sum();
        int rejected = Math.min(Math.max(fleet.rejected().size(), told), fleet.total() - current);
        return new Gateways(
                fleet.total(), current, fleet.total() - current - rejected, rejected, current + "/" + fleet.total());
    }

    /** Whether a condition holds, and why. */
    private record Finding(boolean holds, String reason, String message) {}

    private static Finding programmed(Observation seen, List<Rejection> rejections) {
        FleetState fleet = seen.fleet();
        String version = fleet.version().map(ContentHash::abbreviated).orElse("none");
        if (seen.verdict() instanceof Verdict.Refused(var reason, var message)) {
            String running = fleet.version().isEmpty()
                    ? ""
                    : "; " + fleet.current().size() + " of " + fleet.total() + " gateways go on running " + version;
            return new Finding(false, "NotAccepted", "the spec is not accepted (" + reason + ")" + running);
        }
        if (seen.waits() && seen.verdict() instanceof Verdict.Accepted accepted) {
            return new Finding(
                    false,
                    "Pending",
                    "version " + accepted.snapshot().version() + " waits until it is known what it refers to: see "
                            + ResolvedRefs.TYPE);
        }
        Optional<Failure> failure = seen.state().reason();
        if (failure.isPresent()) {
            return new Finding(
                    false, failure.get().reason().name(), RolloutWords.failed(failure.get(), seen.state(), rejections));
        }
        Optional<Workload> failed = seen.workloads().stream()
                .filter(gateway -> gateway.failure() != null && fleet.pending().contains(gateway.name()))
                .findFirst();
        if (failed.isPresent()) {
            return new Finding(
                    false,
                    "GatewayFailed",
                    "gateway " + failed.get().name() + " keeps ending: "
                            + failed.get().failure());
        }
        boolean waits = seen.state().phase() == Phase.Progressing
                && seen.state().stable().isPresent()
                && seen.state().wave().isEmpty();
        if (waits || seen.state().phase() == Phase.Paused) {
            return new Finding(
                    false, waits ? "Pending" : "Paused", RolloutWords.progress(seen.state(), seen.policy(), fleet));
        }
        if (!fleet.served()) {
            return new Finding(
                    false,
                    "NoProxyInstance",
                    "version " + version + " waits for a proxy instance: "
                            + (seen.instances().isEmpty()
                                    ? "the Scheduler has none"
                                    : String.join(", ", seen.instances()) + " has not taken it yet"
                                            + seen.instanceError()
                                                    .map(error -> ": " + error)
                                                    .orElse("")));
        }
        if (!fleet.pending().isEmpty()
                || !fleet.rejected().isEmpty()
                || seen.state().phase() != Phase.Complete) {
            return new Finding(
                    false,
                    "Pending",
                    fleet.current().size() + " of " + fleet.total() + " gateways run version " + version
                            + (fleet.pending().isEmpty() ? "" : "; waiting for " + Names.few(fleet.pending())));
        }
        return fleet.total() == 0
                ? new Finding(true, "NoGateways", "no gateway is connected; one that connects gets version " + version)
                : new Finding(true, PROGRAMMED, "all " + fleet.total() + " gateways run version " + version);
    }

    /** What is refused now, or was of the target that failed: gateways that are back on stable don't say it any more. */
    private static List<Rejection> rejections(Observation seen, Optional<ProxyStatus> earlier) {
        List<Rejection> now = Rejections.of(seen.fleet().rejected(), seen.verdict());
        if (!now.isEmpty() || seen.state().reason().isEmpty()) {
            return now;
        }
        String target = text(seen.state().target());
        return earlier.map(ProxyStatus::rejections).orElse(List.of()).stream()
                .filter(rejection -> rejection.version().equals(target))
                .toList();
    }

    /** While a spec isn't accepted, gateways go on listening where they do. */
    private static List<Address> addresses(Observation seen, Optional<List<Address>> earlier) {
        return seen.verdict() instanceof Verdict.Accepted accepted
                ? seen.workloads().stream()
                        .filter(gateway -> gateway.host() != null)
                        .flatMap(gateway -> accepted.config().listeners().stream()
                                .map(listener -> new Address(
                                        gateway.name(), listener.name(), gateway.host() + ":" + listener.port())))
                        .limit(ADDRESSES_SHOWN)
                        .toList()
                : earlier.orElse(List.of());
    }
}
