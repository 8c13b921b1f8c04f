package dev.mpg.api;

import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/** What a share of a fleet may be, {@code 10%} or {@code 3}: the CRD generator takes no bounds for such a field. */
public final class ShareSchema implements SchemaCustomizer.Customizer {
    @Override
    public JSONSchemaProps apply(JSONSchemaProps schema, String property, KubernetesSerialization serialization) {
        JSONSchemaProps share = schema.getProperties().get(property);
        if (share == null) {
            throw new IllegalArgumentException(
                    "no " + property + " in " + schema.getProperties().keySet());
        }
        share.setPattern("^(100|[1-9][0-9]?)%$");
        share.setMinimum(1.0);
        return schema;
    }
}
