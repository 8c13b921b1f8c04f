package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.cli.text.YamlText;
import dev.mpg.compile.ResourceJson;
import dev.mpg.snapshot.Resource;
import java.util.List;
import java.util.function.Predicate;

/**
 * What {@code mpg compile} shows.
 *
 * @param proxies in the order read
 */
record Compiled(List<OfProxy> proxies) {
    /**
     * One Proxy.
     *
     * @param proxy such as {@code edge/shop}
     * @param version 12 hexadecimal digits, as its status will have
     * @param resources by type, in the order in which Envoy wants them added, then by name; perhaps only some
     */
    record OfProxy(String proxy, String clusterId, String version, List<OfResource> resources) {}

    /**
     * One Envoy resource.
     *
     * @param type the message's name, such as {@code Cluster}
     * @param version on the xDS wire: 128 bits of its hash, in base64url
     * @param resource as Envoy's config dump has it; fields in the order of their names, a name first
     */
    record OfResource(String type, String name, String version, JsonNode resource) {
        static OfResource of(Resource resource) {
            return new OfResource(
                    resource.type().messageName(),
                    resource.name(),
                    resource.wireVersion(),
                    YamlText.sorted(ResourceJson.of(resource)));
        }
    }

    static Compiled of(Review review, Predicate<Resource> wanted) {
        return new Compiled(review.proxies().stream()
                .map(proxy -> new OfProxy(
                        proxy.object().ref().path(),
                        proxy.config().clusterId(),
                        proxy.snapshot().version().abbreviated(),
                        proxy.snapshot().resources().stream()
                                .filter(wanted)
                                .map(OfResource::of)
                                .toList()))
                .toList());
    }
}
