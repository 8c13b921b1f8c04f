package dev.mpg.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Golden cases: folders that each hold an input, {@code in.yaml}, and what must come of it. {@code -Dupdate=true} rewrites
 * the latter; read the difference before committing it.
 */
public final class GoldenCases {
    private static final Path ROOT = Path.of("src/test/resources");

    private GoldenCases() {}

    /** One case. */
    public record Case(Path input, Path output) {
        /** Compares what comes of the input with what must, or records it. */
        public void check(Function<Path, String> subject) {
            String actual = subject.apply(input);
            try {
                if (Boolean.getBoolean("update")) {
                    Files.createDirectories(Objects.requireNonNull(output.getParent()));
                    Files.writeString(output, actual);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            assertThat(output)
                    .as("what comes of %s; -Dupdate=true records it", input)
                    .isRegularFile();
            assertThat(actual)
                    .as("what comes of %s; -Dupdate=true records it as %s", input, output)
                    .isEqualTo(Manifests.text(output));
        }

        @Override
        public String toString() {
            return output.getName(output.getNameCount() - 2).toString();
        }
    }

    /** The cases of one suite, whose outputs have this name. */
    public static List<Case> in(String suite, String output) {
        return list(ROOT.resolve(suite))
                .map(folder -> new Case(folder.resolve("in.yaml"), folder.resolve(output)))
                .toList();
    }

    /** A case whose input isn't in its folder: something that users read. */
    public static Case of(Path input, String suite, String name, String output) {
        return new Case(input, ROOT.resolve(suite).resolve(name).resolve(output));
    }

    /** Fails when the suite's folder holds a file that no case uses. */
    public static void assertNothingUnused(String suite, List<Case> cases) {
        List<Path> used =
                cases.stream().flatMap(c -> Stream.of(c.input, c.output)).toList();
        try (Stream<Path> files = Files.walk(ROOT.resolve(suite))) {
            assertThat(files.filter(Files::isRegularFile))
                    .as("files of the suite %s that no case uses", suite)
                    .filteredOn(file -> !used.contains(file))
                    .isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a folder holds, sorted. */
    public static Stream<Path> list(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
