package dev.mpg.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mpg.rollout.AnalysisPolicy.OnNoTraffic;
import dev.mpg.rollout.Judgement.Clear;
import dev.mpg.rollout.Judgement.Regressed;
import dev.mpg.rollout.Judgement.TooLittle;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnalysisTest {
    private static final Counts NONE = Counts.NONE;

    private static Counts errors(long errors, long requests) {
        return new Counts(requests, errors, 0);
    }

    /** Of a cohort that is known from before as a whole. */
    private static Traffic traffic(Counts cohort, Counts rest, Counts before) {
        return new Traffic(cohort, rest, before, before.equals(NONE) ? NONE : cohort, Map.of("checkout", 1L));
    }

    static Stream<Arguments> cases() {
        return Stream.of(
                arguments(
                        "worse than both",
                        traffic(errors(62, 200), errors(3, 812), errors(1, 199)),
                        new Regressed(
                                "errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                        + " fleet, 0.5% (1 of 199) in the cohort before; most by backend checkout")),
                arguments(
                        "worse than the rest, nothing known from before",
                        traffic(errors(62, 200), errors(3, 812), NONE),
                        new Regressed(
                                "errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                        + " fleet; most by backend checkout")),
                arguments(
                        "worse than before, and there is no rest",
                        traffic(errors(62, 200), NONE, errors(1, 199)),
                        new Regressed("errors 31.0% (62 of 200 requests) in the cohort, 0.5% (1 of 199) in the cohort"
                                + " before; most by backend checkout")),
                arguments(
                        "no backend is known",
                        new Traffic(errors(62, 200), errors(3, 812), NONE, NONE, Map.of()),
                        new Regressed(
                                "errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                        + " fleet")),
                arguments(
                        "an upstream outage hits everybody",
                        traffic(errors(62, 200), errors(250, 812), errors(1, 199)),
                        new Clear(
                                "errors 31.0% (62 of 200 requests) in the cohort, 30.8% (250 of 812) in the rest of the"
                                        + " fleet, 0.5% (1 of 199) in the cohort before: worse than before, but no worse than the"
                                        + " rest of the fleet")),
                arguments(
                        "a gateway that has always been worse",
                        traffic(errors(62, 200), errors(3, 812), errors(60, 199)),
                        new Clear("errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                + " fleet, 30.2% (60 of 199) in the cohort before: worse than the rest of the fleet, but no"
                                + " worse than before")),
                arguments(
                        "all is well",
                        traffic(errors(1, 200), errors(3, 812), errors(0, 199)),
                        new Clear(
                                "errors 0.5% (1 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the fleet,"
                                        + " 0.0% (0 of 199) in the cohort before")),
                arguments(
                        "better than ever",
                        traffic(errors(0, 200), errors(400, 812), errors(100, 199)),
                        new Clear("errors 0.0% (0 of 200 requests) in the cohort, 49.3% (400 of 812) in the rest of the"
                                + " fleet, 50.3% (100 of 199) in the cohort before")),
                arguments(
                        "circuit breakers opened",
                        traffic(new Counts(200, 62, 60), errors(3, 812), NONE),
                        new Regressed(
                                "errors 31.0% (62 of 200 requests, 60 by circuit breakers) in the cohort, 0.4% (3 of"
                                        + " 812) in the rest of the fleet; most by backend checkout")),
                arguments(
                        "only a part of the cohort is known from before, and that part did not change",
                        new Traffic(errors(62, 200), errors(3, 812), errors(0, 99), errors(1, 100), Map.of()),
                        new Clear("errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                + " fleet, 0.0% (0 of 99) before and 1.0% (1 of 100) now in that part of the cohort which is"
                                + " known from before: worse than the rest of the fleet, but no worse than before")),
                arguments(
                        "before has too few requests, so the rest decides",
                        traffic(errors(62, 200), errors(3, 812), errors(15, 19)),
                        new Regressed(
                                "errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                        + " fleet; most by backend checkout")),
                arguments(
                        "the part known from before has too few requests now",
                        new Traffic(errors(62, 200), errors(3, 812), errors(0, 99), errors(0, 19), Map.of()),
                        new Regressed(
                                "errors 31.0% (62 of 200 requests) in the cohort, 0.4% (3 of 812) in the rest of the"
                                        + " fleet")),
                arguments(
                        "the cohort has too few requests",
                        traffic(errors(19, 19), errors(3, 812), errors(1, 199)),
                        new TooLittle("19 requests in the cohort, at least 20 needed")),
                arguments(
                        "nothing at all", Traffic.NONE, new TooLittle("0 requests in the cohort, at least 20 needed")),
                arguments(
                        "nothing to compare with",
                        traffic(errors(62, 200), errors(0, 19), errors(0, 7)),
                        new TooLittle(
                                "errors 31.0% (62 of 200 requests) in the cohort; nothing to compare with: 19 requests"
                                        + " in the rest of the fleet, 7 in the cohort before, at least 20 needed")),
                arguments(
                        "certain, but tolerated",
                        traffic(errors(1_900, 100_000), errors(0, 100_000), NONE),
                        new Clear(
                                "errors 1.9% (1900 of 100000 requests) in the cohort, 0.0% (0 of 100000) in the rest of"
                                        + " the fleet")),
                arguments(
                        "not tolerated, but not certain",
                        traffic(errors(2, 20), errors(0, 20), NONE),
                        new Clear(
                                "errors 10.0% (2 of 20 requests) in the cohort, 0.0% (0 of 20) in the rest of the fleet")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void isJudged(String name, Traffic seen, Judgement expected) {
        assertThat(Analysis.judge(AnalysisPolicy.DEFAULT, seen)).isEqualTo(expected);
    }

    /** By hand: all errors are among the cohort's 20 of 40 requests. 10: C(20,10) / C(40,10) = 0.00022; 11: 0.000073. */
    @Test
    void theLineIsWhereFishersTestPutsIt() {
        assertThat(judge(10, 20, 0, 20)).isInstanceOf(Clear.class);
        assertThat(judge(11, 20, 0, 20)).isInstanceOf(Regressed.class);
    }

    private static Judgement judge(long errors, long requests, long restErrors, long restRequests) {
        return Analysis.judge(
                AnalysisPolicy.DEFAULT, traffic(errors(errors, requests), errors(restErrors, restRequests), NONE));
    }

    @ParameterizedTest
    @ValueSource(longs = {30_000, 30_001, 100_000, 1_000_000_000_000L})
    void aBusyFleetIsJudgedLikeAnyOther(long requests) {
        assertThat(judge(requests / 10, requests, requests / 20, requests)).isInstanceOf(Regressed.class);
        assertThat(judge(requests / 10, requests, requests / 10, requests)).isInstanceOf(Clear.class);
        assertThat(judge(requests / 1_000 * 521, requests, requests / 2, requests))
                .isInstanceOf(Regressed.class);
        assertThat(judge(20, 20, requests / 20, requests)).isInstanceOf(Regressed.class);
    }

    @Test
    void noIncreaseAtAllMayBeTolerated() {
        AnalysisPolicy strict = new AnalysisPolicy(20, 0, OnNoTraffic.Pause);
        assertThat(Analysis.judge(strict, traffic(errors(150, 100_000), errors(50, 100_000), NONE)))
                .isInstanceOf(Regressed.class);
        assertThat(Analysis.judge(strict, traffic(errors(0, 100_000), errors(0, 100_000), NONE)))
                .isInstanceOf(Clear.class);
    }

    @Test
    void moreErrorsInTheCohortNeverClearItAndMoreElsewhereNeverAccuseIt() {
        SplittableRandom random = new SplittableRandom(4711);
        int regressed = 0;
        for (int i = 0; i < 20_000; i++) {
            Counts cohort = any(random);
            Counts rest = any(random);
            Counts before = any(random);
            boolean was = isRegressed(cohort, rest, before);
            regressed += was ? 1 : 0;
            if (was) {
                assertThat(isRegressed(more(cohort, random), rest, before))
                        .as("more errors than %s, rest %s, before %s", cohort, rest, before)
                        .isTrue();
            } else {
                assertThat(isRegressed(cohort, more(rest, random), before))
                        .as("%s, more errors in the rest than %s, before %s", cohort, rest, before)
                        .isFalse();
                assertThat(isRegressed(cohort, rest, more(before, random)))
                        .as("%s, rest %s, more errors before than %s", cohort, rest, before)
                        .isFalse();
            }
        }
        assertThat(regressed).isBetween(2_000, 18_000);
    }

    private static boolean isRegressed(Counts cohort, Counts rest, Counts before) {
        return Analysis.judge(AnalysisPolicy.DEFAULT, traffic(cohort, rest, before)) instanceof Regressed;
    }

    private static Counts any(SplittableRandom random) {
        long requests = random.nextInt(10) == 0 ? random.nextInt(20, 300_000) : random.nextInt(20, 500);
        return errors(random.nextLong(requests + 1), requests);
    }

    /** The same requests; of those that hadn't, some more failed. */
    private static Counts more(Counts counts, SplittableRandom random) {
        return errors(counts.errors() + random.nextLong(counts.requests() - counts.errors() + 1), counts.requests());
    }

    @Test
    void aPolicyThatMakesNoSenseIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new AnalysisPolicy(0, 0.02, OnNoTraffic.Pause));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnalysisPolicy(1, -0.1, OnNoTraffic.Pause));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnalysisPolicy(1, 1.1, OnNoTraffic.Pause));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnalysisPolicy(1, Double.NaN, OnNoTraffic.Pause));
    }
}
