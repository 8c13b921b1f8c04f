package dev.mpg.cli.offline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The schemas in {@code docs/schemas} are what the records say; {@code -Dupdate=true} writes them anew. */
class ResponseSchemaTest {
    private static final Path FOLDER = Path.of("docs", "schemas");

    @ParameterizedTest
    @CsvSource({
        "validate, dev.mpg.cli.offline.Validation",
        "explain, dev.mpg.cli.offline.Explanation",
        "diff, dev.mpg.cli.offline.Difference",
        "compile, dev.mpg.cli.offline.Compiled"
    })
    void isFresh(String command, Class<?> data) throws IOException {
        ObjectNode schema = generator().generateSchema(Response.class, data);
        schema.put("title", "What mpg " + command + " -o json prints");
        String text = schema.toPrettyString() + "\n";
        Path file = FOLDER.resolve(command + ".json");
        if (Boolean.getBoolean("update")) {
            Files.writeString(file, text);
        }
        assertThat(file)
                .as("%s is stale: run this test with -Dupdate=true and commit its result", file)
                .content()
                .isEqualTo(text);
    }

    private static SchemaGenerator generator() {
        SchemaGeneratorConfigBuilder config =
                new SchemaGeneratorConfigBuilder(SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON);
        config.forFields().withRequiredCheck(ResponseSchemaTest::isAlwaysThere);
        config.forTypesInGeneral()
                .withCustomDefinitionProvider((type, context) -> type.getErasedType() == JsonNode.class
                        ? new CustomDefinition(
                                context.getGeneratorConfig().createObjectNode().put("type", "object"))
                        : null);
        return new SchemaGenerator(config.build());
    }

    private static boolean isAlwaysThere(FieldScope scope) {
        Field field = scope.getRawMember();
        return !field.getAnnotatedType().isAnnotationPresent(Nullable.class);
    }
}
