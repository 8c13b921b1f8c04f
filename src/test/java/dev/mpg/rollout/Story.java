package dev.mpg.rollout;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ContentHash;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** What is seen of a Proxy, told bit by bit; every {@link #see} decides, and goes on from the decision. */
final class Story {
    static final ContentHash V1 = version("one");
    static final ContentHash V2 = version("two");
    static final ContentHash V3 = version("three");
    static final RolloutPolicy WAVES = new RolloutPolicy(
            List.of(step("10%", 30), step("50%", 30), step("100%", 0)), Duration.ofSeconds(15), OnFailure.Rollback);
    static final RolloutPolicy PAUSING = new RolloutPolicy(WAVES.steps(), WAVES.ackTimeout(), OnFailure.Pause);

    RolloutState state = RolloutState.NONE;
    RolloutPolicy policy = WAVES;
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    Optional<ContentHash> desired = Optional.empty();
    final Set<String> fleet = new TreeSet<>();
    boolean fleetKnown = true;
    final Map<String, GatewayReport> reports = new TreeMap<>();
    Optional<Regression> regression = Optional.empty();
    boolean unjudged;
    final Set<Command> commands = new HashSet<>();
    private int commandIds;

    static ContentHash version(String content) {
        return ContentHash.of(ByteString.copyFromUtf8(content));
    }

    static Step step(String share, int bake) {
        return new Step(Share.parse(share), Duration.ofSeconds(bake));
    }

    /** A fleet of gateways a, b, c …, all of which run V1, the last known good. */
    static Story of(int gateways) {
        Story story = new Story();
        story.state = RolloutState.complete(V1);
        story.desired = Optional.of(V1);
        IntStream.range(0, gateways).forEach(i -> story.joins(String.valueOf((char) ('a' + i))));
        story.everybodyAcks();
        return story;
    }

    /** The same, with V2 desired and its first wave open. */
    static Story rollingOut(int gateways) {
        Story story = of(gateways);
        story.desired(V2).see();
        return story;
    }

    Story desired(ContentHash version) {
        desired = Optional.of(version);
        return this;
    }

    Story joins(String gateway) {
        fleet.add(gateway);
        report(gateway, State.CURRENT, state.stable().orElse(V3));
        return this;
    }

    Story leaves(String gateway) {
        fleet.remove(gateway);
        return disconnects(gateway);
    }

    Story disconnects(String gateway) {
        reports.remove(gateway);
        return this;
    }

    Story after(int seconds) {
        now = now.plusSeconds(seconds);
        return this;
    }

    Story command(Command.Action action) {
        commands.add(new Command("id-" + commandIds++, action, "alice", Optional.empty()));
        return this;
    }

    Story report(String gateway, State state, ContentHash version) {
        List<Refusal> refusals = state == State.REJECTED
                ? List.of(new Refusal("type", "no such filter", List.of("resource")))
                : List.of();
        reports.put(gateway, new GatewayReport(gateway, state, version, refusals));
        return this;
    }

    Story asked(String gateway) {
        return report(gateway, State.PENDING, served(gateway));
    }

    Story acks(String gateway) {
        return report(gateway, State.CURRENT, served(gateway));
    }

    Story refuses(String gateway) {
        return report(gateway, State.REJECTED, served(gateway));
    }

    Story everybodyAcks() {
        reports.keySet().forEach(this::acks);
        return this;
    }

    private ContentHash served(String gateway) {
        return state.stable().isEmpty() || state.cohort().contains(gateway)
                ? state.target().orElseThrow()
                : state.stable().get();
    }

    Decision see() {
        Decision decision = Rollout.decide(
                state,
                policy,
                new Observation(
                        now,
                        desired,
                        fleet,
                        fleetKnown,
                        List.copyOf(reports.values()),
                        regression,
                        unjudged,
                        commands));
        state = decision.state();
        return decision;
    }

    /** All is well until the rollout has ended. */
    Decision seeItThrough() {
        Decision decision = see();
        for (int i = 0; i < 20 && state.phase() == Phase.Progressing; i++) {
            everybodyAcks();
            decision = see();
            after(30);
        }
        return decision;
    }

    /** The gateways of the open wave. */
    List<String> cohort() {
        return state.cohort();
    }

    String first() {
        return cohort().getFirst();
    }

    int wave() {
        return state.waves();
    }
}
