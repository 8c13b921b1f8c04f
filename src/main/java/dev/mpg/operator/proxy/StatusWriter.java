package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes Proxies' statuses, by server-side apply and only where they differ. Each names the resource version that it was made
 * from: the API server refuses one that was made from an older one, so neither an operator that doesn't lead any more nor
 * one that looked at an object which was replaced meanwhile overwrites anything. Thread-safe.
 */
public final class StatusWriter {
    private static final String FIELD_MANAGER = "mpg-operator";

    private final KubernetesClient client;
    private final InstantSource clock;
    /** As written last: the cache that reconciles read from lags behind. */
    private final Map<ResourceID, Proxy> written = new ConcurrentHashMap<>();
    /** What could not be stored: gateways that are put back say no more what they refused, so nobody could say it again. */
    private final Map<ResourceID, Unwritten> unwritten = new ConcurrentHashMap<>();

    private record Unwritten(String uid, ProxyStatus status) {}

    public StatusWriter(KubernetesClient client, InstantSource clock) {
        this.client = client;
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
        if (status.equals(latest.getStatus())) {
            unwritten.remove(id);
            return Optional.of(List.of());
        }
        unwritten.put(id, new Unwritten(latest.getMetadata().getUid(), status));
        Proxy patch = new Proxy();
        patch.getMetadata().setNamespace(proxy.getMetadata().getNamespace());
        patch.getMetadata().setName(proxy.getMetadata().getName());
        patch.getMetadata().setResourceVersion(latest.getMetadata().getResourceVersion());
        patch.setStatus(status);
        try {
            written.put(id, apply(patch));
            unwritten.remove(id);
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT || e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                written.remove(id);
                return Optional.empty();
            }
            throw e;
        }
        return Optional.of(ProxyNotices.between(latest.getStatus(), status));
    }

    /** What its status says, or was to say. */
    private Optional<ProxyStatus> earlier(Proxy latest) {
        return Optional.ofNullable(unwritten.get(ResourceID.fromResource(latest)))
                .filter(lost -> lost.uid().equals(latest.getMetadata().getUid()))
                .map(Unwritten::status)
                .or(() -> Optional.ofNullable(latest.getStatus()));
    }

    private Proxy apply(Proxy patch) {
        return client.resource(patch)
                .subresource("status")
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(FIELD_MANAGER)
                        .withForce(true)
                        .build());
    }

    /** Its spec is the one that was looked at; its status and resource version are the newest that are known. */
    private Proxy latest(Proxy proxy) {
        Proxy own = written.get(ResourceID.fromResource(proxy));
        if (own == null
                || !own.getMetadata().getUid().equals(proxy.getMetadata().getUid())
                || !own.getMetadata().getGeneration().equals(proxy.getMetadata().getGeneration())
                || version(own) <= version(proxy)) {
            return proxy;
        }
        return own;
    }

    /** Resource versions of one type can be compared as numbers (KEP-5504). */
    private static long version(Proxy proxy) {
        return Long.parseLong(proxy.getMetadata().getResourceVersion());
    }

    /** This Proxy is gone. */
    void forget(ResourceID proxy) {
        written.remove(proxy);
        unwritten.remove(proxy);
    }
}
