package dev.mpg.rollout;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ContentHash;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A fleet, its proxies and its users, simulated: it does what was decided, late, and suffers what chance brings. What happens
 * in a step depends on that step's seed and on what came before.
 */
final class World {
    static final List<ContentHash> VERSIONS = versions();
    private static final List<List<Step>> STEPS = List.of(
            List.of(),
            List.of(step("10%", 5), step("50%", 5), step("100%", 0)),
            List.of(step("1", 0), step("3", 10)),
            List.of(step("34%", 7), step("100%", 3)),
            List.of(step("50%", 0)));
    private static final List<Command.Action> ACTIONS = List.of(Command.Action.values());
    private static final List<Nature> NATURES = List.of(
            Nature.GOOD, Nature.GOOD, Nature.GOOD, Nature.REFUSED_BY_ALL, Nature.REFUSED_BY_SOME, Nature.NEVER_ACKED);
    private static final int MAX_GATEWAYS = 8;

    /** What a gateway makes of a version. */
    private enum Nature {
        GOOD,
        REFUSED_BY_ALL,
        REFUSED_BY_SOME,
        NEVER_ACKED
    }

    /** One gateway, as the proxies know it. */
    static final class Gateway {
        final String name;
        boolean connected = true;
        boolean hung;

        @Nullable
        ContentHash effective;

        @Nullable
        ContentHash sent;

        int sentInWave;
        State state = State.PENDING;

        Gateway(String name) {
            this.name = name;
        }
    }

    /** A report, and the wave in which what it speaks of was sent. */
    record Said(GatewayReport report, int sentInWave) {}

    /** What is seen, with what only the world knows about it. */
    record Sight(Observation observation, Map<String, Said> said) {}

    /** Nothing but NACKs, late ACKs, commands, specs and restarts happens; what is reported is true at that moment. */
    private boolean unjudged;

    final boolean calm;
    /** The fleet is whoever is connected. */
    private final boolean external;

    private final Nature[] natures = new Nature[VERSIONS.size()];
    private final Map<String, Gateway> fleet = new TreeMap<>();
    private final Map<String, Gateway> left = new HashMap<>();
    private final Deque<Serve> published = new ArrayDeque<>();
    private final Set<Command> commands = new LinkedHashSet<>();

    final StringBuilder story = new StringBuilder();
    boolean telling;

    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    RolloutPolicy policy;
    RolloutState state = RolloutState.NONE;
    private Optional<ContentHash> desired = Optional.empty();
    private Optional<Serve> served = Optional.empty();
    private Map<String, Said> lastSaid = Map.of();
    private boolean outage;
    /** The operator ends between storing and serving its next decision. */
    private boolean crash;

    private int names;
    private int ids;

    World(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        calm = random.nextInt(4) == 0;
        external = !calm && random.nextBoolean();
        policy = anyPolicy(random);
        for (int i = 0; i < natures.length; i++) {
            natures[i] = NATURES.get(random.nextInt(NATURES.size()));
        }
        if (random.nextInt(4) > 0) {
            natures[0] = Nature.GOOD;
        }
        for (int i = random.nextInt(calm ? 1 : 0, MAX_GATEWAYS); i > 0; i--) {
            join();
        }
    }

    private static List<ContentHash> versions() {
        List<ContentHash> versions = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            versions.add(ContentHash.of(ByteString.copyFromUtf8("version " + i)));
        }
        return List.copyOf(versions);
    }

    private static Step step(String share, int bake) {
        return new Step(Share.parse(share), Duration.ofSeconds(bake));
    }

    private static RolloutPolicy anyPolicy(SplittableRandom random) {
        return new RolloutPolicy(
                STEPS.get(random.nextInt(STEPS.size())),
                Duration.ofSeconds(15),
                random.nextInt(3) == 0 ? OnFailure.Pause : OnFailure.Rollback);
    }

    static String name(Optional<ContentHash> version) {
        return version.map(hash -> "v" + VERSIONS.indexOf(hash)).orElse("-");
    }

    private void tell(String what) {
        if (telling) {
            story.append(what).append("; ");
        }
    }

    // What happens.

    /** Chance has its way; then one looks. */
    Sight suffer(SplittableRandom random) {
        story.setLength(0);
        now = now.plusSeconds(random.nextInt(4) == 0 ? 0 : random.nextInt(1, 12));
        users(random);
        if (!calm) {
            nature(random);
        }
        if (random.nextInt(20) == 0) {
            tell("operator restarts");
            state = StateText.read(StateText.write(state));
        }
        deliver(random);
        for (Gateway gateway : fleet.values()) {
            if (random.nextInt(12) == 0) {
                gateway.hung = !gateway.hung;
            }
            if (random.nextInt(5) < 3) {
                answer(gateway);
            }
        }
        return look(random);
    }

    private void users(SplittableRandom random) {
        if (desired.isEmpty() || random.nextInt(9) == 0) {
            desired = Optional.of(VERSIONS.get(desired.isEmpty() ? 0 : random.nextInt(VERSIONS.size())));
            tell("desired " + name(desired));
        }
        if (random.nextInt(12) == 0) {
            Command.Action action = ACTIONS.get(random.nextInt(ACTIONS.size()));
            Optional<ContentHash> version = switch (random.nextInt(4)) {
                case 0 -> state.target();
                case 1 -> Optional.of(VERSIONS.get(random.nextInt(VERSIONS.size())));
                default -> Optional.empty();
            };
            commands.add(new Command("id-" + ids++, action, "somebody", version));
            tell(action + " " + name(version));
        }
        if (random.nextInt(10) == 0) {
            commands.clear();
        }
        if (random.nextInt(60) == 0) {
            policy = anyPolicy(random);
            tell(policy.toString());
        }
    }

    private void nature(SplittableRandom random) {
        int chance = random.nextInt(100);
        Gateway someone = fleet.isEmpty() ? null : List.copyOf(fleet.values()).get(random.nextInt(fleet.size()));
        if (chance < 10 && fleet.size() < MAX_GATEWAYS) {
            join();
        } else if (chance < 18 && someone != null) {
            leave(someone);
        } else if (chance < 20) {
            tell("all leave");
            List.copyOf(fleet.values()).forEach(this::leave);
        } else if (chance < 28 && someone != null && !external) {
            tell(someone.name + " disconnects");
            someone.connected = false;
        } else if (chance < 40 && someone != null && !someone.connected) {
            connect(someone);
        } else if (chance < 46 && !left.isEmpty() && fleet.size() < MAX_GATEWAYS) {
            Gateway back =
                    left.remove(left.keySet().stream().sorted().findFirst().orElseThrow());
            fleet.put(back.name, back);
            connect(back);
        } else if (chance < 49) {
            outage = true;
            tell("outage");
        } else if (chance < 52) {
            now = now.plusSeconds(random.nextInt(-3600, 3600));
            tell("clock jumps to " + now);
        } else if (chance < 55) {
            crash = true;
            tell("operator ends before it serves");
        }
        if (outage && random.nextInt(3) == 0) {
            outage = false;
            tell("outage ends");
        }
    }

    private void join() {
        Gateway gateway = new Gateway("gw-" + names++);
        fleet.put(gateway.name, gateway);
        connect(gateway);
    }

    private void leave(Gateway gateway) {
        tell(gateway.name + " leaves");
        fleet.remove(gateway.name);
        gateway.connected = false;
        left.put(gateway.name, gateway);
    }

    private void connect(Gateway gateway) {
        tell(gateway.name + " connects");
        gateway.connected = true;
        gateway.sent = null;
        served.ifPresent(serve -> send(gateway, serve));
    }

    /** The proxies learn of decisions in order, some at once, some late; in calm they only ever learn the newest. */
    private void deliver(SplittableRandom random) {
        if (published.isEmpty() || random.nextInt(3) == 0) {
            return;
        }
        Serve next = calm ? published.getLast() : published.getFirst();
        if (calm) {
            published.clear();
        } else {
            published.removeFirst();
        }
        apply(next);
    }

    private void apply(Serve serve) {
        served = Optional.of(serve);
        for (Gateway gateway : fleet.values()) {
            if (gateway.connected) {
                send(gateway, serve);
            }
        }
    }

    private static void send(Gateway gateway, Serve serve) {
        Optional<ContentHash> version = serve.versionFor(gateway.name);
        if (version.isEmpty()) {
            return;
        }
        boolean askAgain = gateway.state == State.REJECTED && gateway.sentInWave != serve.wave();
        if (version.get().equals(gateway.sent) && !askAgain) {
            return;
        }
        gateway.sent = version.get();
        gateway.sentInWave = serve.wave();
        gateway.state = gateway.sent.equals(gateway.effective) ? State.CURRENT : State.PENDING;
    }

    private void answer(Gateway gateway) {
        ContentHash sent = gateway.sent;
        if (!gateway.connected || gateway.hung || sent == null || gateway.state != State.PENDING) {
            return;
        }
        switch (natures[VERSIONS.indexOf(sent)]) {
            case GOOD -> ack(gateway, sent);
            case REFUSED_BY_ALL -> gateway.state = State.REJECTED;
            case REFUSED_BY_SOME -> {
                if (gateway.name.hashCode() % 2 == 0) {
                    gateway.state = State.REJECTED;
                } else {
                    ack(gateway, sent);
                }
            }
            case NEVER_ACKED -> {}
        }
        tell(gateway.name + ": " + gateway.state + " " + name(Optional.of(sent)));
    }

    private static void ack(Gateway gateway, ContentHash version) {
        gateway.state = State.CURRENT;
        gateway.effective = version;
    }

    // What is seen.

    private Sight look(SplittableRandom random) {
        boolean stale = !calm && random.nextInt(7) == 0;
        Map<String, Said> said = stale ? lastSaid : said(random);
        lastSaid = said;
        Optional<Regression> regression = random.nextInt(25) == 0 && state.waves() > 0
                ? Optional.of(new Regression(
                        random.nextInt(3) == 0 ? random.nextInt(state.waves() + 1) : state.waves(), "worse"))
                : Optional.empty();
        regression.ifPresent(worse -> tell(worse.toString()));
        Optional<ContentHash> compiled = random.nextInt(25) == 0 ? Optional.empty() : desired;
        unjudged = !calm && random.nextInt(8) == 0;
        return sight(said, regression, compiled);
    }

    private Sight sight(Map<String, Said> said, Optional<Regression> regression, Optional<ContentHash> compiled) {
        Set<String> exist = new LinkedHashSet<>();
        for (Gateway gateway : fleet.values()) {
            if (!external || (gateway.connected && (!outage || said.containsKey(gateway.name)))) {
                exist.add(gateway.name);
            }
        }
        List<GatewayReport> reports = said.values().stream().map(Said::report).toList();
        return new Sight(new Observation(now, compiled, exist, !outage, reports, regression, unjudged, commands), said);
    }

    private Map<String, Said> said(SplittableRandom random) {
        Map<String, Said> said = new TreeMap<>();
        for (Gateway gateway : fleet.values()) {
            if (gateway.connected && gateway.sent != null && !(outage && random.nextBoolean())) {
                List<Refusal> refusals = gateway.state == State.REJECTED
                        ? List.of(new Refusal("type", "no", List.of("resource")))
                        : List.of();
                said.put(
                        gateway.name,
                        new Said(
                                new GatewayReport(gateway.name, gateway.state, gateway.sent, refusals),
                                gateway.sentInWave));
            }
        }
        return said;
    }

    // What is done.

    void obey(Decision decision) {
        state = decision.state();
        if (crash) {
            crash = false;
            return;
        }
        if (published.isEmpty()
                ? !Optional.of(decision.serve()).equals(served)
                : !published.getLast().equals(decision.serve())) {
            published.addLast(decision.serve());
        }
    }

    // When all is well again.

    void calmDown() {
        outage = false;
        if (fleet.isEmpty() && state.wave().isPresent()) {
            join();
        }
        desired.ifPresent(version -> tell("all is well, desired " + name(desired)));
        for (Gateway gateway : fleet.values()) {
            gateway.hung = false;
            if (!gateway.connected) {
                connect(gateway);
            }
        }
    }

    /** What was decided arrives, and whoever can answers. */
    Sight settle() {
        story.setLength(0);
        while (!published.isEmpty()) {
            apply(published.removeFirst());
        }
        fleet.values().forEach(this::answer);
        lastSaid = said(new SplittableRandom(0));
        unjudged = false;
        return sight(lastSaid, Optional.empty(), desired);
    }

    boolean delivered() {
        return published.isEmpty();
    }

    List<Gateway> connected() {
        return fleet.values().stream().filter(gateway -> gateway.connected).toList();
    }

    Optional<Gateway> gateway(String name) {
        return Optional.ofNullable(fleet.get(name));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(calm ? "calm" : external ? "external" : "members");
        text.append(" natures ")
                .append(List.of(natures))
                .append(' ')
                .append(policy)
                .append('\n');
        return text.toString();
    }
}
