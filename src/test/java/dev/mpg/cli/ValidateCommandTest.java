package dev.mpg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What can't be in a transcript, and that the judgement is the API server's. */
class ValidateCommandTest {
    private static final Path API_CASES = Path.of("src", "test", "resources", "api");

    /** The API server takes them: only the operator sees what is wrong. */
    private static final Set<String> REFUSED_BY_THE_OPERATOR = Set.of("valid-lowest-bounds.yaml");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    private int validate(String... arguments) {
        CommandLine commands = Mpg.commandLine();
        commands.setOut(new PrintWriter(out, true));
        commands.setErr(new PrintWriter(err, true));
        return commands.execute(
                Stream.concat(Stream.of("validate", "-f"), Stream.of(arguments)).toArray(String[]::new));
    }

    /** The output on one line, however it was broken. */
    private String words() {
        return out.toString().replaceAll("\\s+", " ");
    }

    static Stream<Path> apiCases() throws IOException {
        try (Stream<Path> files = Files.list(API_CASES)) {
            return files
                    .filter(file -> !file.getFileName().toString().startsWith("update-"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    /** {@code CustomResourceValidationIT} shows the same files to a real API server. */
    @ParameterizedTest
    @MethodSource("apiCases")
    void itTakesAndRefusesWhatTheApiServerDoes(Path file) {
        String name = file.getFileName().toString();
        boolean valid = name.startsWith("valid-") && !REFUSED_BY_THE_OPERATOR.contains(name);
        assertThat(validate(file.toString())).as(out.toString()).isEqualTo(valid ? 0 : 1);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void anEmptyFolderIsNamedWrongly() {
        assertThat(validate(folder.toString())).isEqualTo(2);
        assertThat(words())
                .contains("error: there is no file in this folder that ends with .yaml, .yml, .json;"
                        + " name another folder or a file");
    }

    @Test
    void aFileThatCannotBeReadIsNamedWrongly() throws IOException {
        Path loop = folder.resolve("loop.yaml");
        Files.createSymbolicLink(loop, loop);
        assertThat(validate(loop.toString())).isEqualTo(2);
        assertThat(words()).contains("loop.yaml: error: it cannot be read: ", "make it one that can be read");
    }

    @Test
    void aFileThatIsTooLargeIsNotRead() throws IOException {
        Path large = folder.resolve("large.yaml");
        Files.write(large, new byte[(16 << 20) + 1]);
        assertThat(validate(large.toString())).isEqualTo(2);
        assertThat(words()).contains("error: it is larger than 16 MiB; split it into several files");
    }

    @Test
    void otherEncodingsAreToldFromUtf8() throws IOException {
        Path latin1 = folder.resolve("latin1.yaml");
        Files.writeString(latin1, "name: Stra\u00dfe", StandardCharsets.ISO_8859_1);
        assertThat(validate(latin1.toString())).isEqualTo(2);
        assertThat(words()).contains("error: it is no text in UTF-8; save it as UTF-8");
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheText() throws IOException {
        Path file = folder.resolve("shop.yaml");
        Files.writeString(file, "\uFEFF" + Files.readString(Path.of("examples", "shop.yaml")));
        assertThat(validate(file.toString())).isZero();
    }

    @Test
    void thousandsOfRoutesAreJudged() throws IOException {
        StringBuilder yaml = new StringBuilder("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: many}
                spec:
                  listeners: [{name: http, port: 8080}]
                  backends: [{name: shop, endpoints: []}]
                  routes:
                """);
        for (int i = 0; i < 5000; i++) {
            yaml.append("  - {name: r")
                    .append(i)
                    .append(", hostnames: [h")
                    .append(i)
                    .append(".example.com], backendRefs: [{name: shop}]}\n");
        }
        Path file = folder.resolve("many.yaml");
        Files.writeString(file, yaml);
        assertThat(validate(file.toString())).isZero();
        assertThat(words()).contains("1 of 1 object valid");
    }
}
