package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Makes the files in {@code crds/} from the resource types: what Fabric8's generator says, and what it leaves out. */
final class Crds {
    static final List<Class<? extends HasMetadata>> KINDS = List.of(Proxy.class, Scheduler.class);

    private static final String HEADER = "# Made from the types in dev.mpg.api by `make crds`. Do not edit.\n";

    private Crds() {}

    /** File name to content. */
    static SortedMap<String, String> files() {
        SortedMap<String, String> files = new TreeMap<>();
        generate().forEach((name, crd) -> files.put(name + ".yaml", HEADER + yaml(crd)));
        return files;
    }

    /** The definitions by their names, such as {@code proxies.mpg.dev}. */
    static SortedMap<String, CustomResourceDefinition> generate() {
        SortedMap<String, CustomResourceDefinition> generated = new TreeMap<>();
        new CRDGenerator()
                .customResourceClasses(List.copyOf(KINDS))
                .forCRDVersions("v1")
                .withOutput(new Nowhere())
                .withPostProcessor(new CRDPostProcessor() {
                    @Override
                    public HasMetadata process(HasMetadata crd, String crdSpecVersion) {
                        generated.put(crd.getMetadata().getName(), complete((CustomResourceDefinition) crd));
                        return crd;
                    }
                })
                .generate();
        return generated;
    }

    private static CustomResourceDefinition complete(CustomResourceDefinition crd) {
        Class<?> kind = KINDS.stream()
                .filter(type ->
                        type.getSimpleName().equals(crd.getSpec().getNames().getKind()))
                .findFirst()
                .orElseThrow();
        CustomResourceDefinitionVersion version = crd.getSpec().getVersions().getFirst();
        sortColumns(version, kind);
        JSONSchemaProps schema = version.getSchema().getOpenAPIV3Schema();
        schema.setDescription(description(kind));
        schema.setRequired(List.of("spec"));
        addStandardFields(schema.getProperties());
        property(schema, "spec").setDescription(description(typeArgument(kind, 0)));
        property(schema, "status").setDescription(description(typeArgument(kind, 1)));
        property(property(schema, "status"), "conditions").getItems().setSchema(condition());
        return crd;
    }

    private static JSONSchemaProps property(JSONSchemaProps schema, String name) {
        return Objects.requireNonNull(schema.getProperties().get(name), name);
    }

    /** In the order in which the type declares them; the generator sorts them by their JSON paths. */
    private static void sortColumns(CustomResourceDefinitionVersion version, Class<?> kind) {
        List<String> order = Arrays.stream(kind.getAnnotationsByType(AdditionalPrinterColumn.class))
                .map(AdditionalPrinterColumn::name)
                .toList();
        version.setAdditionalPrinterColumns(version.getAdditionalPrinterColumns().stream()
                .sorted(Comparator.comparingInt(
                        (CustomResourceColumnDefinition column) -> order.indexOf(column.getName())))
                .toList());
    }

    /** Of CustomResource: the first is the spec's type, the second the status's. */
    private static Class<?> typeArgument(Class<?> kind, int index) {
        return (Class<?>) ((ParameterizedType) kind.getGenericSuperclass()).getActualTypeArguments()[index];
    }

    private static String description(Class<?> type) {
        JsonClassDescription description = type.getAnnotation(JsonClassDescription.class);
        if (description == null) {
            throw new IllegalStateException(type + " has no @JsonClassDescription, the text of kubectl explain");
        }
        return description.value();
    }

    /** What every Kubernetes object has. */
    private static void addStandardFields(Map<String, JSONSchemaProps> properties) {
        properties.put(
                "apiVersion",
                text("The version of the schema that this object is written in.")
                        .build());
        properties.put("kind", text("The resource's type.").build());
        properties.put(
                "metadata",
                new JSONSchemaPropsBuilder()
                        .withType("object")
                        // So that rules can point at it.
                        .addToProperties(
                                "name",
                                new JSONSchemaPropsBuilder().withType("string").build())
                        .build());
    }

    /** {@code metav1.Condition}, with its own bounds and patterns, which Fabric8's class doesn't carry. */
    private static JSONSchemaProps condition() {
        return new JSONSchemaPropsBuilder()
                .withType("object")
                .withRequired("lastTransitionTime", "message", "reason", "status", "type")
                .addToProperties(
                        "lastTransitionTime",
                        text("When the condition's status last changed.")
                                .withFormat("date-time")
                                .build())
                .addToProperties(
                        "message",
                        text("Details of the last change, for people. May be empty.")
                                .withMaxLength(32768L)
                                .build())
                .addToProperties(
                        "observedGeneration",
                        new JSONSchemaPropsBuilder()
                                .withType("integer")
                                .withFormat("int64")
                                .withMinimum(0.0)
                                .withDescription("The generation of the spec that the condition speaks of.")
                                .build())
                .addToProperties(
                        "reason",
                        text("Why the condition has its status, in one CamelCase word.")
                                .withMinLength(1L)
                                .withMaxLength(1024L)
                                .withPattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
                                .build())
                .addToProperties(
                        "status",
                        text("True, False or Unknown.")
                                .withEnum(Stream.of("True", "False", "Unknown")
                                        .map(TextNode::valueOf)
                                        .toArray(JsonNode[]::new))
                                .build())
                .addToProperties(
                        "type",
                        text("What the condition is about, in CamelCase.")
                                .withMaxLength(316L)
                                .withPattern("^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
                                        + "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$")
                                .build())
                .build();
    }

    private static JSONSchemaPropsBuilder text(String description) {
        return new JSONSchemaPropsBuilder().withType("string").withDescription(description);
    }

    private static String yaml(CustomResourceDefinition crd) {
        try {
            return MAPPER.writeValueAsString(crd);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final ObjectMapper MAPPER = new ObjectMapper(new YAMLFactory()
                    .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                    .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                    .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                    .disable(YAMLGenerator.Feature.SPLIT_LINES))
            .registerModule(new SimpleModule().addSerializer(Double.class, new WholeNumbers()));

    /** Bounds are doubles in the model; 65535 reads better than 65535.0. */
    private static final class WholeNumbers extends JsonSerializer<Double> {
        @Override
        public void serialize(Double value, JsonGenerator generator, SerializerProvider provider) throws IOException {
            if (value == Math.rint(value)) {
                generator.writeNumber(value.longValue());
            } else {
                generator.writeNumber(value);
            }
        }
    }

    private static final class Nowhere implements CRDGenerator.CRDOutput<OutputStream> {
        @Override
        public OutputStream outputFor(String name) {
            return OutputStream.nullOutputStream();
        }

        @Override
        public void close() {}
    }
}
