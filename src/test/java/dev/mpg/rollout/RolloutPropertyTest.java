package dev.mpg.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.mpg.rollout.Oracle.Violation;
import dev.mpg.rollout.World.Sight;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Lives through random histories of a fleet and holds every decision against the promises of {@link Rollout}.
 *
 * <p>A history is a seed, and a seed for each of its steps. One that breaks a promise is cut down to the steps that it takes,
 * and printed.
 */
class RolloutPropertyTest {
    private static final int HISTORIES = Integer.getInteger("mpg.rollout.histories", 100_000);
    private static final int MAX_STEPS = 30;
    private static final int STEPS_TO_SETTLE = 100;

    private record History(long seed, List<Long> steps) {
        static History of(long seed) {
            SplittableRandom random = new SplittableRandom(~seed);
            int length = random.nextInt(8, MAX_STEPS + 1);
            List<Long> steps = new ArrayList<>(length);
            for (int i = 0; i < length; i++) {
                steps.add(random.nextLong());
            }
            return new History(seed, steps);
        }

        History without(int step) {
            List<Long> fewer = new ArrayList<>(steps);
            fewer.remove(step);
            return new History(seed, fewer);
        }
    }

    @Test
    void everyPromiseHoldsInEveryHistory() {
        Map<Phase, Integer> endings = new EnumMap<>(Phase.class);
        for (long seed = 0; seed < HISTORIES; seed++) {
            History history = History.of(seed);
            try {
                endings.merge(live(history, Optional.empty()), 1, Integer::sum);
            } catch (Violation broken) {
                fail(explain(history, broken));
            }
        }
        System.out.println(HISTORIES + " histories ended " + endings);
        // A world in which nothing ever goes wrong, or right, would prove nothing.
        assertThat(endings).containsKeys(Phase.Complete, Phase.RolledBack, Phase.Paused, Phase.Failed);
    }

    /** Returns where the rollout stands when all has been well for long enough. */
    private static Phase live(History history, Optional<StringBuilder> diary) {
        World world = new World(history.seed);
        world.telling = diary.isPresent();
        diary.ifPresent(text -> text.append(world));
        Oracle oracle = new Oracle();
        Decision decision = null;
        for (long step : history.steps) {
            Sight sight = world.suffer(new SplittableRandom(step));
            decision = decide(world, oracle, sight, diary);
        }
        world.calmDown();
        Observation seen = null;
        for (int i = 0; i < STEPS_TO_SETTLE; i++) {
            Sight sight = world.settle();
            boolean quiet = decision != null
                    && seen != null
                    && seen.reports().equals(sight.observation().reports())
                    && world.delivered();
            if (quiet && isSettled(world)) {
                return world.state.phase();
            }
            if (quiet) {
                Optional<Instant> wakeUp = decision.wakeUp();
                if (wakeUp.isEmpty()) {
                    throw new Violation("somebody who waits is woken; " + world.state);
                }
                world.now = wakeUp.get();
                sight = world.settle();
            }
            seen = sight.observation();
            decision = decide(world, oracle, sight, diary);
        }
        throw new Violation("all is well, so the rollout ends; " + world.state);
    }

    private static Decision decide(World world, Oracle oracle, Sight sight, Optional<StringBuilder> diary) {
        RolloutState before = world.state;
        Decision decision = Rollout.decide(before, world.policy, sight.observation());
        diary.ifPresent(text -> tell(text, world, sight, decision));
        oracle.check(world, before, sight, decision);
        world.obey(decision);
        return decision;
    }

    private static boolean isSettled(World world) {
        RolloutState state = world.state;
        boolean arrived = world.connected().stream()
                .allMatch(gateway -> Optional.ofNullable(gateway.sent).equals(state.stable()));
        return switch (state.phase()) {
            case Pending, Progressing -> false;
            case Paused, Failed -> true;
            case Complete, RolledBack -> {
                if (!arrived) {
                    throw new Violation(state.phase() + ", but not everybody was sent stable");
                }
                yield true;
            }
            // It says so as long as it's true: a gateway may refuse even what others proved before it came.
            case RollingBack ->
                arrived
                        && state.returning().stream()
                                .allMatch(name -> world.gateway(name)
                                        .filter(gateway -> gateway.state != GatewayReport.State.CURRENT)
                                        .isPresent());
        };
    }

    private static String explain(History history, Violation broken) {
        History shortest = history;
        String promise = String.valueOf(broken.getMessage());
        for (int i = shortest.steps.size() - 1; i >= 0; i--) {
            History shorter = i < shortest.steps.size() ? shortest.without(i) : shortest;
            try {
                live(shorter, Optional.empty());
            } catch (Violation still) {
                shortest = shorter;
                promise = String.valueOf(still.getMessage());
            }
        }
        StringBuilder diary = new StringBuilder();
        try {
            live(shortest, Optional.of(diary));
        } catch (Violation still) {
            diary.append(still.getMessage());
        }
        return "Seed " + history.seed + ": " + broken.getMessage() + "\nShortest: " + promise + "\nsteps "
                + shortest.steps + "\n" + diary;
    }

    private static void tell(StringBuilder diary, World world, Sight sight, Decision decision) {
        Observation seen = sight.observation();
        diary.append(seen.now())
                .append(' ')
                .append(world.story)
                .append("\n    fleet ")
                .append(seen.fleet())
                .append(seen.fleetKnown() ? "" : " and others")
                .append(", reports");
        seen.reports()
                .forEach(report -> diary.append(' ')
                        .append(report.gateway())
                        .append(' ')
                        .append(report.state())
                        .append(' ')
                        .append(World.name(Optional.of(report.version()))));
        RolloutState state = decision.state();
        diary.append("\n    -> ")
                .append(state.phase())
                .append(" stable ")
                .append(World.name(state.stable()))
                .append(" target ")
                .append(World.name(state.target()))
                .append(" wave ")
                .append(state.wave()
                        .map(wave -> wave.number() + " of step " + wave.step() + " " + wave.cohort())
                        .orElse("-"))
                .append(" returning ")
                .append(state.returning())
                .append(" wake up ")
                .append(decision.wakeUp())
                .append("\n       ");
        decision.outcomes().forEach(outcome -> diary.append(outcome).append("; "));
        diary.append('\n');
    }
}
