package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.config.GoldenCases;
import dev.mpg.config.GoldenCases.Case;
import dev.mpg.config.Manifests;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a Proxy compiles to, in full. Users' examples are cases too. */
class CompilerGoldenTest {
    private static final String SUITE = "compile";
    private static final String OUTPUT = "out.yaml";
    /** Cases that have no input of their own are named so, followed by the example's name. */
    private static final String EXAMPLE = "example-";

    static List<Case> cases() {
        Stream<Case> examples = GoldenCases.list(Path.of("examples"))
                .filter(file -> Manifests.text(file).lines().anyMatch("kind: Proxy"::equals))
                .map(file -> GoldenCases.of(
                        file, SUITE, EXAMPLE + file.getFileName().toString().replace(".yaml", ""), OUTPUT));
        Stream<Case> folders = GoldenCases.in(SUITE, OUTPUT).stream()
                .filter(folder -> !folder.toString().startsWith(EXAMPLE));
        return Stream.concat(folders, examples).toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void compilesTo(Case golden) {
        golden.check(input -> SnapshotYaml.of(Compiled.snapshot(Manifests.config(input))));
    }

    @Test
    void allFilesBelongToACase() {
        assertThat(cases()).isNotEmpty();
        GoldenCases.assertNothingUnused(SUITE, cases());
    }
}
