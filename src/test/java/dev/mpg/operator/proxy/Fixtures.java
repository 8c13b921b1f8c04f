package dev.mpg.operator.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.ProxyStatus;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.TrafficConfig;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A Proxy, versions and reports to decide about. */
final class Fixtures {
    static final ContentHash OLD = ContentHash.of(ByteString.copyFromUtf8("old"));
    static final ContentHash NEW = ContentHash.of(ByteString.copyFromUtf8("new"));

    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");
    private static final TrafficConfig CONFIG = new TrafficConfig(
            "edge.shop",
            List.of(new TrafficConfig.Listener("http", 8080, new Origin(SHOP, "spec.listeners[0]"))),
            List.of(),
            List.of());
    static final Verdict ACCEPTED = new Verdict.Accepted(CONFIG, Snapshot.EMPTY);

    private Fixtures() {}

    static Proxy proxy(long generation, @Nullable ProxyStatus status) {
        Proxy proxy = new Proxy();
        proxy.getMetadata().setNamespace("edge");
        proxy.getMetadata().setName("shop");
        proxy.getMetadata().setGeneration(generation);
        proxy.setSpec(new ProxySpec(
                null,
                null,
                null,
                List.of(new ProxySpec.Listener("http", 8080, null)),
                List.of(),
                List.of(),
                null,
                null,
                null));
        proxy.setStatus(status);
        return proxy;
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
