package dev.mpg.operator.proxy;

import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.rollout.GatewayReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which gateways run which version, in groups. Pure. */
final class FleetByVersion {
    private static final int GROUPS_SHOWN = 16;
    private static final int NAMES_SHOWN = 16;

    private FleetByVersion() {}

    private record Group(@Nullable String version, Standing state) {}

    /** Largest groups first. */
    static List<Running> of(FleetState fleet, List<GatewayReport> reports) {
        Map<String, GatewayReport> byName = new HashMap<>();
        reports.forEach(report -> byName.put(report.gateway(), report));
        Map<Group, List<String>> groups = new TreeMap<>(Comparator.comparing(
                        (Group group) -> Optional.ofNullable(group.version).orElse(""))
                .thenComparing(Group::state));
        fleet.gateways()
                .forEach(gateway -> groups.computeIfAbsent(group(byName.get(gateway)), group -> new ArrayList<>())
                        .add(gateway));
        return groups.entrySet().stream()
                .map(group -> new Running(
                        group.getKey().version(),
                        group.getKey().state(),
                        group.getValue().size(),
                        group.getValue().stream().sorted().limit(NAMES_SHOWN).toList()))
                .sorted(Comparator.comparingInt(Running::count).reversed())
                .limit(GROUPS_SHOWN)
                .toList();
    }

    private static Group group(@Nullable GatewayReport report) {
        if (report == null) {
            return new Group(null, Standing.Away);
        }
        Standing state = switch (report.state()) {
            case CURRENT -> Standing.Current;
            case PENDING -> Standing.Pending;
            case REJECTED -> Standing.Rejected;
        };
        return new Group(report.version().abbreviated(), state);
    }
}
