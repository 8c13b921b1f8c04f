package dev.mpg.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.placement.Move.Reason;
import dev.mpg.placement.Move.Role;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@link Placement} promises, after each of thousands of random events. What is expected is worked out here from the
 * members and from {@link Placement#proxies}, without its statistics or caps.
 */
class PlacementBoundsTest {
    private static final int EVENTS = 10_000;
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    /** Events, and the state by its own book-keeping. */
    private static final class World {
        final Random random;
        final int maxWeight;
        final TreeMap<String, PoolMember> members = new TreeMap<>();
        final TreeMap<String, Integer> weights = new TreeMap<>();
        PlacementPolicy policy;
        Placement placement;
        int named;
        int size = 40;

        World(long seed, int maxWeight, PlacementPolicy policy) {
            this.random = new Random(seed);
            this.maxWeight = maxWeight;
            this.policy = policy;
            this.placement = new Placement(policy);
            for (int i = 0; i < 5; i++) {
                add();
            }
            placement.settle(NO_LIMIT);
        }

        /** Does something, and says to which Proxy if it is one that is new. */
        String event() {
            int dice = random.nextInt(100);
            if (dice == 0) {
                size = 5 + random.nextInt(120);
            }
            if (dice < 60) {
                if (weights.isEmpty() || random.nextInt(size * 2) >= weights.size()) {
                    String id = "proxy-" + named++;
                    weights.put(id, weight());
                    placement.place(id, weights.get(id));
                    return id;
                }
                String id = any(weights.keySet());
                weights.remove(id);
                placement.remove(id);
            } else if (dice < 75 && !weights.isEmpty()) {
                String id = any(weights.keySet());
                weights.put(id, weight());
                placement.place(id, weights.get(id));
            } else if (dice < 80) {
                add();
            } else if (dice < 85 && members.size() > 1) {
                String name = any(members.keySet());
                members.remove(name);
                placement.lost(name);
            } else if (dice < 97 && !members.isEmpty()) {
                InstanceState state = List.of(InstanceState.Ready, InstanceState.Suspect, InstanceState.Draining)
                        .get(random.nextInt(3));
                put(any(members.keySet()), state);
            } else {
                policy = policy.withMaxLoadFactor(
                        List.of(1.0, 1.1, 1.25, 2.0, 5.0).get(random.nextInt(5)));
                placement.policy(policy);
            }
            return "";
        }

        private int weight() {
            return maxWeight == 1 ? 1 : 1 + (int) (maxWeight * Math.pow(random.nextDouble(), 4));
        }

        private void add() {
            if (members.size() < 12) {
                put("instance-" + named++, InstanceState.Ready);
            }
        }

        private void put(String name, InstanceState state) {
            String zone = members.containsKey(name) ? members.get(name).zone() : "zone-" + random.nextInt(3);
            members.put(name, new PoolMember(name, zone, state));
            placement.put(members.get(name));
        }

        private String any(Collection<String> names) {
            return new ArrayList<>(names).get(random.nextInt(names.size()));
        }

        /** What an operator that restarts gathers, in any order. */
        Placement gathered(List<PlacedProxy> before) {
            Map<String, List<String>> where =
                    before.stream().collect(Collectors.toMap(PlacedProxy::id, PlacedProxy::instances));
            List<PlacedProxy> proxies = weights.entrySet().stream()
                    .map(entry -> new PlacedProxy(
                            entry.getKey(), entry.getValue(), where.getOrDefault(entry.getKey(), List.of())))
                    .collect(Collectors.toCollection(ArrayList::new));
            List<PoolMember> shuffled = new ArrayList<>(members.values());
            Collections.shuffle(proxies, random);
            Collections.shuffle(shuffled, random);
            return Placement.restore(policy, shuffled, proxies);
        }

        Set<String> in(InstanceState... states) {
            return members.values().stream()
                    .filter(member -> List.of(states).contains(member.state()))
                    .map(PoolMember::name)
                    .collect(Collectors.toSet());
        }

        /** The load of each member, by the first instance of each Proxy or by the others. */
        Map<String, Long> loads(List<PlacedProxy> proxies, Role role) {
            Map<String, Long> loads = new TreeMap<>();
            members.keySet().forEach(name -> loads.put(name, 0L));
            for (PlacedProxy proxy : proxies) {
                List<String> instances = proxy.instances();
                (role == Role.Primary
                                ? instances.stream().limit(1)
                                : instances.stream().skip(1))
                        .filter(loads::containsKey)
                        .forEach(name -> loads.merge(name, (long) weights.getOrDefault(proxy.id(), 0), Long::sum));
            }
            return loads;
        }

        /** The load that one instance may have on average, times the factor, if {@code taken} of them can't be had. */
        BigDecimal allowance(long total, Map<String, Long> loads, int taken) {
            long onSuspects =
                    in(InstanceState.Suspect).stream().mapToLong(loads::get).sum();
            int ready = in(InstanceState.Ready).size() - taken;
            int suspect = in(InstanceState.Suspect).size();
            BigDecimal factor = BigDecimal.valueOf(policy.maxLoadFactor());
            return factor.multiply(BigDecimal.valueOf(total))
                    .divide(BigDecimal.valueOf(ready + suspect), 9, RoundingMode.FLOOR)
                    .max(factor.multiply(BigDecimal.valueOf(total - onSuspects))
                            .divide(BigDecimal.valueOf(ready), 9, RoundingMode.FLOOR));
        }
    }

    private static long ceiling(BigDecimal number) {
        return number.setScale(0, RoundingMode.CEILING).longValueExact();
    }

    private static long sum(Map<String, Long> loads) {
        return loads.values().stream().mapToLong(load -> load).sum();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void withEqualWeightsTheCapHoldsWithTheFewestMoves(long seed) {
        World world = new World(seed, 1, PlacementPolicy.DEFAULT);
        for (int event = 0; event < EVENTS; event++) {
            List<PlacedProxy> before = world.placement.proxies();
            world.event();
            Map<String, Long> loads = world.loads(before, Role.Primary);
            Settlement settlement = world.placement.settle(NO_LIMIT);
            Set<String> ready = world.in(InstanceState.Ready);
            if (ready.isEmpty()) {
                continue;
            }
            long cap = ceiling(world.allowance(world.weights.size(), loads, 0));
            Set<String> stays = world.in(InstanceState.Ready, InstanceState.Suspect);
            long orphans = world.weights.size()
                    - before.stream()
                            .filter(proxy -> world.weights.containsKey(proxy.id()))
                            .filter(proxy -> proxy.instances().stream().anyMatch(stays::contains))
                            .count();
            long overflow = ready.stream()
                    .mapToLong(name -> Math.max(0, loads.get(name) - cap))
                    .sum();
            assertThat(settlement.moves()).as("event %s", event).hasSize((int) (orphans + overflow));
            Map<String, Long> after = world.loads(world.placement.proxies(), Role.Primary);
            assertThat(ready).allSatisfy(name -> assertThat(after.get(name)).isLessThanOrEqualTo(cap));
            assertThat(sum(after)).isEqualTo(world.weights.size());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 30, 1, false",
        "2, 1000, 1, false",
        "3, 30, 2, false",
        "4, 1, 2, false",
        "5, 30, 3, true",
        "6, 1, 2, true"
    })
    void whateverTheWeights(long seed, int maxWeight, int replicas, boolean spread) {
        World world = new World(
                seed, maxWeight, new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, replicas, spread, 0));
        for (int event = 0; event < EVENTS; event++) {
            List<PlacedProxy> before = world.placement.proxies();
            String added = world.event();
            Placement gathered = world.gathered(before);
            Settlement settlement = world.placement.settle(NO_LIMIT);
            List<PlacedProxy> after = world.placement.proxies();

            if (!added.isEmpty()) {
                assertThat(settlement.moves())
                        .allSatisfy(move -> assertThat(move.proxy()).isEqualTo(added));
            }
            assertThat(gathered.settle(NO_LIMIT).moves())
                    .as("moves of a restarted operator, event %s", event)
                    .isEqualTo(settlement.moves());
            assertThat(gathered.proxies()).isEqualTo(after);
            assertThat(world.gathered(after).settle(NO_LIMIT).moves())
                    .as("moves when nothing happened, event %s", event)
                    .isEmpty();
            checkMoves(world, before, after, settlement);
            checkLoads(world, after);
            checkReplicas(world, after);
        }
    }

    /** Moves are what differs, and each has its reason. */
    private static void checkMoves(
            World world, List<PlacedProxy> before, List<PlacedProxy> after, Settlement settlement) {
        Map<String, List<String>> then =
                before.stream().collect(Collectors.toMap(PlacedProxy::id, PlacedProxy::instances));
        Set<String> moved = settlement.moves().stream().map(Move::proxy).collect(Collectors.toSet());
        for (PlacedProxy proxy : after) {
            List<String> earlier = then.getOrDefault(proxy.id(), List.of());
            assertThat(moved.contains(proxy.id()))
                    .as("%s: %s, %s", proxy.id(), earlier, proxy.instances())
                    .isEqualTo(!earlier.equals(proxy.instances()));
        }
        Set<String> ready = world.in(InstanceState.Ready);
        for (Move move : settlement.moves()) {
            List<String> earlier = then.getOrDefault(move.proxy(), List.of());
            move.from().ifPresent(from -> {
                switch (move.reason()) {
                    case Lost -> assertThat(world.members).doesNotContainKey(from);
                    case Draining -> assertThat(world.members.get(from).state()).isEqualTo(InstanceState.Draining);
                    case Overload, ZoneSpread -> assertThat(ready).contains(from);
                    case Placed, Rescheduled, Surplus -> throw new AssertionError(move);
                }
            });
            assertThat(move.from().isEmpty()).isEqualTo(move.reason() == Reason.Placed);
            if (move.to().isPresent() && !ready.isEmpty()) {
                assertThat(ready).contains(move.to().get());
            }
            if (move.role() == Role.Primary && move.to().isPresent()) {
                assertThat(move.warm())
                        .as("%s", move)
                        .isEqualTo(earlier.contains(move.to().get()));
            }
        }
    }

    private static void checkLoads(World world, List<PlacedProxy> after) {
        Set<String> ready = world.in(InstanceState.Ready);
        int replicas = world.policy.replicasPerProxy();
        Map<String, Long> primaries = world.loads(after, Role.Primary);
        if (!ready.isEmpty()) {
            checkBound(world, after, primaries, Role.Primary, 0);
        }
        if (ready.size() > replicas - 1 && !world.policy.spreadZones()) {
            checkBound(world, after, world.loads(after, Role.Standby), Role.Standby, replicas - 1);
        }
    }

    /** Load ≤ (1+ε)·average + w_max, the largest weight on that very instance being meant. */
    private static void checkBound(
            World world, List<PlacedProxy> after, Map<String, Long> loads, Role role, int taken) {
        BigDecimal allowance = world.allowance(sum(loads), loads, taken);
        for (String name : world.in(InstanceState.Ready)) {
            long largest = after.stream()
                    .filter(proxy -> (role == Role.Primary
                                    ? proxy.instances().stream().limit(1)
                                    : proxy.instances().stream().skip(1))
                            .anyMatch(name::equals))
                    .mapToLong(PlacedProxy::weight)
                    .max()
                    .orElse(0);
            assertThat(BigDecimal.valueOf(loads.get(name)))
                    .as("load of %s as %s", name, role)
                    .isLessThanOrEqualTo(allowance.add(BigDecimal.valueOf(largest)));
            assertThat(loads.get(name)).isLessThanOrEqualTo(ceiling(allowance) - 1 + Math.max(1, largest));
        }
    }

    private static void checkReplicas(World world, List<PlacedProxy> after) {
        Set<String> ready = world.in(InstanceState.Ready);
        Set<String> suspect = world.in(InstanceState.Suspect);
        for (PlacedProxy proxy : after) {
            List<String> instances = proxy.instances();
            assertThat(instances)
                    .doesNotHaveDuplicates()
                    .hasSizeLessThanOrEqualTo(world.policy.replicasPerProxy())
                    .hasSizeGreaterThanOrEqualTo(Math.min(world.policy.replicasPerProxy(), ready.size()));
            if (ready.isEmpty() || instances.isEmpty()) {
                continue;
            }
            assertThat(ready.contains(instances.getFirst()) || suspect.contains(instances.getFirst()))
                    .isTrue();
            if (world.policy.spreadZones()) {
                String zone = world.members.get(instances.getFirst()).zone();
                boolean another = ready.stream()
                        .filter(name -> !instances.contains(name))
                        .anyMatch(name -> !world.members.get(name).zone().equals(zone));
                assertThat(instances.stream()
                                .skip(1)
                                .filter(ready::contains)
                                .filter(name -> world.members.get(name).zone().equals(zone)))
                        .as("standbys of %s in the primary's zone, another being there: %s", proxy, another)
                        .hasSizeLessThanOrEqualTo(another ? 0 : NO_LIMIT);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "2, 30, 1", "3, 30, 2"})
    void aBudgetDelaysPlannedMovesAndNoOthers(long seed, int maxWeight, int replicas) {
        World world =
                new World(seed, maxWeight, new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, replicas, false, 0));
        for (int event = 0; event < EVENTS; event++) {
            world.event();
            List<PlacedProxy> before = world.placement.proxies();
            int budget = world.random.nextInt(4);
            List<Move> all = world.gathered(before).settle(NO_LIMIT).moves();
            Placement gathered = world.gathered(before);
            Settlement settlement = world.placement.settle(budget);
            assertThat(gathered.settle(budget))
                    .usingRecursiveComparison()
                    .ignoringFields("affinityHits")
                    .isEqualTo(settlement);
            long planned = planned(settlement.moves());
            assertThat(planned).isLessThanOrEqualTo(budget);
            List<Move> primaries = ofPrimaries(all);
            assertThat(ofPrimaries(settlement.moves()))
                    .isEqualTo(
                            primaries.subList(0, ofPrimaries(settlement.moves()).size()));
            assertThat(settlement.moves().stream()
                            .filter(move ->
                                    move.role() == Role.Primary && move.reason().forced()))
                    .containsExactlyElementsOf(primaries.stream()
                            .filter(move -> move.reason().forced())
                            .toList());
            if (replicas == 1) {
                assertThat(settlement.left()).as("event %s", event).isEqualTo((int) (planned(all) - planned));
            }
        }
        int rounds = 0;
        while (world.placement.settle(1).left() > 0) {
            rounds++;
            assertThat(rounds).isLessThan(10_000);
        }
        assertThat(world.gathered(world.placement.proxies()).settle(NO_LIMIT).moves())
                .isEmpty();
    }

    private static List<Move> ofPrimaries(List<Move> moves) {
        return moves.stream().filter(move -> move.role() == Role.Primary).toList();
    }

    private static long planned(List<Move> moves) {
        return moves.stream().filter(move -> !move.reason().forced()).count();
    }

    /** Would change if anything depended on the order of a hash table, or if another JVM hashed otherwise. */
    @ParameterizedTest
    @CsvSource({
        "AffinityLeastLoaded, defd9910f1ea0c44",
        "LeastLoaded, ce6c85b6b8bbe3b7",
        "RoundRobin, 6da74785956b4f7a",
        "Random, 584da0250aa370b9",
    })
    void theResultIsTheSameInAnyJvm(Strategy strategy, String expected) {
        World world = new World(7, 30, new PlacementPolicy(strategy, 1.25, 2, true, 0));
        Set<String> seen = new HashSet<>();
        for (int event = 0; event < 500; event++) {
            world.event();
            world.placement.settle(NO_LIMIT);
            seen.add(world.placement.proxies().toString());
        }
        String text = Stream.concat(Stream.of(strategy.name()), seen.stream().sorted())
                .collect(Collectors.joining("\n"));
        assertThat(Long.toHexString(Digest.of(text))).isEqualTo(expected);
    }
}
