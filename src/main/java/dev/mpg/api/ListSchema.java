package dev.mpg.api;

import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the CRD generator has no annotation of its own for: how long a list may be, and what makes an entry unique. The
 * API server refuses two entries with one key, and server-side apply merges by it. Every list needs a longest length, or
 * the API server refuses the rules (CEL) about what is in it as too expensive.
 *
 * <p>Input: one word per list, {@code property:length}, {@code property:length:unique} or
 * {@code property:length:unique:atomic}.
 *
 * <ul>
 *   <li>length: {@code 8} for 0 to 8 entries, {@code 1-8} for 1 to 8
 *   <li>unique: {@code set} when an entry is its own key, else the properties of an entry that are its key: {@code name},
 *       {@code host+port}
 *   <li>atomic: an entry has one owner, who applies it as a whole. Else the API server keeps who owns each field of each
 *       entry, which takes more space than the entries themselves
 * </ul>
 */
public final class ListSchema implements SchemaCustomizer.Customizer {

    @Override
    public JSONSchemaProps apply(JSONSchemaProps schema, String input, KubernetesSerialization serialization) {
        for (String word : input.split(" ", -1)) {
            List<String> parts = List.of(word.split(":", -1));
            JSONSchemaProps list = schema.getProperties().get(parts.get(0));
            if (list == null || !"array".equals(list.getType())) {
                throw new IllegalArgumentException("no list named " + parts.get(0) + " in "
                        + schema.getProperties().keySet());
            }
            limit(list, List.of(parts.get(1).split("-", -1)));
            if (parts.size() > 2) {
                unique(list, parts.get(2));
            }
            if (parts.size() > 3) {
                list.getItems().getSchema().setXKubernetesMapType(parts.get(3));
            }
        }
        return schema;
    }

    private static void limit(JSONSchemaProps list, List<String> length) {
        list.setMaxItems(Long.valueOf(length.getLast()));
        if (length.size() == 2) {
            list.setMinItems(Long.valueOf(length.getFirst()));
        }
    }

    private static void unique(JSONSchemaProps list, String unique) {
        if (unique.equals("set")) {
            list.setXKubernetesListType("set");
            return;
        }
        List<String> keys = List.of(unique.split("\\+", -1));
        list.setXKubernetesListType("map");
        list.setXKubernetesListMapKeys(keys);
        JSONSchemaProps entry = list.getItems().getSchema();
        entry.setRequired(Stream.concat(entry.getRequired().stream(), keys.stream())
                .distinct()
                .sorted()
                .toList());
    }
}
