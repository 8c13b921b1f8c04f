package dev.mpg.operator.status;

import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Writes the statuses of one kind by server-side apply. Each names the resource version that it was made from: the API server
 * refuses one that was made from an older one, so neither an operator that doesn't lead any more nor one that looked at an
 * object which was replaced meanwhile overwrites anything. (It doesn't hold a patch of the status to the uid that it names.)
 * Thread-safe.
 */
public final class StatusPatches<T extends CustomResource<?, S>, S> {
    private static final String FIELD_MANAGER = "mpg-operator";

    private final KubernetesClient client;
    private final Supplier<T> empty;
    /** As written last: the cache that reconciles read from lags behind. */
    private final Map<ResourceID, T> written = new ConcurrentHashMap<>();

    /** @param empty makes a resource that has nothing yet */
    public StatusPatches(KubernetesClient client, Supplier<T> empty) {
        this.client = client;
        this.empty = empty;
    }

    /** The resource with the newest status and resource version that are known, for the spec that was looked at. */
    public T latest(T resource) {
        T own = written.get(ResourceID.fromResource(resource));
        if (own == null) {
            return resource;
        }
        boolean newer = own.getMetadata().getUid().equals(resource.getMetadata().getUid())
                && own.getMetadata()
                        .getGeneration()
                        .equals(resource.getMetadata().getGeneration())
                && version(own) > version(resource);
        return newer ? own : resource;
    }

    /** Resource versions of one type can be compared as numbers (KEP-5504). */
    private static long version(CustomResource<?, ?> resource) {
        return Long.parseLong(resource.getMetadata().getResourceVersion());
    }

    /**
     * Writes it. On return it is stored.
     *
     * @param latest what the status was made from
     * @return whether it was written: not when the resource has changed meanwhile or is gone; then look again
     * @throws KubernetesClientException when the API server can't be reached or doesn't take it
     */
    public boolean write(T latest, S status) {
        ResourceID id = ResourceID.fromResource(latest);
        T patch = empty.get();
        patch.getMetadata().setNamespace(latest.getMetadata().getNamespace());
        patch.getMetadata().setName(latest.getMetadata().getName());
        patch.getMetadata().setResourceVersion(latest.getMetadata().getResourceVersion());
        patch.setStatus(status);
        try {
            written.put(
                    id,
                    client.resource(patch)
                            .subresource("status")
                            .patch(new PatchContext.Builder()
                                    .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                    .withFieldManager(FIELD_MANAGER)
                                    .withForce(true)
                                    .build()));
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT || e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                written.remove(id);
                return false;
            }
            throw e;
        }
    }

    /** This one is gone. */
    public void forget(ResourceID resource) {
        written.remove(resource);
    }
}
