package dev.mpg.api;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The files in {@code crds/} are what the types in {@code dev.mpg.api} make, and say all that they should. {@code make crds}
 * renews them: it runs this test with {@code -Dupdate=true}.
 */
class CrdsTest {
    private static final Path FOLDER = Path.of("crds");
    private static final Path REFERENCE = Path.of("docs/resources.md");
    private static final SortedMap<String, CustomResourceDefinition> CRDS = Crds.generate();

    @Test
    void committedFilesAreFresh() throws IOException {
        SortedMap<String, String> generated = Crds.files();
        if (Boolean.getBoolean("update")) {
            write(generated);
        }
        assertThat(read())
                .as("crds/ is stale: the types in dev.mpg.api make other files. Run make crds and commit its result.")
                .isEqualTo(generated);
    }

    @Test
    void referenceForPeopleIsFresh() throws IOException {
        String generated = ResourceReference.of(List.copyOf(CRDS.values()));
        if (Boolean.getBoolean("update")) {
            Files.writeString(REFERENCE, generated);
        }
        assertThat(REFERENCE)
                .as("docs/resources.md is stale. Run make crds and commit its result.")
                .content()
                .isEqualTo(generated);
    }

    @Test
    void everyFieldHasItsTextForKubectlExplain() {
        assertThat(fields())
                .isNotEmpty()
                .allSatisfy((path, field) -> assertThat(field.getDescription())
                        .as("%s has no description: give it a @JsonPropertyDescription", path)
                        .isNotBlank());
    }

    @Test
    void everyListIsBounded() {
        assertThat(fields())
                .containsKey("proxies.mpg.dev.spec.routes.backendRefs.weight")
                .allSatisfy((path, field) -> {
                    if ("array".equals(field.getType())) {
                        assertThat(field.getMaxItems())
                                .as(
                                        "%s has no longest length: name it in the @SchemaCustomizer(ListSchema.class) of its type",
                                        path)
                                .isNotNull();
                    }
                });
    }

    @Test
    void columnsStandInTheOrderInWhichPeopleReadThem() {
        assertThat(version("proxies.mpg.dev").getAdditionalPrinterColumns())
                .extracting(CustomResourceColumnDefinition::getName)
                .containsExactly("VERSION", "GATEWAYS", "PROGRAMMED", "PHASE", "AGE", "CLUSTER", "STABLE", "REASON");
        assertThat(version("schedulers.mpg.dev").getAdditionalPrinterColumns())
                .extracting(CustomResourceColumnDefinition::getName)
                .containsExactly("INSTANCES", "PROXIES", "STDDEV", "READY", "BALANCED", "AGE", "MIGRATIONS", "REASON");
    }

    @Test
    void statusIsASubresourceAndSpecIsRequired() {
        assertThat(CRDS).hasSize(Crds.KINDS.size()).allSatisfy((name, crd) -> {
            assertThat(version(crd).getSubresources().getStatus()).isNotNull();
            assertThat(schema(crd).getRequired()).containsExactly("spec");
        });
    }

    private static CustomResourceDefinitionVersion version(String name) {
        return version(requireNonNull(CRDS.get(name)));
    }

    private static CustomResourceDefinitionVersion version(CustomResourceDefinition crd) {
        return crd.getSpec().getVersions().getFirst();
    }

    private static JSONSchemaProps schema(CustomResourceDefinition crd) {
        return version(crd).getSchema().getOpenAPIV3Schema();
    }

    /** Every field of every spec and status, by its path, such as {@code proxies.mpg.dev.spec.routes.name}. */
    private static SortedMap<String, JSONSchemaProps> fields() {
        SortedMap<String, JSONSchemaProps> fields = new TreeMap<>();
        CRDS.forEach((name, crd) -> schema(crd).getProperties().forEach((property, schema) -> {
            if (!property.equals("metadata")) {
                collect(name + "." + property, schema, fields);
            }
        }));
        return fields;
    }

    private static void collect(String path, JSONSchemaProps schema, SortedMap<String, JSONSchemaProps> fields) {
        fields.put(path, schema);
        JSONSchemaProps parent =
                schema.getItems() == null ? schema : schema.getItems().getSchema();
        parent.getProperties().forEach((name, property) -> collect(path + "." + name, property, fields));
    }

    private static void write(SortedMap<String, String> files) throws IOException {
        Files.createDirectories(FOLDER);
        for (Path file : list()) {
            Files.delete(file);
        }
        for (var file : files.entrySet()) {
            Files.writeString(FOLDER.resolve(file.getKey()), file.getValue());
        }
    }

    private static SortedMap<String, String> read() throws IOException {
        SortedMap<String, String> files = new TreeMap<>();
        for (Path file : list()) {
            files.put(file.getFileName().toString(), Files.readString(file));
        }
        return files;
    }

    private static List<Path> list() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.toList();
        }
    }
}
