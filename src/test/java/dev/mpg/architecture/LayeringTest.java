package dev.mpg.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Our packages keep to {@link Layering}, and its rules find what breaks them. */
class LayeringTest {
    private static final String ROOT = "dev.mpg";

    /** Holds classes that break the rules, each in the way that its name says. */
    private static final String VIOLATIONS = ROOT + ".architecture.violations";

    private static final Layering OURS = new Layering(ROOT);
    private static final Layering THEIRS = new Layering(VIOLATIONS);

    private static final JavaClasses OUR_CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);
    private static final JavaClasses THEIR_CLASSES = new ClassFileImporter().importPackages(VIOLATIONS);

    static Stream<ArchRule> rules() {
        return OURS.rules().stream();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void isKept(ArchRule rule) {
        rule.check(OUR_CLASSES);
    }

    @Test
    void everyPackageSaysWhatItHoldsAndIsNullMarked() {
        assertThat(packages()
                        .filter(packageOfOurs -> packageOfOurs
                                .tryGetPackageInfo()
                                .filter(info -> info.isAnnotatedWith(NullMarked.class))
                                .isEmpty()))
                .extracting(JavaPackage::getName)
                .as("packages without a package-info.java that has @NullMarked")
                .isEmpty();
    }

    /** All that hold classes, except those that the protobuf compiler writes. */
    private static Stream<JavaPackage> packages() {
        return OUR_CLASSES.stream()
                .map(type -> type.getPackage())
                .distinct()
                .filter(packageOfOurs -> !packageOfOurs.getName().startsWith(ROOT + ".sync.v1"));
    }

    static Stream<Arguments> violations() {
        List<ArchRule> order = THEIRS.importsOnlyWhatStandsAbove();
        return Stream.of(
                Arguments.of(THEIRS.pureClassesKnowOnlyValues(), "UsesAFile"),
                Arguments.of(THEIRS.pureClassesKnowOnlyValues(), "UsesASocket"),
                Arguments.of(THEIRS.pureClassesKnowOnlyValues(), "UsesALogger"),
                Arguments.of(THEIRS.pureClassesKnowOnlyValues(), "UsesAnExecutor"),
                Arguments.of(THEIRS.pureClassesKnowOnlyValues(), "UsesGrpc"),
                Arguments.of(THEIRS.pureClassesKnowOnlyValues(), "UsesTheKubernetesClient"),
                Arguments.of(THEIRS.pureClassesReadNoClock(), "ReadsTheClock"),
                Arguments.of(THEIRS.pureClassesReadNoClock(), "ReadsTheTime"),
                Arguments.of(THEIRS.pureClassesUseNoThreads(), "UsesAThread"),
                Arguments.of(THEIRS.pureClassesUseNoThreads(), "UsesAParallelStream"),
                Arguments.of(THEIRS.pureClassesAskNothingOfTheMachine(), "ReadsMilliseconds"),
                Arguments.of(THEIRS.pureClassesAskNothingOfTheMachine(), "ReadsTheEnvironment"),
                Arguments.of(THEIRS.pureClassesAskNothingOfTheMachine(), "AsksDns"),
                Arguments.of(THEIRS.pureClassesAskNothingOfTheMachine(), "Prints"),
                Arguments.of(THEIRS.pureClassesDrawNoLots(), "DrawsARandomNumber"),
                Arguments.of(THEIRS.pureClassesDrawNoLots(), "DrawsAnId"),
                Arguments.of(THEIRS.pureClassesDrawNoLots(), "Shuffles"),
                Arguments.of(THEIRS.pureClassesKnowNoCustomResources(), "KnowsACustomResource"),
                Arguments.of(THEIRS.packagesHaveNoCycles(), "KnowsTheCompiler"),
                Arguments.of(THEIRS.onlyCommandsAndReconcilersKnowTheirFrameworks(), "UsesPicocli"),
                Arguments.of(THEIRS.onlyCommandsAndReconcilersKnowTheirFrameworks(), "UsesTheOperatorSdk"),
                Arguments.of(order.get(0), "KnowsTheModel"),
                Arguments.of(order.get(2), "KnowsTheCompiler"),
                Arguments.of(order.get(5), "KnowsXds"),
                Arguments.of(order.get(6), "AsksXds"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("violations")
    void aViolationIsFound(ArchRule rule, String violation) {
        assertThat(rule.evaluate(THEIR_CLASSES).getFailureReport().getDetails())
                .anySatisfy(detail -> assertThat(detail).contains("." + violation));
    }

    @ParameterizedTest
    @MethodSource("theirRules")
    void whatIsPureIsLeftInPeace(ArchRule rule) {
        assertThat(rule.evaluate(THEIR_CLASSES).getFailureReport().getDetails())
                .noneSatisfy(detail -> assertThat(detail).contains(".IsPure"));
    }

    static Stream<ArchRule> theirRules() {
        return THEIRS.rules().stream();
    }
}
