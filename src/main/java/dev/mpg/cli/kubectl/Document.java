package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.Proxy;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.List;

/**
 * A Proxy as the API server has it, and its revisions.
 *
 * @param spec with fields that this program doesn't know, too
 */
record Document(Proxy proxy, JsonNode spec, History history) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Needs to get the Proxy and to list ControllerRevisions. */
    static Document read(Cluster cluster, KubernetesClient client, String name) {
        GenericKubernetesResource raw = at(cluster, client, name).get();
        if (raw == null) {
            throw cluster.missing(client, name);
        }
        Proxy proxy = client.getKubernetesSerialization().convertValue(raw, Proxy.class);
        List<Revision> revisions = client
                .apps()
                .controllerRevisions()
                .inNamespace(cluster.namespace(client))
                .withLabel(Revision.PROXY_LABEL, name)
                .list()
                .getItems()
                .stream()
                .filter(revision -> isOwner(proxy, revision))
                .map(Revision::of)
                .toList();
        return new Document(
                proxy,
                JSON.valueToTree(raw.getAdditionalProperties().get("spec")),
                History.of(revisions, proxy.getStatus()));
    }

    /** A Proxy's address at the API server, without the types of this program. */
    static Resource<GenericKubernetesResource> at(Cluster cluster, KubernetesClient client, String name) {
        return client.genericKubernetesResources(ResourceDefinitionContext.fromResourceType(Proxy.class))
                .inNamespace(cluster.namespace(client))
                .withName(name);
    }

    /** An earlier Proxy of the same name may have left some. */
    private static boolean isOwner(Proxy proxy, HasMetadata revision) {
        List<OwnerReference> owners = revision.getMetadata().getOwnerReferences();
        return owners != null
                && owners.stream()
                        .anyMatch(owner -> proxy.getMetadata().getUid().equals(owner.getUid()));
    }

    /** What the spec asks for now. */
    Content content() {
        return Content.of(spec);
    }

    /** What people call the spec as it is. */
    String title() {
        return proxy.getMetadata().getName() + " spec, generation "
                + proxy.getMetadata().getGeneration();
    }

    String title(Revision revision) {
        return proxy.getMetadata().getName() + " " + revision.title();
    }
}
