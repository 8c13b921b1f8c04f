package dev.mpg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/**
 * What the commands that need no cluster print. A transcript has lines {@code $ mpg …}, which are run, and under each what
 * came of it; {@code -Dupdate=true} writes the latter anew. What went to stderr is marked {@code ! }.
 */
class OfflineTranscriptTest {
    private static final Path FOLDER = Path.of("src", "test", "resources", "cli", "offline");
    private static final Path SCHEMAS = Path.of("docs", "schemas");
    private static final String PROMPT = "$ mpg ";
    private static final int WIDTH = 110;
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    static Stream<Path> transcripts() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".txt")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void isWhatTheCommandsPrint(Path transcript) throws IOException {
        StringBuilder actual = new StringBuilder();
        for (String line : Files.readAllLines(transcript)) {
            if (line.startsWith(PROMPT)) {
                actual.append(line).append('\n').append(run(line.substring(PROMPT.length())));
            }
        }
        if (Boolean.getBoolean("update")) {
            Files.writeString(transcript, actual);
        }
        assertThat(transcript).content().isEqualTo(actual.toString());
    }

    /** But for JSON, which isn't for terminals, and resources in YAML, whose texts and types are as long as they are. */
    @ParameterizedTest
    @ValueSource(strings = {"validate-valid", "validate-invalid", "explain", "diff", "compile"})
    void itFitsATerminal(String transcript) throws IOException {
        String command = "";
        for (String line : Files.readAllLines(FOLDER.resolve(transcript + ".txt"))) {
            command = line.startsWith(PROMPT) ? line : command;
            boolean resources = command.startsWith(PROMPT + "compile -f") && !line.startsWith("! ");
            if (!line.startsWith(PROMPT) && !command.contains("-o json") && !resources) {
                assertThat(line).as(command).hasSizeLessThanOrEqualTo(WIDTH);
            }
        }
    }

    @Test
    void everyInvalidFileIsShown() throws IOException {
        String shown = Files.readString(FOLDER.resolve("validate-invalid.txt"));
        try (Stream<Path> files = Files.list(FOLDER.resolve("bad"))) {
            assertThat(files).allSatisfy(file -> assertThat(shown).contains(PROMPT + "validate -f " + file + "\n"));
        }
    }

    private static String run(String command) throws IOException {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(command);
        while (word.find()) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        int redirect = words.indexOf("<");
        byte[] stdin = redirect < 0 ? new byte[0] : Files.readAllBytes(Path.of(words.get(redirect + 1)));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commands = Mpg.commandLine();
        commands.setOut(new PrintWriter(out, true));
        commands.setErr(new PrintWriter(err, true));
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(stdin));
        int code;
        try {
            code = commands.execute(
                    words.subList(0, redirect < 0 ? words.size() : redirect).toArray(String[]::new));
        } finally {
            System.setIn(before);
        }
        if (command.contains("-o json")) {
            itIsAsItsSchemaSays(words.getFirst(), out.toString(), code);
        }
        return out + err.toString().lines().map(line -> "! " + line + "\n").reduce("", String::concat) + "exit " + code
                + "\n\n";
    }

    private static void itIsAsItsSchemaSays(String command, String output, int code) throws IOException {
        Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(SCHEMAS.resolve(command + ".json")));
        assertThat(schema.validate(output, InputFormat.JSON)).as(output).isEmpty();
        assertThat(new ObjectMapper().readTree(output).path("code").asInt(-1)).isEqualTo(code);
    }
}
