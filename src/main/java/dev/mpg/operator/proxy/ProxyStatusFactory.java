package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Address;
import dev.mpg.api.ProxyStatus.Gateways;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.api.ProxyStatus.Versions;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.operator.status.Conditions;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The one place that writes a Proxy's status. Pure: what is true goes in, the status comes out. */
final class ProxyStatusFactory {
    static final String ACCEPTED = "Accepted";
    static final String PROGRAMMED = "Programmed";
    static final String PROGRESSING = "Progressing";

    private static final int REJECTIONS_SHOWN = 16;
    private static final int ADDRESSES_SHOWN = 1000;
    private static final int NAMES_SHOWN = 5;

    private ProxyStatusFactory() {}

    /**
     * What is true of a Proxy.
     *
     * @param fleet where the gateways stand with the version in force
     * @param instances the proxy instances that should serve it
     * @param instanceError why one of them can't; empty when none said so
     * @param workloads the gateways that are run for it
     */
    record Observation(
            String clusterId,
            Verdict verdict,
            FleetState fleet,
            List<String> instances,
            Optional<String> instanceError,
            List<Workload> workloads) {}

    static ProxyStatus status(Proxy proxy, Observation seen, Instant now) {
        @Nullable ProxyStatus earlier = proxy.getStatus();
        Phase phase = phase(seen.fleet());
        Finding programmed = programmed(seen);
        Conditions conditions = new Conditions(
                earlier == null ? null : earlier.conditions(),
                proxy.getMetadata().getGeneration(),
                now);
        switch (seen.verdict()) {
            case Verdict.Accepted(var config, var snapshot) ->
                conditions.set(ACCEPTED, true, ACCEPTED, "the spec compiles to version " + snapshot.version());
            case Verdict.Refused(var reason, var message) -> conditions.set(ACCEPTED, false, reason, message);
        }
        conditions
                .set(PROGRAMMED, programmed.holds(), programmed.reason(), programmed.message())
                .set(PROGRESSING, phase == Phase.Progressing, phase.name(), progress(phase, seen.fleet()));
        return new ProxyStatus(
                proxy.getMetadata().getGeneration(),
                seen.clusterId(),
                versions(Optional.ofNullable(earlier).map(ProxyStatus::versions), seen),
                gateways(seen.fleet()),
                new Rollout(phase, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
                null,
                orAbsent(rejections(seen.fleet())),
                orAbsent(seen.instances()),
                orAbsent(addresses(seen, Optional.ofNullable(earlier).map(ProxyStatus::addresses))),
                conditions.toList());
    }

    /** An empty list is left out: the API server may or may not keep one, and the two should be equal. */
    private static <T> @Nullable List<T> orAbsent(List<T> list) {
        return list.isEmpty() ? null : list;
    }

    private static Phase phase(FleetState fleet) {
        if (fleet.version().isEmpty()) {
            return Phase.Pending;
        } else if (!fleet.rejected().isEmpty()) {
            return Phase.Failed;
        }
        boolean arrived = fleet.pending().isEmpty() && (fleet.served() || fleet.total() > 0);
        return arrived ? Phase.Complete : Phase.Progressing;
    }

    private static Versions versions(Optional<Versions> earlier, Observation seen) {
        Optional<String> inForce = seen.fleet().version().map(ContentHash::abbreviated);
        String desired = seen.verdict() instanceof Verdict.Accepted(var config, var snapshot)
                ? snapshot.version().abbreviated()
                : earlier.map(Versions::desired).orElse(null);
        String stable = seen.fleet().complete()
                ? inForce.orElse(null)
                : earlier.map(Versions::stable).orElse(null);
        // An operator that has just started with a spec it can't use knows no version until an instance names its own.
        String target = inForce.or(() -> earlier.map(Versions::target)).orElse(null);
        return new Versions(desired, stable, target);
    }

    private static Gateways gateways(FleetState fleet) {
        return new Gateways(
                fleet.total(),
                fleet.current().size(),
                fleet.pending().size(),
                fleet.rejected().size(),
                fleet.current().size() + "/" + fleet.total());
    }

    private static String progress(Phase phase, FleetState fleet) {
        String version = fleet.version().map(ContentHash::abbreviated).orElse("none");
        return switch (phase) {
            case Pending -> "there is no version to roll out yet";
            case Progressing -> "rolling out version " + version;
            case Complete -> "version " + version + " has arrived";
            default -> "version " + version + " was refused";
        };
    }

    /** Whether a condition holds, and why. */
    private record Finding(boolean holds, String reason, String message) {}

    private static Finding programmed(Observation seen) {
        FleetState fleet = seen.fleet();
        if (seen.verdict() instanceof Verdict.Refused(var reason, var message)) {
            String running = fleet.version()
                    .map(version -> "; " + fleet.current().size() + " of " + fleet.total() + " gateways go on running "
                            + version)
                    .orElse("");
            return new Finding(false, "NotAccepted", "the spec is not accepted (" + reason + ")" + running);
        }
        String version = fleet.version().map(ContentHash::abbreviated).orElse("none");
        if (!fleet.rejected().isEmpty()) {
            return new Finding(
                    false,
                    "Rejected",
                    fleet.rejected().size() + " of " + fleet.total() + " gateways refused version " + version + ": "
                            + rejections(fleet).stream()
                                    .findFirst()
                                    .map(Rejection::message)
                                    .orElse("their words did not reach the operator, see the proxy instance's log")
                            + "; change the spec: what was refused is not offered again as it is");
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
        if (!fleet.pending().isEmpty()) {
            return new Finding(
                    false,
                    "Pending",
                    fleet.current().size() + " of " + fleet.total() + " gateways run version " + version
                            + "; waiting for " + names(fleet.pending()));
        }
        return fleet.total() == 0
                ? new Finding(true, "NoGateways", "no gateway is connected; one that connects gets version " + version)
                : new Finding(true, PROGRAMMED, "all " + fleet.total() + " gateways run version " + version);
    }

    private static String names(List<String> gateways) {
        String shown = gateways.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", "));
        int more = gateways.size() - NAMES_SHOWN;
        return more > 0 ? shown + " and " + more + " more" : shown;
    }

    private static List<Rejection> rejections(FleetState fleet) {
        return fleet.rejected().stream()
                .flatMap(report -> report.refusals().stream().map(refusal -> rejection(report.gateway(), refusal)))
                .limit(REJECTIONS_SHOWN)
                .toList();
    }

    private static Rejection rejection(String gateway, GatewayReport.Refusal refusal) {
        String type = ResourceType.ofTypeUrl(refusal.typeUrl())
                .map(ResourceType::messageName)
                .orElse(refusal.typeUrl());
        return new Rejection(gateway, 1, "", type, null, null, refusal.message());
    }

    /** While a spec isn't accepted, gateways go on listening where they do. */
    private static List<Address> addresses(Observation seen, Optional<List<Address>> earlier) {
        return seen.verdict() instanceof Verdict.Accepted(var config, var snapshot)
                ? seen.workloads().stream()
                        .filter(gateway -> gateway.host() != null)
                        .flatMap(gateway -> config.listeners().stream()
                                .map(listener -> new Address(
                                        gateway.name(), listener.name(), gateway.host() + ":" + listener.port())))
                        .limit(ADDRESSES_SHOWN)
                        .toList()
                : earlier.orElse(List.of());
    }
}
