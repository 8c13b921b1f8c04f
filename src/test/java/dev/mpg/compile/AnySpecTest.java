package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxySpec;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecGenerator;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.snapshot.Resource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Any spec whatever is either refused with reasons or compiles. */
class AnySpecTest {
    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");

    @ParameterizedTest
    @CsvSource({
        // Valid field by field, so that most are accepted or fail for what only the whole shows.
        "0.0, 3000, 100",
        // Now and then a value that no schema lets in.
        "0.02, 3000, 50",
        "0.3, 3000, 0",
    })
    void isRefusedWithReasonsOrCompiles(double wildness, int specs, int leastAccepted) {
        int accepted = 0;
        for (int seed = 0; seed < specs; seed++) {
            ProxySpec spec = new SpecGenerator(seed, wildness).spec();
            switch (SpecReader.read(SHOP, spec)) {
                case Reading.Accepted(var config) -> {
                    accepted++;
                    assertThat(Compiler.compile(config).resources())
                            .as("seed %s", seed)
                            .allSatisfy(AnySpecTest::isReadable);
                }
                case Reading.Refused(var problems) ->
                    assertThat(problems)
                            .as("seed %s", seed)
                            .isNotEmpty()
                            .allSatisfy(problem -> assertThat(problem.message())
                                    .startsWith("spec.")
                                    .contains("; "));
            }
        }
        assertThat(accepted).isGreaterThanOrEqualTo(leastAccepted);
    }

    private static void isReadable(Resource resource) {
        assertThat(SnapshotYaml.message(resource).toByteString()).isEqualTo(resource.bytes());
    }
}
