package dev.mpg.api;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The reference of our resources for people, written from the same schemas that the API server enforces. */
final class ResourceReference {
    private final StringBuilder page = new StringBuilder();

    private ResourceReference() {}

    /** The page, in Markdown. */
    static String of(List<CustomResourceDefinition> definitions) {
        ResourceReference reference = new ResourceReference();
        reference.page.append("""
                # The resources

                Generated from the schemas in `crds/`; `make crds` writes it anew. `kubectl explain proxy.spec --recursive`
                tells the same.

                Specs over 256 KiB need `kubectl apply --server-side`: the plain form keeps a copy of the spec in an
                annotation, which has no room for more.
                """);
        definitions.forEach(reference::definition);
        return reference.page.toString();
    }

    private void definition(CustomResourceDefinition definition) {
        var names = definition.getSpec().getNames();
        var version = definition.getSpec().getVersions().getFirst();
        page.append("\n## %s\n\n`%s/%s`, %s; short name `%s`. %s\n"
                .formatted(
                        names.getKind(),
                        definition.getSpec().getGroup(),
                        version.getName(),
                        definition.getSpec().getScope().equals("Cluster") ? "cluster-scoped" : "namespaced",
                        String.join("`, `", names.getShortNames()),
                        version.getSchema().getOpenAPIV3Schema().getDescription()));
        for (String part : List.of("spec", "status")) {
            page.append("\n| %s | type | |\n|---|---|---|\n".formatted(part));
            fields("", version.getSchema().getOpenAPIV3Schema().getProperties().get(part));
        }
    }

    private void fields(String path, JSONSchemaProps schema) {
        schema.getProperties().forEach((name, field) -> {
            boolean required = schema.getRequired().contains(name);
            String here = path.isEmpty() ? name : path + "." + name;
            page.append(
                    "| `%s`%s | %s | %s |\n".formatted(here, required ? " (required)" : "", type(field), text(field)));
            if (field.getItems() == null) {
                fields(here, field);
            } else {
                fields(here + "[]", field.getItems().getSchema());
            }
        });
    }

    private static String type(JSONSchemaProps field) {
        if (field.getItems() != null) {
            return "list of " + type(field.getItems().getSchema()).replaceFirst("^object$", "objects");
        }
        return field.getEnum().isEmpty()
                ? field.getType()
                : String.join(
                        ", ",
                        field.getEnum().stream()
                                .map(value -> "`" + value.asText() + "`")
                                .toList());
    }

    private static String text(JSONSchemaProps field) {
        List<String> parts = new ArrayList<>();
        Optional.ofNullable(field.getDescription()).ifPresent(parts::add);
        Optional.ofNullable(field.getDefault()).ifPresent(value -> parts.add("Default: " + value.asText() + "."));
        range("", field.getMinimum(), field.getMaximum()).ifPresent(parts::add);
        range(" entries", field.getMinItems(), field.getMaxItems()).ifPresent(parts::add);
        field.getXKubernetesValidations().stream()
                .map(ValidationRule::getMessage)
                .filter(message -> message != null)
                .forEach(parts::add);
        return String.join(" ", parts).replace("|", "\\|").replace("<", "&lt;");
    }

    private static Optional<String> range(String what, Number least, Number most) {
        if (most == null) {
            return Optional.empty();
        }
        return Optional.of((least == null ? "At most " : least.longValue() + " to ") + most.longValue() + what + ".");
    }
}
