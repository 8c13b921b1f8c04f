package dev.mpg.operator.proxy;

import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Step;
import dev.mpg.rollout.Wave;
import dev.mpg.snapshot.ContentHash;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A rollout in words. Pure. */
final class RolloutWords {
    private RolloutWords() {}

    /** How far it has come, and what it waits for. */
    static String progress(RolloutState state, RolloutPolicy policy, FleetState fleet) {
        String target = text(state.target());
        return switch (state.phase()) {
            case Pending -> "there is no version to roll out yet";
            case Progressing ->
                state.wave()
                        .map(wave -> progress(wave, state, policy, fleet))
                        .orElse("version " + target + " waits for gateways to connect");
            case Paused ->
                state.failure()
                        .map(failure ->
                                "stopped: " + failure.message() + "; resume, promote or abort it, or change the spec")
                        .orElse("paused by " + state.pausedBy().orElse("somebody") + "; resume, promote or abort it");
            case RollingBack ->
                "going back to version " + text(state.stable()) + "; waiting for "
                        + Names.few(List.copyOf(state.returning()));
            case RolledBack -> "version " + target + " failed; the fleet runs version " + text(state.stable());
            case Failed -> "version " + target + " failed, and there is none to go back to";
            case Complete -> "version " + target + " has arrived";
        };
    }

    private static String progress(Wave wave, RolloutState state, RolloutPolicy policy, FleetState fleet) {
        if (state.stable().isEmpty()) {
            return "the first version, " + text(state.target()) + ", goes to every gateway"
                    + (fleet.pending().isEmpty() ? "" : "; waiting for " + Names.few(fleet.pending()));
        }
        List<Step> steps = policy.steps();
        int step = Math.min(wave.step(), steps.size() - 1);
        Set<String> current = Set.copyOf(fleet.current());
        List<String> waiting = wave.cohort().stream()
                .filter(gateway -> !current.contains(gateway))
                .toList();
        String where = "version " + text(state.target()) + ", step " + (step + 1) + " of " + steps.size() + " ("
                + wave.share() + ": " + wave.cohort().size() + " of " + fleet.total() + " gateways)";
        if (!waiting.isEmpty()) {
            return where + ": waiting for " + Names.few(waiting);
        }
        return where
                + wave.ackedAt()
                        .map(since ->
                                ": baking until " + since.plus(steps.get(step).bake()))
                        .orElse("");
    }

    /** Why the target failed, who runs what now, and what to do. */
    static String failed(Failure failure, RolloutState state, List<Rejection> rejections) {
        String blame = rejections.stream()
                .filter(rejection -> rejection.field() != null)
                .findFirst()
                .map(rejection -> " (" + rejection.resource() + ", from " + rejection.field() + ")")
                .orElse("");
        String now = switch (state.phase()) {
            case RollingBack, RolledBack -> "; the fleet goes on with version " + text(state.stable());
            case Paused -> "; the gateways that have it keep it, no other gets it";
            default -> "";
        };
        String remedy = switch (failure.reason()) {
            case Rejected -> "; change the spec: what was refused is not offered again as it is";
            case AckTimeout -> "; see whether these gateways answer, then resume, or change the spec";
            case Regression -> "; change the spec, or promote it if the change is not to blame";
            case Aborted -> "; change the spec, or resume";
        };
        return "version " + failure.version() + " failed: " + failure.message() + blame + now + remedy;
    }

    private static String text(Optional<ContentHash> version) {
        return version.map(ContentHash::abbreviated).orElse("none");
    }
}
