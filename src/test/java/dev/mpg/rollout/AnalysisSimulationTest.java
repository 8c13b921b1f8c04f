package dev.mpg.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How often the analysis is wrong. Rollouts are simulated look by look, one look a second, with what proxy instances see of
 * them: the cohort and the rest over the last minute at most, before over the minute before. Each request fails on its own.
 */
class AnalysisSimulationTest {
    private static final int LOOKS = 30;
    private static final int WINDOW = 60;
    private static final int GATEWAYS = 10;
    private static final int[] COHORTS = {1, 5, 10};

    /** The requests that fail, of those that come, in each second. */
    private record Load(int perSecond, double errorRatio) {
        Counts draw(SplittableRandom random, int seconds) {
            int requests = perSecond * seconds;
            int errors = 0;
            for (int i = 0; i < requests; i++) {
                errors += random.nextDouble() < errorRatio ? 1 : 0;
            }
            return new Counts(requests, errors, 0);
        }

        Load times(int gateways) {
            return new Load(perSecond * gateways, errorRatio);
        }
    }

    /** The sum of the last minute. */
    private static final class Window {
        private final ArrayDeque<Counts> seconds = new ArrayDeque<>();
        private long requests;
        private long errors;

        Counts add(Counts second) {
            seconds.addLast(second);
            requests += second.requests();
            errors += second.errors();
            if (seconds.size() > WINDOW) {
                Counts oldest = seconds.removeFirst();
                requests -= oldest.requests();
                errors -= oldest.errors();
            }
            return new Counts(requests, errors, 0);
        }
    }

    /** Whether a wave was ever found to have regressed. */
    private static boolean regresses(SplittableRandom random, Load was, Load is, int cohortSize, int looks) {
        Counts before = was.times(cohortSize).draw(random, WINDOW);
        Window cohort = new Window();
        Window rest = new Window();
        for (int look = 1; look <= looks; look++) {
            Counts cohortNow = cohort.add(is.times(cohortSize).draw(random, 1));
            Counts restNow = rest.add(was.times(GATEWAYS - cohortSize).draw(random, 1));
            Traffic seen = new Traffic(cohortNow, restNow, before, cohortNow, Map.of());
            if (Analysis.judge(AnalysisPolicy.DEFAULT, seen) instanceof Judgement.Regressed) {
                return true;
            }
        }
        return false;
    }

    private static double falseAlarms(Load load, int looks, int rollouts) {
        SplittableRandom random = new SplittableRandom(20_260_101);
        int alarms = 0;
        for (int i = 0; i < rollouts; i++) {
            for (int cohort : COHORTS) {
                if (regresses(random, load, load, cohort, looks)) {
                    alarms++;
                    break;
                }
            }
        }
        return (double) alarms / rollouts;
    }

    private static double found(Load was, Load is) {
        SplittableRandom random = new SplittableRandom(20_260_102);
        int found = 0;
        int rollouts = 500;
        for (int i = 0; i < rollouts; i++) {
            found += regresses(random, was, is, 1, LOOKS) ? 1 : 0;
        }
        return (double) found / rollouts;
    }

    @ParameterizedTest(name = "{0} requests per second and gateway")
    @ValueSource(ints = {1, 2, 5, 20})
    void aVersionThatChangesNothingIsHardlyEverTakenBack(int perSecond) {
        for (double ratio : new double[] {0, 0.001, 0.01, 0.05, 0.1, 0.3}) {
            assertThat(falseAlarms(new Load(perSecond, ratio), LOOKS, 1_000))
                    .as("share of rollouts that were taken back, of errors " + ratio)
                    .isLessThan(0.005);
        }
    }

    @Test
    void norIsItInABakeOfTenMinutes() {
        assertThat(falseAlarms(new Load(2, 0.3), 600, 150)).isLessThan(0.02);
    }

    @ParameterizedTest(name = "{0} requests per second, errors from {1} to {2}: at least {3} are found")
    @CsvSource({
        "20, 0,     0.05, 0.99",
        "20, 0.001, 0.05, 0.99",
        "20, 0.001, 0.10, 1",
        "20, 0.01,  0.05, 0.85",
        "20, 0.01,  0.10, 0.99",
        "20, 0.05,  0.10, 0.5",
        "20, 0.05,  0.20, 1",
        "2,  0,     0.20, 0.85",
        "2,  0.001, 0.20, 0.85",
        "2,  0.01,  0.50, 1",
        "2,  0.05,  0.50, 0.99",
        "1,  0.01,  0.50, 0.95",
        "1,  0.05,  1,    1"
    })
    void aVersionThatFailsRequestsIsFoundInTheWaveOfOneGateway(int perSecond, double was, double is, double atLeast) {
        assertThat(found(new Load(perSecond, was), new Load(perSecond, is))).isGreaterThanOrEqualTo(atLeast);
    }
}
