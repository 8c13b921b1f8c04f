package dev.mpg.rollout;

import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.rollout.World.Said;
import dev.mpg.rollout.World.Sight;
import dev.mpg.snapshot.ContentHash;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Watches decisions and complains when a promise of {@link Rollout} is broken. Keeps its own books, from observations and
 * outcomes alone.
 */
final class Oracle {
    /** A broken promise. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String message) {
            super(message);
        }
    }

    private final Set<ContentHash> dead = new HashSet<>();
    private final Set<ContentHash> onceForAll = new HashSet<>();
    private final Map<String, Instant> pendingSince = new HashMap<>();
    private Set<String> fleetBefore = Set.of();

    @Nullable
    private Instant ackedSince;

    @Nullable
    private Instant emptySince;

    private boolean promoted;

    void check(World world, RolloutState before, Sight sight, Decision decision) {
        Observation seen = sight.observation();
        RolloutState after = decision.state();
        Moment at = new Moment(world.policy, before, after, seen, decision);
        keepBooks(at);
        changesNothingWhenRepeated(at);
        doesNotDependOnTheOrderOfWhatIsSeen(at);
        servesOnlyTheCohort(at);
        cohortIsNoLargerThanItsShare(at);
        wavesGrowOnlyOnProof(at);
        completesOnlyOnProof(at);
        servesNoDeadVersion(at);
        newGatewaysGetStable(at);
        findsFailures(at, sight.said());
        nobodyFailsUnheard(at);
        failsNotOnWhatWasKnownWhenItWasTriedAgain(at);
        goesBackToStableAtOnce(at);
        standsStillWhenPausedOrBlind(at);
        phaseFits(at);
        if (world.calm) {
            nobodyElseRunsAnUnprovenVersion(world, after);
        }
        fleetBefore = seen.fleet();
        turnPage(at);
    }

    /** The books on a wave begin with what was seen when it opened. */
    private void turnPage(Moment at) {
        Optional<Wave> opened = at.after.wave();
        if (opened.map(Wave::number).equals(at.before.wave().map(Wave::number))) {
            return;
        }
        pendingSince.clear();
        ackedSince = null;
        if (opened.isPresent() && at.after.stable().isPresent()) {
            Wave wave = opened.get();
            if (wave.cohort().stream().allMatch(gateway -> at.acked(gateway, at.after.target()))) {
                ackedSince = at.seen.now();
            }
        }
    }

    /** What one decision was made of. */
    private record Moment(
            RolloutPolicy policy, RolloutState before, RolloutState after, Observation seen, Decision decision) {
        boolean sameTarget() {
            return before.target().isPresent() && before.target().equals(after.target());
        }

        boolean obeyed() {
            return decision.outcomes().stream().anyMatch(Outcome.Obeyed.class::isInstance);
        }

        /** The waves that the present target was given; a command may still have opened one of the target before it. */
        List<Wave> opened() {
            List<Wave> waves = new ArrayList<>();
            for (Outcome outcome : decision.outcomes()) {
                if (outcome instanceof Outcome.WaveOpened opened
                        && Optional.of(opened.target()).equals(after.target())) {
                    waves.add(opened.wave());
                }
            }
            return waves;
        }

        boolean acked(String gateway, Optional<ContentHash> version) {
            for (GatewayReport report : seen.reports()) {
                if (report.gateway().equals(gateway)) {
                    return report.state() == State.CURRENT
                            && Optional.of(report.version()).equals(version);
                }
            }
            return false;
        }

        boolean connected(String gateway) {
            return seen.reports().stream().anyMatch(report -> report.gateway().equals(gateway));
        }

        /** Those of the cohort that still exist, and fit into its share of what the fleet is now. */
        List<String> alive(Wave wave) {
            List<String> alive =
                    wave.cohort().stream().filter(seen.fleet()::contains).toList();
            return seen.fleetKnown()
                    ? alive.subList(
                            0,
                            Math.min(
                                    alive.size(),
                                    allowed(wave.share(), seen.fleet().size())))
                    : alive;
        }
    }

    private static void require(boolean holds, String promise) {
        if (!holds) {
            throw new Violation(promise);
        }
    }

    private void keepBooks(Moment at) {
        Instant now = at.seen.now();
        if (!at.sameTarget()) {
            promoted = false;
        }
        for (Outcome outcome : at.decision.outcomes()) {
            switch (outcome) {
                case Outcome.Failed failed -> {
                    if (at.after.stable().isPresent()
                            && (at.policy.onFailure() == OnFailure.Rollback
                                    || failed.failure().reason() == Failure.Reason.Aborted)) {
                        dead.add(failed.failure().version());
                    }
                }
                case Outcome.Completed completed -> dead.removeIf(version -> !version.equals(completed.version()));
                case Outcome.Obeyed obeyed -> {
                    switch (obeyed.command().action()) {
                        case Resume -> at.before.target().ifPresent(dead::remove);
                        case Promote -> {
                            at.before.target().ifPresent(dead::remove);
                            promoted = at.sameTarget();
                        }
                        case Abort, Pause -> {}
                    }
                }
                case Outcome.Started started -> {}
                case Outcome.WaveOpened opened -> {}
                case Outcome.RolledBack rolledBack -> {}
                case Outcome.Ignored ignored -> {}
            }
        }
        // Stopped, not rolled back, and now replaced: it counts as failed, too.
        if (at.before.failure().isPresent()
                && !at.sameTarget()
                && at.before.stable().isPresent()
                && !at.obeyed()
                && at.after.phase() != Phase.Complete) {
            dead.add(at.before.failure().get().version());
        }
        if (at.after.stable().isEmpty()) {
            at.after.target().ifPresent(onceForAll::add);
        }
        at.after.stable().ifPresent(onceForAll::add);

        boolean sameWave = at.sameTarget() && at.before.wave().isPresent();
        if (sameWave) {
            Wave wave = at.before.wave().get();
            Collection<String> members = at.before.stable().isEmpty()
                    ? at.seen.fleet()
                    : at.seen.fleetKnown() ? at.alive(wave) : wave.cohort();
            pendingSince.keySet().removeIf(gateway -> !members.contains(gateway) || !isPending(at, gateway));
            for (String gateway : members) {
                if (isPending(at, gateway)) {
                    pendingSince.merge(gateway, now, Oracle::earlier);
                }
            }
            List<String> heard = members.stream()
                    .filter(gateway -> at.seen.fleetKnown() || at.connected(gateway))
                    .toList();
            boolean all = !members.isEmpty() && heard.stream().allMatch(g -> at.acked(g, at.after.target()));
            if (!all) {
                ackedSince = null;
            } else if (ackedSince != null) {
                ackedSince = earlier(ackedSince, now);
            } else if (heard.size() == members.size()) {
                ackedSince = now;
            }
        }
        boolean empty = at.seen.fleetKnown() && at.seen.fleet().isEmpty();
        emptySince = !empty ? null : !at.sameTarget() || emptySince == null ? now : earlier(emptySince, now);
    }

    private static boolean isPending(Moment at, String gateway) {
        return at.seen.reports().stream()
                .anyMatch(report -> report.gateway().equals(gateway)
                        && report.state() == State.PENDING
                        && Optional.of(report.version()).equals(at.after.target()));
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static void changesNothingWhenRepeated(Moment at) {
        Decision again = Rollout.decide(at.after, at.policy, at.seen);
        require(again.state().equals(at.after), "the same observation changes nothing: " + again.state());
        require(again.serve().equals(at.decision.serve()), "the same observation serves the same: " + again.serve());
        require(again.wakeUp().equals(at.decision.wakeUp()), "the same observation wakes up then: " + again.wakeUp());
        require(again.outcomes().isEmpty(), "the same observation tells nothing: " + again.outcomes());
    }

    private static void doesNotDependOnTheOrderOfWhatIsSeen(Moment at) {
        Random random = new Random(at.seen.now().getEpochSecond());
        if (random.nextInt(8) != 0) {
            return;
        }
        List<String> fleet = new ArrayList<>(at.seen.fleet());
        List<GatewayReport> reports = new ArrayList<>(at.seen.reports());
        List<Command> commands = new ArrayList<>(at.seen.commands());
        Collections.shuffle(fleet, random);
        Collections.shuffle(reports, random);
        Collections.shuffle(commands, random);
        Observation shuffled = new Observation(
                at.seen.now(),
                at.seen.desired(),
                new java.util.LinkedHashSet<>(fleet),
                at.seen.fleetKnown(),
                reports,
                at.seen.regression(),
                at.seen.unjudged(),
                new java.util.LinkedHashSet<>(commands));
        require(
                Rollout.decide(at.before, at.policy, shuffled).equals(at.decision),
                "the order of what is seen makes no difference");
    }

    private static void servesOnlyTheCohort(Moment at) {
        Serve serve = at.decision.serve();
        require(
                serve.stable().equals(at.after.stable()) || at.after.stable().isEmpty(),
                "who isn't in the cohort gets stable");
        for (String gateway : at.seen.fleet()) {
            boolean targeted = at.after.stable().isEmpty() || at.after.cohort().contains(gateway);
            require(
                    serve.versionFor(gateway).equals(targeted ? at.after.target() : at.after.stable()),
                    gateway + " gets what it should");
        }
    }

    private static void cohortIsNoLargerThanItsShare(Moment at) {
        if (at.after.stable().isEmpty() || at.after.cohort().isEmpty()) {
            return;
        }
        Wave wave = at.after.wave().orElseThrow();
        Set<String> cohort = new HashSet<>(wave.cohort());
        require(cohort.size() == wave.cohort().size(), "a gateway is in the cohort once");
        if (at.seen.fleetKnown()) {
            require(at.seen.fleet().containsAll(cohort), "the cohort is part of the fleet");
            require(
                    cohort.size() <= allowed(wave.share(), at.seen.fleet().size()),
                    "a cohort of " + wave.share() + " of " + at.seen.fleet().size() + " is not " + cohort.size());
        }
        boolean grown = !at.before.cohort().containsAll(cohort);
        require(
                !grown || wave.share().equals(at.policy.steps().get(wave.step()).gateways()),
                "the share is that of the step");
    }

    private static int allowed(Share share, int fleet) {
        return switch (share) {
            case Share.Percent(int percent) -> (int) Math.max(1, Math.ceil(fleet * percent / 100.0 - 1e-9));
            case Share.Count(int count) -> count;
        };
    }

    /** Every wave that opened is either the first of its target, or follows one that was proven, lost, stopped or promoted. */
    private void wavesGrowOnlyOnProof(Moment at) {
        Wave previous = at.sameTarget() ? at.before.wave().orElse(null) : null;
        for (Wave wave : at.opened()) {
            if (at.before.stable().isEmpty()) {
                return;
            }
            require(at.seen.fleetKnown() || at.obeyed(), "no wave opens while the fleet isn't known");
            if (previous == null) {
                require(wave.step() == 0 || promoted, "the first wave is that of step 0");
            } else if (!promoted) {
                boolean lost = at.alive(previous).isEmpty();
                boolean resumed = at.obeyed()
                        && wave.step() == previous.step()
                        && wave.cohort().equals(previous.cohort())
                        && at.before.wave().equals(Optional.of(previous));
                if (!lost && !resumed) {
                    require(wave.step() <= previous.step() + 1, "no step is skipped");
                    isProven(at, previous);
                } else {
                    require(wave.step() <= previous.step(), "a lost or stopped wave is taken once more");
                }
            }
            previous = wave;
        }
    }

    private void isProven(Moment at, Wave wave) {
        for (String gateway : at.alive(wave)) {
            require(at.acked(gateway, at.after.target()), gateway + " has ACKed before the next wave opens");
        }
        Duration bake = at.policy
                .steps()
                .get(Math.min(wave.step(), at.policy.steps().size() - 1))
                .bake();
        boolean first =
                at.before.wave().filter(open -> open.number() == wave.number()).isPresent();
        Instant since = first && ackedSince != null ? ackedSince : at.seen.now();
        require(!at.seen.unjudged(), "the cohort's traffic was judged before the next wave opens");
        require(
                !at.seen.now().isBefore(since.plus(bake)),
                "the cohort has baked for " + bake + " before the next wave opens");
    }

    private void completesOnlyOnProof(Moment at) {
        if (Objects.equals(at.before.stable(), at.after.stable())) {
            return;
        }
        require(at.seen.fleetKnown(), "nothing completes while the fleet isn't known");
        require(at.after.stable().equals(at.after.target()), "stable is what was the target");
        if (at.seen.fleet().isEmpty()) {
            require(
                    at.before.stable().isEmpty()
                            || promoted
                            || (emptySince != null && !at.seen.now().isBefore(emptySince.plus(at.policy.ackTimeout()))),
                    "a fleet was empty for long before it's taken for empty");
            return;
        }
        List<String> waited = at.seen.fleet().stream()
                .filter(gateway -> !promoted || at.connected(gateway))
                .toList();
        require(!waited.isEmpty(), "somebody ACKed");
        if (at.before.stable().isEmpty()) {
            require(
                    waited.stream().allMatch(gateway -> at.acked(gateway, at.after.target())),
                    "everybody ACKed the first version");
            return;
        }
        List<Wave> opened = at.opened();
        Wave last = opened.isEmpty() ? at.before.wave().orElseThrow() : opened.getLast();
        require(last.share().equals(Share.WHOLE), "the last wave is the whole fleet");
        if (!promoted) {
            isProven(at, last);
        } else {
            require(
                    at.alive(last).stream()
                            .filter(waited::contains)
                            .allMatch(gateway -> at.acked(gateway, at.after.target())),
                    "everybody who is connected ACKed what was promoted");
        }
    }

    private void servesNoDeadVersion(Moment at) {
        Serve serve = at.decision.serve();
        for (Optional<ContentHash> version : List.of(serve.stable(), serve.target())) {
            require(version.isEmpty() || !dead.contains(version.get()), World.name(version) + " failed and is served");
        }
        require(at.after.failed().size() <= RolloutState.MAX_FAILED, "marks are bounded");
    }

    private void newGatewaysGetStable(Moment at) {
        if (at.after.stable().isEmpty() || !at.opened().isEmpty() || !at.seen.fleetKnown()) {
            return;
        }
        for (String gateway : at.seen.fleet()) {
            if (!fleetBefore.contains(gateway) && !at.before.cohort().contains(gateway)) {
                require(
                        at.decision.serve().versionFor(gateway).equals(at.after.stable()),
                        gateway + " is new and gets stable");
            }
        }
    }

    private void findsFailures(Moment at, Map<String, Said> said) {
        if (!at.sameTarget()
                || at.obeyed()
                || at.before.wave().isEmpty()
                || at.before.failure().isPresent()
                || at.before.stable().equals(at.before.target())) {
            return;
        }
        Wave wave = at.before.wave().get();
        boolean first = at.before.stable().isEmpty();
        List<String> members = first ? List.copyOf(at.seen.fleet()) : at.alive(wave);
        boolean failed = at.decision.outcomes().stream().anyMatch(Outcome.Failed.class::isInstance);
        for (String gateway : members) {
            Said word = said.get(gateway);
            if (word != null
                    && word.report().state() == State.REJECTED
                    && Optional.of(word.report().version()).equals(at.before.target())
                    && word.sentInWave() == wave.number()
                    && !wave.excused().contains(gateway)) {
                require(failed, gateway + " refused the target, so it fails");
            }
            Instant since = pendingSince.get(gateway);
            if (since != null && !at.seen.now().isBefore(since.plus(at.policy.ackTimeout()))) {
                require(
                        failed || wasAskedAgain(at),
                        gateway + " has not ACKed for " + at.policy.ackTimeout() + ", so the target fails");
            }
        }
        if (!first
                && !promoted
                && at.seen
                        .regression()
                        .filter(worse -> worse.wave() == wave.number())
                        .isPresent()) {
            require(failed, "traffic got worse, so the target fails");
        }
        if (failed && !first) {
            if (at.policy.onFailure() == OnFailure.Rollback) {
                require(at.decision.serve().cohort().isEmpty(), "nobody gets what failed");
            } else {
                require(at.after.phase() == Phase.Paused, "the policy is to pause");
            }
        }
    }

    /** Another wave opened meanwhile, which gives everybody the timeout once more. */
    private boolean wasAskedAgain(Moment at) {
        return at.before
                .wave()
                .filter(wave -> wave.openedAt().plus(at.policy.ackTimeout()).isAfter(at.seen.now()))
                .isPresent();
    }

    private static void nobodyFailsUnheard(Moment at) {
        for (Outcome outcome : at.decision.outcomes()) {
            if (outcome instanceof Outcome.Failed failed
                    && Set.of(Failure.Reason.AckTimeout, Failure.Reason.Rejected)
                            .contains(failed.failure().reason())) {
                require(
                        at.seen.reports().stream()
                                .anyMatch(report -> report.state() != State.CURRENT
                                        && report.version()
                                                .equals(failed.failure().version())),
                        "somebody says that it has not ACKed");
            }
        }
    }

    private static void failsNotOnWhatWasKnownWhenItWasTriedAgain(Moment at) {
        boolean stopped = at.before.reason().isPresent();
        boolean aborted = at.after
                .reason()
                .filter(failure -> failure.reason() == Failure.Reason.Aborted)
                .isPresent();
        if (stopped
                && at.sameTarget()
                && at.obeyed()
                && !aborted
                && !at.opened().isEmpty()) {
            require(
                    at.decision.outcomes().stream().noneMatch(Outcome.Failed.class::isInstance),
                    "who is asked again has time to answer");
        }
    }

    private static void goesBackToStableAtOnce(Moment at) {
        if (at.before.stable().isPresent() && at.seen.desired().equals(at.before.stable())) {
            require(at.decision.serve().cohort().isEmpty(), "stable is desired, so nobody gets anything else");
            require(at.after.stable().equals(at.before.stable()), "stable stays");
        }
        if (at.seen.desired().isPresent()) {
            require(at.after.target().equals(at.seen.desired()), "the target is what is desired");
        }
    }

    private static void standsStillWhenPausedOrBlind(Moment at) {
        boolean paused = at.before.pausedBy().isPresent() && at.after.pausedBy().isPresent();
        boolean stopped = at.before.failure().isPresent() && at.after.failure().isPresent();
        if ((paused || stopped || !at.seen.fleetKnown()) && at.before.stable().isPresent()) {
            require(
                    at.before.cohort().containsAll(at.after.cohort()),
                    "no cohort grows while paused, stopped, or with some proxies unheard");
            require(at.after.stable().equals(at.before.stable()), "nothing completes meanwhile");
        }
    }

    private static void phaseFits(Moment at) {
        switch (at.after.phase()) {
            case Pending -> require(at.decision.serve().target().isEmpty(), "nothing is served when Pending");
            case Complete, RollingBack, RolledBack ->
                require(at.decision.serve().cohort().isEmpty(), at.after.phase() + " has no cohort");
            case Failed -> require(at.after.stable().isEmpty(), "only the first version is Failed");
            case Progressing, Paused -> {}
        }
        require(
                at.decision.wakeUp().filter(at.seen.now()::isBefore).isPresent()
                        || at.decision.wakeUp().isEmpty(),
                "one wakes up later");
    }

    private void nobodyElseRunsAnUnprovenVersion(World world, RolloutState after) {
        if (after.stable().isEmpty()) {
            return;
        }
        for (World.Gateway gateway : world.connected()) {
            if (gateway.effective != null && !onceForAll.contains(gateway.effective)) {
                require(
                        after.cohort().contains(gateway.name)
                                || after.returning().contains(gateway.name),
                        gateway.name + " runs an unproven version, in the cohort or on its way back");
            }
        }
    }
}
