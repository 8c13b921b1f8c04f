package dev.mpg.api;

import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the CRD generator has no annotation of its own for: the longest length of a list and its merge key. A list with a
 * key becomes a {@code map} list: the API server refuses two entries with one key, and server-side apply merges by it.
 *
 * <p>Input: one entry per list, separated by spaces, each {@code property:maxItems} or {@code property:maxItems:key}.
 */
public final class ListSchema implements SchemaCustomizer.Customizer {

    @Override
    public JSONSchemaProps apply(JSONSchemaProps schema, String input, KubernetesSerialization serialization) {
        for (String entry : input.split(" ", -1)) {
            List<String> parts = List.of(entry.split(":", -1));
            JSONSchemaProps list = schema.getProperties().get(parts.get(0));
            if (list == null || !"array".equals(list.getType())) {
                throw new IllegalArgumentException("no list named " + parts.get(0) + " in "
                        + schema.getProperties().keySet());
            }
            list.setMaxItems(Long.valueOf(parts.get(1)));
            if (parts.size() == 3) {
                list.setXKubernetesListType("map");
                list.setXKubernetesListMapKeys(List.of(parts.get(2)));
                JSONSchemaProps item = list.getItems().getSchema();
                item.setRequired(Stream.concat(item.getRequired().stream(), Stream.of(parts.get(2)))
                        .distinct()
                        .sorted()
                        .toList());
            }
        }
        return schema;
    }
}
