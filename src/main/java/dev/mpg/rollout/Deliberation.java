package dev.mpg.rollout;

import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.RendezvousHash;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One decision in the making: the state as far as it has been decided, and the rules that take it further. The rules are
 * applied until none has anything to change, so deciding once more on the same observation changes nothing.
 */
final class Deliberation {
    private static final int NAMED_GATEWAYS = 5;

    private final RolloutPolicy policy;
    private final Observation seen;
    private final Map<String, GatewayReport> reports = new HashMap<>();
    private final List<Outcome> outcomes = new ArrayList<>();

    private final Phase phaseBefore;
    private final Optional<ContentHash> targetBefore;

    private Optional<ContentHash> stable;
    private Optional<ContentHash> target;
    private Optional<Wave> wave;
    private int waves;
    private boolean promoted;
    private Optional<Failure> failure;
    private final List<Failure> failed;
    private final Set<String> returning;
    private Optional<String> pausedBy;
    private final List<String> obeyed;
    private Optional<Instant> emptySince;

    /** Where a gateway stands with the target. */
    private enum Standing {
        ACKED,
        ASKED,
        REFUSED,
        /** Connected; nobody has sent it the target yet. */
        UNASKED,
        AWAY,
        /** It isn't reported, and not everybody has reported. */
        UNKNOWN
    }

    Deliberation(RolloutState before, RolloutPolicy policy, Observation seen) {
        this.policy = policy;
        this.seen = seen;
        seen.reports().forEach(report -> reports.put(report.gateway(), report));
        phaseBefore = before.phase();
        targetBefore = before.target();
        stable = before.stable();
        target = before.target();
        wave = before.wave().map(open -> open.notLaterThan(seen.now()));
        waves = before.waves();
        promoted = before.promoted();
        failure = before.failure();
        failed = new ArrayList<>(before.failed());
        returning = new TreeSet<>(before.returning());
        pausedBy = before.pausedBy();
        obeyed = new ArrayList<>(before.obeyed());
        emptySince = before.emptySince().map(since -> Wave.earlier(since, seen.now()));
    }

    Decision decide() {
        obeyCommands();
        followDesired();
        do {
            takeStock();
        } while (judge() || grow());
        RolloutState state = state();
        tellArrival(state);
        return new Decision(state, serve(), wakeUp(), outcomes);
    }

    private RolloutState state() {
        return new RolloutState(
                stable, target, wave, waves, promoted, failure, failed, returning, pausedBy, obeyed, emptySince);
    }

    // Commands.

    /** They act on the target that was there when they were given, so before a newer spec replaces it. */
    private void obeyCommands() {
        List<Command> fresh = seen.commands().stream()
                .filter(command -> !obeyed.contains(command.id()))
                .sorted(Comparator.comparing(Command::action).thenComparing(Command::id))
                .toList();
        Optional<Command> first = Optional.empty();
        for (Command command : fresh) {
            obeyed.add(command.id());
            if (command.version().isPresent() && !command.version().equals(target)) {
                ignore(
                        command,
                        "it speaks of version " + shown(command.version()) + ", but the target is " + shown(target));
            } else if (first.isPresent()) {
                ignore(command, "it came together with " + first.get().action());
            } else {
                first = Optional.of(command);
                int before = outcomes.size();
                obey(command)
                        .ifPresentOrElse(
                                why -> ignore(command, why), () -> outcomes.add(before, new Outcome.Obeyed(command)));
            }
        }
        forgetOldCommands();
    }

    /** Returns why it can't be obeyed, or nothing. */
    private Optional<String> obey(Command command) {
        return switch (command.action()) {
            case Abort -> abort(command.by());
            case Pause -> pause(command.by());
            case Resume -> resume();
            case Promote -> promote();
        };
    }

    private void ignore(Command command, String why) {
        outcomes.add(new Outcome.Ignored(command, why));
    }

    /** One that is still seen would act again if it were forgotten. */
    private void forgetOldCommands() {
        int surplus = obeyed.size() - RolloutState.MAX_OBEYED;
        if (surplus > 0) {
            Set<String> seenIds = seen.commands().stream().map(Command::id).collect(Collectors.toSet());
            List<String> forgotten = obeyed.stream()
                    .filter(id -> !seenIds.contains(id))
                    .limit(surplus)
                    .toList();
            obeyed.removeAll(forgotten);
        }
    }

    private Optional<String> abort(String by) {
        if (!underway()) {
            return Optional.of("nothing is being rolled out that could go back");
        }
        String message = "aborted by " + by
                + failure.map(earlier -> ", after: " + earlier.message()).orElse("");
        pausedBy = Optional.empty();
        Failure aborted = new Failure(target.orElseThrow(), Failure.Reason.Aborted, message, seen.now());
        outcomes.add(new Outcome.Failed(aborted));
        rollBack(aborted);
        return Optional.empty();
    }

    private Optional<String> pause(String by) {
        if (pausedBy.isPresent()) {
            return Optional.of("it is paused already, by " + pausedBy.get());
        }
        pausedBy = Optional.of(by);
        return Optional.empty();
    }

    private Optional<String> resume() {
        boolean stopped = failure.isPresent() || marked();
        if (pausedBy.isEmpty() && !stopped) {
            return Optional.of("nothing is paused, and the target hasn't failed");
        }
        pausedBy = Optional.empty();
        if (stopped) {
            tryAgain();
        }
        return Optional.empty();
    }

    private Optional<String> promote() {
        if (target.isEmpty() || stable.equals(target)) {
            return Optional.of("nothing is being rolled out");
        }
        pausedBy = Optional.empty();
        tryAgain();
        promoted = true;
        return Optional.empty();
    }

    private void tryAgain() {
        if (failure.isPresent()) {
            failure = Optional.empty();
            wave.ifPresent(stopped -> openWave(stopped.step(), stopped.share(), stopped.cohort()));
        }
        if (marked()) {
            failed.removeIf(mark -> Optional.of(mark.version()).equals(target));
            outcomes.add(new Outcome.Started(target.orElseThrow()));
        }
    }

    // The spec.

    /** A newer spec replaces the target: whoever had it goes back to stable, and the waves begin anew. */
    private void followDesired() {
        if (seen.desired().isEmpty() || seen.desired().equals(target)) {
            return;
        }
        if (stable.isPresent()) {
            failure.ifPresent(this::mark);
        }
        leaveWave();
        target = seen.desired();
        if (stable.isEmpty()) {
            outcomes.add(new Outcome.Started(target.get()));
            openWave(0, Share.WHOLE, List.of());
        } else if (underway()) {
            outcomes.add(new Outcome.Started(target.get()));
        }
    }

    /** Nobody gets the target any more. */
    private void leaveWave() {
        wave.ifPresent(left -> returning.addAll(left.cohort()));
        wave = Optional.empty();
        failure = Optional.empty();
        promoted = false;
        emptySince = Optional.empty();
    }

    // What the fleet says.

    private void takeStock() {
        wave = wave.map(this::takeStock);
        if (stable.isPresent() && !stable.equals(target)) {
            strays().forEach(returning::add);
        }
        returning.removeIf(gateway -> gone(gateway) || runsStable(gateway));
        if (underway() && wave.isEmpty() && seen.fleetKnown() && seen.fleet().isEmpty()) {
            emptySince = emptySince.or(() -> Optional.of(seen.now()));
        } else {
            emptySince = Optional.empty();
        }
    }

    /** Who was sent the target and isn't in the cohort, such as one that left the fleet with it and came back. */
    private Stream<String> strays() {
        Set<String> cohort = new HashSet<>(cohort());
        return seen.reports().stream()
                .filter(report -> Optional.of(report.version()).equals(target))
                .map(GatewayReport::gateway)
                .filter(gateway -> !cohort.contains(gateway));
    }

    private Wave takeStock(Wave open) {
        List<String> cohort = remaining(open);
        Map<String, Instant> asked = new TreeMap<>();
        Set<String> excused = new TreeSet<>(open.excused());
        excused.removeIf(
                gateway -> gone(gateway) || (standing(gateway, Set.of()) != Standing.REFUSED && !unknown(gateway)));
        int acked = 0;
        int unknown = 0;
        int waitedFor = 0;
        for (String gateway : members(cohort)) {
            switch (standing(gateway, excused)) {
                case ACKED -> acked++;
                case ASKED -> {
                    asked.put(gateway, open.asked().getOrDefault(gateway, seen.now()));
                    waitedFor++;
                }
                case UNKNOWN -> unknown++;
                case AWAY -> waitedFor += promoted ? 0 : 1;
                case REFUSED, UNASKED -> waitedFor++;
            }
        }
        Optional<Instant> ackedAt = Optional.empty();
        if (waitedFor == 0 && acked + unknown > 0) {
            ackedAt = unknown == 0 ? open.ackedAt().or(() -> Optional.of(seen.now())) : open.ackedAt();
        }
        return new Wave(open.number(), open.step(), open.share(), cohort, open.openedAt(), asked, excused, ackedAt);
    }

    /** The cohort without those that no longer exist, and no larger than its share of a fleet that has shrunk. */
    private List<String> remaining(Wave open) {
        if (!seen.fleetKnown()) {
            return open.cohort();
        }
        List<String> cohort = new ArrayList<>(open.cohort());
        cohort.removeIf(this::gone);
        return cut(cohort, open.share().of(seen.fleet().size()));
    }

    /** The first {@code size} of them; the others go back to stable. */
    private List<String> cut(List<String> cohort, int size) {
        if (cohort.size() <= size) {
            return cohort;
        }
        returning.addAll(cohort.subList(size, cohort.size()));
        return cohort.subList(0, size);
    }

    /** Who should run the target. */
    private Collection<String> members(List<String> cohort) {
        return stable.isEmpty() ? seen.fleet() : cohort;
    }

    private Standing standing(String gateway, Set<String> excused) {
        GatewayReport report = reports.get(gateway);
        if (report == null) {
            return seen.fleetKnown() ? Standing.AWAY : Standing.UNKNOWN;
        }
        if (!Optional.of(report.version()).equals(target)) {
            return Standing.UNASKED;
        }
        return switch (report.state()) {
            case CURRENT -> Standing.ACKED;
            case PENDING -> Standing.ASKED;
            case REJECTED -> excused.contains(gateway) ? Standing.ASKED : Standing.REFUSED;
        };
    }

    private boolean unknown(String gateway) {
        return standing(gateway, Set.of()) == Standing.UNKNOWN;
    }

    private boolean gone(String gateway) {
        return seen.fleetKnown() && !seen.fleet().contains(gateway);
    }

    private boolean runsStable(String gateway) {
        GatewayReport report = reports.get(gateway);
        return report != null
                && report.state() == State.CURRENT
                && Optional.of(report.version()).equals(stable);
    }

    // Failure.

    /** Whether the target has failed just now. */
    private boolean judge() {
        if (wave.isEmpty() || failure.isPresent()) {
            return false;
        }
        Optional<Failure> found = rejected(wave.get())
                .or(() -> ackTimedOut(wave.get()))
                .or(() -> regressed(wave.get()))
                .map(this::failure);
        found.ifPresent(this::fail);
        return found.isPresent();
    }

    private record Finding(Failure.Reason reason, String message) {}

    private Failure failure(Finding finding) {
        return new Failure(target.orElseThrow(), finding.reason(), finding.message(), seen.now());
    }

    private Optional<Finding> rejected(Wave open) {
        List<String> refusing = refusing().stream()
                .filter(gateway -> !open.excused().contains(gateway))
                .toList();
        if (refusing.isEmpty()) {
            return Optional.empty();
        }
        String words = seen.reports().stream()
                .filter(report -> report.gateway().equals(refusing.getFirst()))
                .flatMap(report -> report.refusals().stream())
                .findFirst()
                .map(refusal -> ": " + refusal.summary())
                .orElse("");
        return Optional.of(new Finding(Failure.Reason.Rejected, "refused by " + named(refusing) + words));
    }

    /** Whoever refuses the target was given it, be it that it has left the cohort since. */
    private List<String> refusing() {
        return seen.reports().stream()
                .map(GatewayReport::gateway)
                .filter(gateway -> !gone(gateway) && standing(gateway, Set.of()) == Standing.REFUSED)
                .toList();
    }

    private Optional<Finding> ackTimedOut(Wave open) {
        List<String> late = open.asked().entrySet().stream()
                .filter(asked -> passed(asked.getValue(), policy.ackTimeout()))
                .map(Map.Entry::getKey)
                .toList();
        if (late.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Failure.Reason.AckTimeout,
                "not ACKed within " + policy.ackTimeout().toMillis() / 1000.0 + " s by " + named(late)));
    }

    /** The first version has nothing to be compared with, and who promotes a version has judged it. */
    private Optional<Finding> regressed(Wave open) {
        return seen.regression()
                .filter(regression -> stable.isPresent() && !promoted && regression.wave() == open.number())
                .map(regression -> new Finding(Failure.Reason.Regression, regression.message()));
    }

    private void fail(Failure found) {
        outcomes.add(new Outcome.Failed(found));
        if (stable.isEmpty() || policy.onFailure() == OnFailure.Pause) {
            failure = Optional.of(found);
        } else {
            rollBack(found);
        }
    }

    private void rollBack(Failure found) {
        mark(found);
        leaveWave();
    }

    private void mark(Failure found) {
        failed.removeIf(mark -> mark.version().equals(found.version()));
        failed.add(found);
        if (failed.size() > RolloutState.MAX_FAILED) {
            failed.removeFirst();
        }
    }

    // Growth.

    /** Whether a wave opened or the target became stable. */
    private boolean grow() {
        if (target.isEmpty() || !seen.fleetKnown()) {
            return false;
        }
        if (stable.isEmpty()) {
            return (seen.fleet().isEmpty() || wave.flatMap(Wave::ackedAt).isPresent()) && complete();
        }
        if (!underway()) {
            return stable.equals(target) && returning.isEmpty() && !failed.isEmpty() && complete();
        }
        if (failure.isPresent() || pausedBy.isPresent()) {
            return false;
        }
        if (seen.fleet().isEmpty()) {
            return nobodyToProtect() && complete();
        }
        if (wave.isEmpty() || wave.get().cohort().isEmpty() || (promoted && !isWhole(wave.get()))) {
            return widen(promoted ? policy.last() : wave.map(Wave::step).orElse(0));
        }
        return baked(wave.get())
                && (promoted || !seen.unjudged())
                && (isWhole(wave.get()) ? complete() : widen(wave.get().step() + 1));
    }

    private static boolean isWhole(Wave open) {
        return open.share().equals(Share.WHOLE);
    }

    private boolean baked(Wave open) {
        return open.ackedAt()
                .filter(since ->
                        promoted || passed(since, policy.step(open.step()).bake()))
                .isPresent();
    }

    /** All gateways may have lost their way to us at once, so one look is not enough; and a wave that had some waits. */
    private boolean nobodyToProtect() {
        return promoted
                || emptySince
                        .filter(since -> passed(since, policy.ackTimeout()))
                        .isPresent();
    }

    /** Opens a wave; not before so many gateways are connected as it takes, unless it takes them all. */
    private boolean widen(int wanted) {
        int step = Math.min(wanted, policy.last());
        Share share = policy.step(step).gateways();
        int size = share.of(seen.fleet().size());
        List<String> cohort = new ArrayList<>(cut(cohort(), size));
        Set<String> candidates = new HashSet<>(seen.fleet());
        cohort.forEach(candidates::remove);
        if (size < seen.fleet().size()) {
            candidates.retainAll(reports.keySet());
        }
        int missing = size - cohort.size();
        if (candidates.size() < missing) {
            return false;
        }
        if (missing > 0) {
            RendezvousHash.rank(target.orElseThrow().hex(), candidates).stream()
                    .limit(missing)
                    .forEach(cohort::add);
        }
        cohort.forEach(returning::remove);
        openWave(step, share, cohort);
        return true;
    }

    /** Refusals that stand at this moment were answers to an earlier wave. */
    private void openWave(int step, Share share, List<String> cohort) {
        waves++;
        Wave opened =
                new Wave(waves, step, share, cohort, seen.now(), Map.of(), Set.copyOf(refusing()), Optional.empty());
        wave = Optional.of(opened);
        outcomes.add(new Outcome.WaveOpened(target.orElseThrow(), opened));
    }

    /** A fleet that is whole on a version gives those that failed before another try. */
    private boolean complete() {
        leaveWave();
        stable = target;
        returning.clear();
        failed.clear();
        return true;
    }

    // What follows.

    private Serve serve() {
        if (stable.isEmpty() || !cohort().isEmpty()) {
            return new Serve(stable, target, cohort(), waves);
        }
        return new Serve(stable, stable, List.of(), waves);
    }

    private Optional<Instant> wakeUp() {
        Stream<Instant> timeouts = Stream.concat(
                        wave.stream().flatMap(open -> open.asked().values().stream()), emptySince.stream())
                .map(since -> since.plus(policy.ackTimeout()));
        Stream<Instant> bakes = wave.stream()
                .flatMap(open -> open
                        .ackedAt()
                        .map(since -> since.plus(policy.step(open.step()).bake()))
                        .stream());
        return Stream.concat(timeouts, pausedBy.isPresent() ? Stream.empty() : bakes)
                .filter(at -> failure.isEmpty() && at.isAfter(seen.now()))
                .min(Comparator.naturalOrder());
    }

    private void tellArrival(RolloutState state) {
        Phase phase = state.phase();
        if (phase == phaseBefore && target.equals(targetBefore)) {
            return;
        }
        if (phase == Phase.Complete) {
            outcomes.add(new Outcome.Completed(target.orElseThrow()));
        } else if (phase == Phase.RolledBack) {
            outcomes.add(new Outcome.RolledBack(state.reason().orElseThrow()));
        }
    }

    // Words.

    /** Whether there is a target on the way that could still be given up. */
    private boolean underway() {
        return stable.isPresent() && target.isPresent() && !stable.equals(target) && !marked();
    }

    private boolean marked() {
        return failed.stream().anyMatch(mark -> Optional.of(mark.version()).equals(target));
    }

    private List<String> cohort() {
        return wave.map(Wave::cohort).orElse(List.of());
    }

    private boolean passed(Instant since, Duration duration) {
        return !seen.now().isBefore(since.plus(duration));
    }

    private static String shown(Optional<ContentHash> version) {
        return version.map(ContentHash::abbreviated).orElse("none");
    }

    private static String named(List<String> gateways) {
        String names = gateways.stream().limit(NAMED_GATEWAYS).collect(Collectors.joining(", "));
        int more = gateways.size() - NAMED_GATEWAYS;
        return more > 0 ? names + " and " + more + " more" : names;
    }
}
