package dev.mpg.operator.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.config.Listener;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.TrafficConfig;
import dev.mpg.operator.endpoints.References;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Observation;
import dev.mpg.rollout.Rollout;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Specs;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A Proxy, versions and reports to decide about. */
final class Fixtures {
    static final ContentHash OLD = ContentHash.of(ByteString.copyFromUtf8("old"));
    static final ContentHash NEW = ContentHash.of(ByteString.copyFromUtf8("new"));

    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");
    private static final TrafficConfig CONFIG = new TrafficConfig(
            "edge.shop",
            List.of(new Listener("http", 8080, new Origin(SHOP, "spec.listeners[0]"))),
            List.of(),
            List.of());
    static final Verdict ACCEPTED = new Verdict.Accepted(CONFIG, Snapshot.EMPTY, List.of());

    private Fixtures() {}

    /**
     * The status after one look at the fleet, decided as the reconciler does.
     *
     * @param earlier where the rollout's state is, too
     * @param desired what the spec compiles to; empty while it can't be used
     */
    static ProxyStatus status(
            @Nullable ProxyStatus earlier,
            long generation,
            Verdict verdict,
            Optional<ContentHash> desired,
            List<String> members,
            List<ContentHash> served,
            List<GatewayReport> reports,
            List<Workload> workloads,
            Optional<String> instanceError,
            Instant now) {
        RolloutState before = earlier == null ? RolloutState.NONE : RolloutRecord.read(earlier.rollout());
        Set<String> fleet = members.isEmpty()
                ? reports.stream().map(GatewayReport::gateway).collect(Collectors.toSet())
                : Set.copyOf(members);
        // A wave that opens now excuses what was refused before: what is refused in answer to it is seen one look
        // later.
        RolloutState opened = decide(before, desired, fleet, !served.isEmpty(), List.of(), now);
        RolloutState state = decide(opened, desired, fleet, !served.isEmpty(), reports, now);
        return ProxyStatusFactory.status(
                proxy(generation, earlier),
                Optional.ofNullable(earlier),
                new ProxyStatusFactory.Observation(
                        "edge.shop",
                        verdict,
                        RolloutPolicy.DEFAULT,
                        state,
                        FleetState.of(state.target(), members, reports, served),
                        reports,
                        List.of("default-0"),
                        instanceError,
                        workloads,
                        Optional.empty(),
                        Map.of("default-0", Optional.empty()),
                        References.NONE,
                        false,
                        ""),
                now);
    }

    static Proxy proxy(long generation, @Nullable ProxyStatus status) {
        Proxy proxy = new Proxy();
        proxy.getMetadata().setNamespace("edge");
        proxy.getMetadata().setName("shop");
        proxy.getMetadata().setGeneration(generation);
        proxy.setSpec(Specs.proxy(null, List.of(Specs.listener("http", 8080)), List.of(), List.of()));
        proxy.setStatus(status);
        return proxy;
    }

    private static RolloutState decide(
            RolloutState before,
            Optional<ContentHash> desired,
            Set<String> fleet,
            boolean fleetKnown,
            List<GatewayReport> reports,
            Instant now) {
        return Rollout.decide(
                        before,
                        RolloutPolicy.DEFAULT,
                        new Observation(now, desired, fleet, fleetKnown, reports, Optional.empty(), false, Set.of()))
                .state();
    }

    static GatewayReport current(String gateway, ContentHash version) {
        return new GatewayReport(gateway, GatewayReport.State.CURRENT, version, List.of());
    }

    static GatewayReport pending(String gateway, ContentHash version) {
        return new GatewayReport(gateway, GatewayReport.State.PENDING, version, List.of());
    }

    static GatewayReport rejected(String gateway, ContentHash version, String message) {
        return new GatewayReport(
                gateway,
                GatewayReport.State.REJECTED,
                version,
                List.of(new GatewayReport.Refusal(ResourceType.LISTENER.typeUrl(), message, List.of("http"))));
    }

    static Condition condition(ProxyStatus status, String type) {
        return Optional.ofNullable(status.conditions()).orElse(List.of()).stream()
                .filter(condition -> type.equals(condition.getType()))
                .findFirst()
                .orElseThrow();
    }
}
