package dev.mpg.operator.proxy;

import dev.mpg.rollout.Analysis;
import dev.mpg.rollout.AnalysisPolicy;
import dev.mpg.rollout.AnalysisPolicy.OnNoTraffic;
import dev.mpg.rollout.Judgement;
import dev.mpg.rollout.Regression;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Traffic;
import dev.mpg.rollout.Wave;
import java.util.Optional;
import java.util.function.IntFunction;

/** What a wave's traffic means for the rollout. Pure. */
final class Traffics {
    private Traffics() {}

    /**
     * Judges the open wave; empty when there is none, or nothing is stable that it could be compared with.
     *
     * @param seen the traffic of a wave, by its number
     */
    static Optional<Judgement> judge(RolloutState state, AnalysisPolicy policy, IntFunction<Traffic> seen) {
        return state.stable()
                .flatMap(stable -> state.wave())
                .map(Wave::number)
                .map(wave -> Analysis.judge(policy, seen.apply(wave)));
    }

    static Optional<Regression> regression(RolloutState state, Optional<Judgement> judgement) {
        return judgement
                .filter(Judgement.Regressed.class::isInstance)
                .flatMap(worse -> state.wave().map(wave -> new Regression(wave.number(), worse.message())));
    }

    static boolean isReasonToWait(AnalysisPolicy policy, Optional<Judgement> judgement) {
        return policy.onNoTraffic() == OnNoTraffic.Pause
                && judgement.filter(Judgement.TooLittle.class::isInstance).isPresent();
    }
}
