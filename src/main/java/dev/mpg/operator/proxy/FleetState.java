package dev.mpg.operator.proxy;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where the gateways of a fleet stand with one version. {@code total = current + pending + rejected}.
 *
 * @param version the version that they should run; empty while there is none
 * @param served whether a connected proxy instance serves it
 * @param current gateways that ACKed all of it
 * @param pending gateways that have not answered, or are not connected
 * @param rejected reports of the gateways that refused it
 */
record FleetState(
        Optional<ContentHash> version,
        boolean served,
        List<String> current,
        List<String> pending,
        List<GatewayReport> rejected) {
    /** No version, no gateways. */
    static final FleetState NONE = new FleetState(Optional.empty(), false, List.of(), List.of(), List.of());

    /**
     * Counts.
     *
     * @param members the gateways that are run for the Proxy; empty when gateways are run elsewhere: then those that are
     *     connected are the fleet
     * @param servedVersions what the connected proxy instances of the Proxy serve
     */
    static FleetState of(
            Optional<ContentHash> version,
            List<String> members,
            List<GatewayReport> reports,
            List<ContentHash> servedVersions) {
        Map<String, GatewayReport> byName =
                reports.stream().collect(Collectors.toMap(GatewayReport::gateway, Function.identity(), (a, b) -> b));
        List<String> fleet =
                members.isEmpty() ? byName.keySet().stream().sorted().toList() : members;
        List<String> current = new ArrayList<>();
        List<String> pending = new ArrayList<>();
        List<GatewayReport> rejected = new ArrayList<>();
        for (String gateway : fleet) {
            GatewayReport report = byName.get(gateway);
            if (report == null || version.isEmpty() || !report.version().equals(version.get())) {
                pending.add(gateway);
                continue;
            }
            switch (report.state()) {
                case CURRENT -> current.add(gateway);
                case PENDING -> pending.add(gateway);
                case REJECTED -> rejected.add(report);
            }
        }
        boolean served = version.isPresent() && servedVersions.contains(version.get());
        return new FleetState(version, served, current, pending, rejected);
    }

    /** All of them. */
    Stream<String> gateways() {
        return Stream.of(
                        current,
                        pending,
                        rejected.stream().map(GatewayReport::gateway).toList())
                .flatMap(List::stream);
    }

    int total() {
        return current.size() + pending.size() + rejected.size();
    }
}
