package dev.mpg.config;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.config.GoldenCases.Case;
import dev.mpg.config.SpecReader.Reading;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What users are told about a spec that cannot be used: every problem, where it is and what to do. */
class SpecReaderGoldenTest {
    private static final String SUITE = "config";

    static List<Case> cases() {
        return GoldenCases.in(SUITE, "problems.txt");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isRefusedFor(Case golden) {
        golden.check(SpecReaderGoldenTest::problems);
    }

    private static String problems(Path input) {
        assertThat(Manifests.read(input)).isInstanceOf(Reading.Refused.class);
        return ((Reading.Refused) Manifests.read(input))
                .problems().stream()
                        .map(problem -> problem.origin().object() + ": " + problem.message() + "\n")
                        .collect(joining());
    }

    @Test
    void allFilesBelongToACase() {
        assertThat(cases()).isNotEmpty();
        GoldenCases.assertNothingUnused(SUITE, cases());
    }
}
