package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.status.StatusPatches;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Writes Proxies' statuses, only where they differ. Thread-safe. */
public final class StatusWriter {
    private final StatusPatches<Proxy, ProxyStatus> patches;
    private final InstantSource clock;
    /** What could not be stored: gateways that are put back say no more what they refused, so nobody could say it again. */
    private final Map<ResourceID, Unwritten> unwritten = new ConcurrentHashMap<>();

    private record Unwritten(String uid, ProxyStatus status) {}

    public StatusWriter(KubernetesClient client, InstantSource clock) {
        this.patches = new StatusPatches<>(client, Proxy::new);
        this.clock = clock;
    }

    /**
     * Writes what is true of a Proxy. On return it is stored.
     *
     * @return what to tell about it; empty when nothing was written because the Proxy has changed or is gone: look again
     * @throws KubernetesClientException when the API server can't be reached or doesn't take it
     */
    Optional<List<Notice>> write(Proxy proxy, Observation observation) {
        ResourceID id = ResourceID.fromResource(proxy);
        Proxy latest = latest(proxy);
        ProxyStatus status = ProxyStatusFactory.status(latest, earlier(latest), observation, clock.instant());
        boolean differs = !status.equals(latest.getStatus());
        if (differs) {
            unwritten.put(id, new Unwritten(latest.getMetadata().getUid(), status));
            if (!patches.write(latest, status)) {
                return Optional.empty();
            }
        }
        unwritten.remove(id);
        return Optional.of(differs ? ProxyNotices.between(latest.getStatus(), status) : List.of());
    }

    /** The Proxy with the newest status that is known: the cache that reconciles read from lags behind what was written. */
    Proxy latest(Proxy proxy) {
        return patches.latest(proxy);
    }

    /** What its status says, or was to say. */
    private Optional<ProxyStatus> earlier(Proxy latest) {
        return Optional.ofNullable(unwritten.get(ResourceID.fromResource(latest)))
                .filter(lost -> lost.uid().equals(latest.getMetadata().getUid()))
                .map(Unwritten::status)
                .or(() -> Optional.ofNullable(latest.getStatus()));
    }

    /** This Proxy is gone. */
    void forget(ResourceID proxy) {
        patches.forget(proxy);
        unwritten.remove(proxy);
    }
}
