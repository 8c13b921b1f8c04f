package dev.mpg.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.placement.Move.Reason;
import dev.mpg.placement.Move.Role;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {
    private static final int NO_LIMIT = Integer.MAX_VALUE;
    private static final PlacementPolicy TWO = new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, 2, false, 0);
    private static final PlacementPolicy SPREAD = new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, 2, true, 0);

    private static Placement pool(PlacementPolicy policy, String... names) {
        Placement placement = new Placement(policy);
        members(names).forEach(placement::put);
        return placement;
    }

    private static List<PoolMember> members(String... names) {
        return Stream.of(names)
                .map(name -> new PoolMember(name, "", InstanceState.Ready))
                .toList();
    }

    private static void place(Placement placement, int count) {
        IntStream.range(0, count).forEach(i -> placement.place("proxy-" + i, 1));
        placement.settle(NO_LIMIT);
    }

    @Test
    void aNewProxyGoesToTheLeastLoadedAndSaysSo() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b");
        placement.place("large", 5);
        placement.settle(NO_LIMIT);
        String other = placement.instances("large").equals(List.of("a")) ? "b" : "a";
        placement.place("small", 1);
        Settlement settlement = placement.settle(NO_LIMIT);
        assertThat(settlement.moves())
                .containsExactly(
                        new Move("small", Role.Primary, Optional.empty(), Optional.of(other), Reason.Placed, false));
        assertThat(settlement.coldConnects()).isEqualTo(1);
        assertThat(settlement.plannedMigrations() + settlement.forcedMigrations())
                .isZero();
        assertThat(placement.statistics().loads()).containsEntry(other, 1L).containsValue(5L);
    }

    @Test
    void tiesAreBrokenByTheProxyNotByTheOrderOfInstances() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b", "c");
        List<String> first = IntStream.range(0, 30)
                .mapToObj(i -> {
                    placement.place("proxy-" + i, 1);
                    placement.settle(NO_LIMIT);
                    String instance = placement.instances("proxy-" + i).getFirst();
                    placement.remove("proxy-" + i);
                    return instance;
                })
                .toList();
        assertThat(first).contains("a", "b", "c");
    }

    @Test
    void whatIsPlacedStaysWhenItIsPlacedAgain() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b", "c");
        place(placement, 10);
        List<PlacedProxy> before = placement.proxies();
        place(placement, 9);
        placement.place("proxy-9", 1);
        Settlement settlement = placement.settle(NO_LIMIT);
        assertThat(settlement.moves()).isEmpty();
        assertThat(settlement.affinityHits()).isEqualTo(1);
        assertThat(placement.proxies()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(Strategy.class)
    void withAnyStrategyWhatIsPlacedStaysAfterARestart(Strategy strategy) {
        PlacementPolicy policy = TWO.withStrategy(strategy);
        Placement placement = pool(policy, "a", "b", "c", "d");
        place(placement, 40);
        Placement again = Placement.restore(
                policy, members("d", "c", "b", "a"), placement.proxies().reversed());
        Settlement settlement = again.settle(NO_LIMIT);
        assertThat(settlement.moves()).isEmpty();
        assertThat(settlement.affinityHits()).isEqualTo(40);
        assertThat(again.proxies()).isEqualTo(placement.proxies());
        assertThat(placement.proxies())
                .allSatisfy(proxy -> assertThat(proxy.instances()).hasSize(2).doesNotHaveDuplicates());
    }

    @Test
    void roundRobinTakesInstancesInTurn() {
        Placement placement = pool(PlacementPolicy.DEFAULT.withStrategy(Strategy.RoundRobin), "a", "b", "c");
        for (int i = 0; i < 6; i++) {
            placement.place("proxy-" + i, 1 + i * i);
            placement.settle(NO_LIMIT);
            assertThat(placement.instances("proxy-" + i))
                    .containsExactly(List.of("a", "b", "c").get(i % 3));
        }
    }

    @Test
    void randomIsEvenAndDependsOnTheSeed() {
        PlacementPolicy policy = PlacementPolicy.DEFAULT.withStrategy(Strategy.Random);
        Placement placement = pool(policy, "a", "b", "c");
        place(placement, 3000);
        assertThat(placement.statistics().loads().values())
                .allSatisfy(load -> assertThat(load).isBetween(850L, 1150L));
        Placement other = pool(new PlacementPolicy(Strategy.Random, 1.25, 1, false, 1), "a", "b", "c");
        place(other, 3000);
        assertThat(other.proxies()).isNotEqualTo(placement.proxies());
    }

    @Test
    void onlyAffinityKeepsWhatIsScheduledAgain() {
        for (Strategy strategy : Strategy.values()) {
            Placement placement = pool(PlacementPolicy.DEFAULT.withStrategy(strategy), "a", "b", "c", "d");
            place(placement, 40);
            long migrations = 0;
            for (int i = 0; i < 40; i++) {
                placement.reschedule("proxy-" + i);
                Settlement settlement = placement.settle(NO_LIMIT);
                migrations += settlement.plannedMigrations();
                assertThat(settlement.affinityHits()).isEqualTo(1 - (int) settlement.plannedMigrations());
            }
            switch (strategy) {
                case AffinityLeastLoaded -> assertThat(migrations).isZero();
                case RoundRobin, Random -> assertThat(migrations).isBetween(20L, 40L);
                case LeastLoaded -> assertThat(migrations).isBetween(0L, 40L);
            }
        }
    }

    @Test
    void anAddedInstanceGetsOnlyWhatIsAboveTheCap() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b", "c");
        place(placement, 60);
        placement.put(new PoolMember("d", "", InstanceState.Ready));
        Settlement settlement = placement.settle(NO_LIMIT);
        // The cap is ⌈1.25 · 60/4⌉ = 19: one of each 20.
        assertThat(settlement.moves()).hasSize(3).allSatisfy(move -> {
            assertThat(move.reason()).isEqualTo(Reason.Overload);
            assertThat(move.to()).contains("d");
        });
        assertThat(placement.statistics().loads().values()).containsExactly(19L, 19L, 19L, 3L);
        assertThat(placement.statistics().peakToAverage()).isEqualTo(19 / 15.0);
        assertThat(placement.statistics().standardDeviation()).isEqualTo(Math.sqrt(48));
    }

    @Test
    void aLostInstanceLosesItsOwnAndNobodyElseMoves() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b", "c");
        place(placement, 30);
        placement.lost("b");
        Settlement settlement = placement.settle(0);
        assertThat(settlement.moves()).hasSize(10).allSatisfy(move -> {
            assertThat(move.from()).contains("b");
            assertThat(move.reason()).isEqualTo(Reason.Lost);
        });
        assertThat(settlement.forcedMigrations()).isEqualTo(10);
        assertThat(settlement.coldConnects()).isEqualTo(10);
        assertThat(placement.statistics().loads()).containsOnlyKeys("a", "c").containsValues(15L, 15L);
    }

    @Test
    void aSuspectInstanceKeepsWhatItHasAndGetsNothing() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b");
        place(placement, 10);
        placement.put(new PoolMember("b", "", InstanceState.Suspect));
        assertThat(placement.settle(NO_LIMIT).moves()).isEmpty();
        place(placement, 20);
        assertThat(placement.statistics().loads()).containsEntry("a", 15L).containsEntry("b", 5L);
    }

    @Test
    void aDrainingInstanceGivesEverythingAsTheBudgetAllows() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b", "c");
        place(placement, 30);
        placement.put(new PoolMember("b", "", InstanceState.Draining));
        Settlement first = placement.settle(4);
        assertThat(first.moves())
                .hasSize(4)
                .allSatisfy(move -> assertThat(move.reason()).isEqualTo(Reason.Draining));
        assertThat(first.left()).isEqualTo(6);
        placement.place("new", 1);
        assertThat(placement.settle(0).left()).isEqualTo(6);
        Settlement second = placement.settle(NO_LIMIT);
        assertThat(second.moves()).hasSize(6);
        assertThat(second.left()).isZero();
        assertThat(placement.statistics().loads()).containsEntry("b", 0L);
    }

    @Test
    void aDrainingInstanceKeepsNoStandbyForWhichThereIsNoOtherPlace() {
        Placement placement = pool(new PlacementPolicy(Strategy.AffinityLeastLoaded, 1.25, 2, false, 0), "a", "b");
        place(placement, 4);
        placement.put(new PoolMember("b", "", InstanceState.Draining));
        placement.settle(NO_LIMIT);
        assertThat(placement.proxies())
                .allSatisfy(proxy -> assertThat(proxy.instances()).containsExactly("a"));
        placement.put(new PoolMember("b", "", InstanceState.Ready));
        placement.settle(NO_LIMIT);
        assertThat(placement.proxies())
                .allSatisfy(proxy -> assertThat(proxy.instances()).hasSize(2));
    }

    @Test
    void withABudgetTheMostOverloadedIsRelievedFirst() {
        Placement placement = Placement.restore(
                PlacementPolicy.DEFAULT,
                members("a", "b", "c"),
                IntStream.range(0, 40)
                        .mapToObj(i -> new PlacedProxy("proxy-" + i, 1, List.of(i < 22 ? "a" : "b")))
                        .toList());
        // The cap is ⌈1.25 · 40/3⌉ = 17: a has 5 too many, b 1.
        Settlement settlement = placement.settle(4);
        assertThat(settlement.moves())
                .hasSize(4)
                .allSatisfy(move -> assertThat(move.from()).contains("a"));
        assertThat(settlement.left()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 50})
    void thoseThatWaitAreAsManyWhetherOneMayMoveOrNone(int maxWeight) {
        Random random = new Random(7);
        int waited = 0;
        for (int i = 0; i < 200; i++) {
            List<PlacedProxy> proxies = IntStream.range(0, 40)
                    .mapToObj(n -> new PlacedProxy(
                            "proxy-" + n,
                            1 + random.nextInt(maxWeight),
                            List.of(List.of("a", "a", "a", "b", "c", "d").get(random.nextInt(6)))))
                    .toList();
            List<PoolMember> members = Stream.concat(
                            members("a", "b", "c").stream(), Stream.of(new PoolMember("d", "", InstanceState.Draining)))
                    .toList();
            Settlement none =
                    Placement.restore(PlacementPolicy.DEFAULT, members, proxies).settle(0);
            Settlement one =
                    Placement.restore(PlacementPolicy.DEFAULT, members, proxies).settle(1);
            assertThat(none.moves()).isEmpty();
            assertThat(none.left()).isEqualTo(one.left() + one.moves().size());
            waited += none.left();
        }
        assertThat(waited).isPositive();
    }

    @Test
    void withoutAnyInstanceAProxyWaits() {
        Placement placement = pool(PlacementPolicy.DEFAULT);
        placement.place("shop", 1);
        assertThat(placement.settle(NO_LIMIT).unplaced()).isEqualTo(1);
        assertThat(placement.instances("shop")).isEmpty();
        placement.put(new PoolMember("a", "", InstanceState.Ready));
        assertThat(placement.settle(NO_LIMIT).unplaced()).isZero();
        assertThat(placement.instances("shop")).containsExactly("a");
        placement.lost("a");
        Settlement lost = placement.settle(NO_LIMIT);
        assertThat(lost.moves())
                .containsExactly(
                        new Move("shop", Role.Primary, Optional.of("a"), Optional.empty(), Reason.Lost, false));
        assertThat(lost.unplaced()).isEqualTo(1);
    }

    @Test
    void oneLargeProxyIsNeverTooMuch() {
        Placement placement = pool(PlacementPolicy.DEFAULT, "a", "b", "c");
        place(placement, 9);
        placement.place("huge", 1000);
        Settlement settlement = placement.settle(NO_LIMIT);
        assertThat(settlement.moves()).hasSize(1);
    }

    @Test
    void aStandbyIsPromotedAtOnce() {
        Placement placement = pool(TWO, "a", "b", "c", "d");
        place(placement, 40);
        List<PlacedProxy> before = placement.proxies();
        placement.lost("a");
        Settlement settlement = placement.settle(0);
        for (PlacedProxy proxy : before) {
            List<String> now = placement.instances(proxy.id());
            if (proxy.instances().getFirst().equals("a")) {
                assertThat(now.getFirst()).isEqualTo(proxy.instances().get(1));
            } else {
                assertThat(now.getFirst()).isEqualTo(proxy.instances().getFirst());
            }
            assertThat(now).hasSize(2).doesNotHaveDuplicates().doesNotContain("a");
        }
        assertThat(settlement.coldConnects()).isZero();
        assertThat(settlement.forcedMigrations()).isEqualTo(10);
    }

    @Test
    void anOverloadedPrimaryTradesPlacesWithItsStandby() {
        Placement placement = Placement.restore(
                TWO,
                members("a", "b"),
                IntStream.range(0, 20)
                        .mapToObj(i -> new PlacedProxy("proxy-" + i, 1, List.of("a", "b")))
                        .toList());
        Settlement settlement = placement.settle(NO_LIMIT);
        // The cap is ⌈1.25 · 20/2⌉ = 13.
        assertThat(settlement.moves())
                .hasSize(7)
                .allSatisfy(move -> assertThat(move.warm()).isTrue());
        assertThat(placement.statistics().loads()).containsEntry("a", 13L).containsEntry("b", 7L);
        assertThat(placement.statistics().standbyLoads()).containsEntry("a", 7L).containsEntry("b", 13L);
    }

    @Test
    void standbysGoToAnotherZoneAsSoonAsThereIsOne() {
        Placement placement = new Placement(SPREAD);
        placement.put(new PoolMember("a1", "a", InstanceState.Ready));
        placement.put(new PoolMember("a2", "a", InstanceState.Ready));
        place(placement, 10);
        placement.put(new PoolMember("b1", "b", InstanceState.Ready));
        Settlement some = placement.settle(3);
        assertThat(some.moves()).hasSize(3);
        placement.settle(NO_LIMIT);
        assertThat(placement.proxies())
                .allSatisfy(proxy -> assertThat(proxy.instances().stream()
                                .map(name -> name.charAt(0))
                                .distinct())
                        .hasSize(2));
    }

    @Test
    void fewerReplicasReleaseStandbysAndMoreAddThem() {
        Placement placement = pool(TWO, "a", "b", "c");
        place(placement, 6);
        placement.policy(PlacementPolicy.DEFAULT);
        assertThat(placement.settle(0).moves()).hasSize(6).allSatisfy(move -> {
            assertThat(move.role()).isEqualTo(Role.Standby);
            assertThat(move.to()).isEmpty();
        });
        placement.policy(TWO);
        assertThat(placement.settle(0).moves())
                .hasSize(6)
                .allSatisfy(move -> assertThat(move.from()).isEmpty());
    }

    @Test
    void theCapIsExact() {
        assertThat(PlacementPolicy.DEFAULT.withMaxLoadFactor(1.1).cap(10, 1)).isEqualTo(11);
        assertThat(PlacementPolicy.DEFAULT.withMaxLoadFactor(1).cap(10, 3)).isEqualTo(4);
        assertThat(PlacementPolicy.DEFAULT.cap(0, 3)).isZero();
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        assertThatThrownBy(() -> PlacementPolicy.DEFAULT.withMaxLoadFactor(0.9)).hasMessageContaining("0.9");
        assertThatThrownBy(() -> PlacementPolicy.DEFAULT.withMaxLoadFactor(Double.NaN))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> new PlacementPolicy(Strategy.Random, 1, 0, false, 0))
                .hasMessageContaining("at least 1");
        PlacedProxy proxy = new PlacedProxy("shop", 1, List.of());
        assertThatThrownBy(() -> Placement.restore(TWO, List.of(), List.of(proxy, proxy)))
                .hasMessageContaining("shop");
        assertThatThrownBy(() -> new Placement(TWO).reschedule("shop")).hasMessageContaining("shop");
        assertThatThrownBy(() -> new Placement(TWO).settle(-1)).hasMessageContaining("-1");
    }
}
