package dev.mpg.api;

import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.crdv2.generator.v1.SchemaCustomizer;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/**
 * What a path match's value may be, which depends on its type: a regular expression, or a path without query. As part of the
 * schema that costs nothing, while a rule (CEL) about so many strings would cost more than the API server lets it.
 */
public final class PathSchema implements SchemaCustomizer.Customizer {
    private static final String PATH = "^/[^?# ]*$";

    @Override
    public JSONSchemaProps apply(JSONSchemaProps schema, String input, KubernetesSerialization serialization) {
        JSONSchemaProps regex = new JSONSchemaPropsBuilder()
                .addToProperties(
                        "type",
                        new JSONSchemaPropsBuilder()
                                .withEnum(TextNode.valueOf(RouteSpec.PathMatchType.RegularExpression.name()))
                                .build())
                .build();
        JSONSchemaProps path = new JSONSchemaPropsBuilder()
                .addToProperties(
                        "value", new JSONSchemaPropsBuilder().withPattern(PATH).build())
                .build();
        schema.getAnyOf().add(path);
        schema.getAnyOf().add(regex);
        return schema;
    }
}
