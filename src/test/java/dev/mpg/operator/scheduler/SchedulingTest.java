package dev.mpg.operator.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerSpec;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.master.Instance;
import dev.mpg.placement.InstanceState;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SchedulingTest {
    private final Set<String> connected = new TreeSet<>();
    private final List<String> moved = new ArrayList<>();
    private final List<String> concerned = new ArrayList<>();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private boolean allSeen = true;
    private Scheduling scheduling = scheduling();

    private Scheduling scheduling() {
        return new Scheduling(
                () -> connected.stream()
                        .map(name -> new Instance(name, true, "", ""))
                        .toList(),
                moved::add,
                concerned::add,
                () -> allSeen,
                () -> now);
    }

    private static Scheduler pool(int instances, int replicas, int movesPerMinute) {
        return pool("default", instances, replicas, movesPerMinute);
    }

    private static Scheduler pool(String name, int instances, int replicas, int movesPerMinute) {
        Scheduler scheduler = new Scheduler();
        scheduler.setMetadata(new ObjectMetaBuilder().withName(name).build());
        scheduler.setSpec(new SchedulerSpec(instances, null, null, replicas, movesPerMinute, null));
        return scheduler;
    }

    private void connect(int... ordinals) {
        for (int ordinal : ordinals) {
            connected.add("default-" + ordinal);
        }
    }

    private void later(int seconds) {
        now = now.plusSeconds(seconds);
    }

    /** Places this many Proxies, none of which was anywhere before. */
    private void place(Scheduler pool, int count) {
        IntStream.range(0, count).forEach(i -> scheduling.place(pool, "proxy-" + i, 1, List.of()));
    }

    private long on(Scheduler pool, String instance) {
        return scheduling.look(pool).proxies().getOrDefault(instance, 0);
    }

    @Test
    void aProxyWaitsForAnInstanceThatIsThere() {
        Scheduler pool = pool(2, 2, 10);
        assertThat(scheduling.place(pool, "shop", 1, List.of())).isEmpty();
        assertThat(scheduling.look(pool).unplaced()).isEqualTo(1);
        connect(1);
        assertThat(scheduling.look(pool).unplaced()).isZero();
        assertThat(moved).containsExactly("shop");
        assertThat(scheduling.place(pool, "shop", 1, List.of())).containsExactly("default-1");
        connect(0);
        scheduling.look(pool);
        assertThat(scheduling.place(pool, "shop", 1, List.of())).containsExactly("default-1", "default-0");
    }

    @Test
    void afterARestartEverythingIsWhereItWas() {
        Scheduler pool = pool(2, 1, 10);
        IntStream.range(0, 10)
                .forEach(i -> assertThat(scheduling.place(pool, "proxy-" + i, 1, List.of("default-0")))
                        .containsExactly("default-0"));
        connect(0);
        assertThat(scheduling.look(pool).totals().planned()).isZero();
        connect(1);
        Outlook outlook = scheduling.look(pool);
        assertThat(outlook.totals().planned()).isEqualTo(3);
        assertThat(outlook.totals().coldConnects()).isEqualTo(3);
        assertThat(outlook.left()).isZero();
    }

    @Test
    void untilAllProxiesWereSeenNothingMovesThatCouldWait() {
        allSeen = false;
        Scheduler pool = pool(2, 1, 10);
        connect(0, 1);
        IntStream.range(0, 10).forEach(i -> scheduling.place(pool, "proxy-" + i, 1, List.of("default-0")));
        assertThat(scheduling.look(pool).totals().planned()).isZero();
        allSeen = true;
        assertThat(scheduling.look(pool).totals().planned()).isEqualTo(3);
    }

    @Test
    void plannedMovesAreLimitedPerMinute() {
        connect(0);
        place(pool(1, 1, 2), 10);
        Scheduler larger = pool(2, 1, 2);
        connect(1);
        Outlook first = scheduling.look(larger);
        assertThat(first.totals().planned()).isEqualTo(2);
        assertThat(first.left()).isEqualTo(1);
        assertThat(first.lookAgain()).contains(now.plusSeconds(60));
        later(59);
        assertThat(scheduling.look(larger).left()).isEqualTo(1);
        later(1);
        assertThat(scheduling.look(larger).totals().planned()).isEqualTo(3);
        assertThat(moved).hasSize(3).doesNotHaveDuplicates();
    }

    @Test
    void anInstanceThatLeavesIsMissedBeforeItIsReplaced() {
        Scheduler pool = pool(2, 1, 10);
        connect(0, 1);
        place(pool, 4);
        connected.remove("default-1");
        Outlook suspect = scheduling.look(pool);
        assertThat(suspect.states()).containsEntry("default-1", InstanceState.Suspect);
        assertThat(suspect.lookAgain()).contains(now.plusSeconds(15));
        assertThat(moved).isEmpty();
        later(15);
        Outlook lost = scheduling.look(pool);
        assertThat(lost.states()).containsEntry("default-1", InstanceState.Lost);
        assertThat(lost.totals().forced()).isEqualTo(2);
        assertThat(lost.proxies()).containsOnlyKeys("default-0").containsEntry("default-0", 4);

        connect(1);
        assertThat(scheduling.look(pool).lookAgain()).contains(now.plusSeconds(10));
        assertThat(on(pool, "default-1")).isZero();
        later(10);
        assertThat(on(pool, "default-1")).isEqualTo(1);
    }

    @Test
    void aPoolShrinksWhenTheLastOnesAreEmpty() {
        connect(0, 1);
        Scheduler two = pool(2, 1, 1);
        place(two, 4);
        Scheduler one = pool(1, 1, 1);
        assertThat(scheduling.look(one).left()).isEqualTo(1);
        assertThat(scheduling.size(one)).isEqualTo(2);
        later(60);
        assertThat(scheduling.look(one).left()).isZero();
        assertThat(scheduling.size(one)).isEqualTo(1);
        scheduling.holds("proxy-0", Set.of("default-0", "default-1"));
        assertThat(scheduling.size(one)).as("gateways may be there still").isEqualTo(2);
        concerned.clear();
        scheduling.holds("proxy-0", Set.of("default-0"));
        assertThat(concerned).containsExactly("default");
        assertThat(scheduling.size(one)).isEqualTo(1);
        connected.remove("default-1");
        scheduling.look(one);
        later(15);
        assertThat(scheduling.look(one).states()).containsOnlyKeys("default-0");
    }

    @Test
    void aPoolDoesNotShrinkBeforeAllProxiesWereSeen() {
        allSeen = false;
        Scheduler one = pool(1, 1, 10);
        one.setStatus(new SchedulerStatus(
                1L,
                "2/2",
                1,
                List.of(new SchedulerStatus.Instance("default-1", true, 1, 1, 1L, "Draining", null, null)),
                null,
                null,
                null,
                null,
                null,
                null));
        assertThat(scheduling.size(one)).isEqualTo(2);
        assertThat(scheduling.look(one).lookAgain()).contains(now.plusSeconds(1));
        allSeen = true;
        assertThat(scheduling.size(one)).isEqualTo(1);
    }

    @Test
    void whatIsNotWantedAndNotThereIsLostAndHoldsNothingUp() {
        Scheduler one = pool(1, 1, 10);
        connect(0);
        assertThat(scheduling.place(one, "shop", 1, List.of("default-7"))).containsExactly("default-7");
        assertThat(scheduling.size(one)).isEqualTo(8);
        later(15);
        scheduling.look(one);
        assertThat(scheduling.place(one, "shop", 1, List.of("default-7"))).containsExactly("default-0");
        assertThat(scheduling.size(one)).isEqualTo(1);
    }

    @Test
    void whatIsNotWantedAndLostStaysSoWhoeverLooksFirst() {
        connect(0, 1);
        Scheduler two = pool(2, 1, 0);
        List<String> before = List.of("default-1");
        List.of("a", "b").forEach(proxy -> scheduling.place(two, proxy, 1, before));
        Scheduler one = pool(1, 1, 0);
        connected.remove("default-1");
        scheduling.look(one);
        later(15);
        List.of("a", "b").forEach(proxy -> scheduling.place(one, proxy, 1, before));
        assertThat(scheduling.look(one).states()).containsEntry("default-1", InstanceState.Lost);
        assertThat(scheduling.place(one, "a", 1, before)).containsExactly("default-0");
        assertThat(scheduling.look(one).states()).containsOnlyKeys("default-0");
        assertThat(scheduling.size(one)).isEqualTo(1);
    }

    @Test
    void whatIsNotWantedAndLostStaysSoWhileGatewaysMayBeThere() {
        connect(0, 1);
        scheduling.place(pool(2, 1, 10), "shop", 1, List.of("default-1"));
        scheduling.holds("shop", Set.of("default-0", "default-1"));
        Scheduler one = pool(1, 1, 10);
        connected.remove("default-1");
        scheduling.look(one);
        later(15);
        scheduling.look(one);
        scheduling.place(one, "shop", 1, List.of("default-1"));
        assertThat(scheduling.look(one).states()).containsEntry("default-1", InstanceState.Lost);
        assertThat(scheduling.size(one)).isEqualTo(1);
        scheduling.holds("shop", Set.of("default-0"));
        assertThat(scheduling.look(one).states()).containsOnlyKeys("default-0");
    }

    @Test
    void aPoolKeepsAnInstanceUntilTheGatewaysThatGoToAnotherPoolHaveLeftIt() {
        connected.addAll(Set.of("a-0", "a-1", "b-0"));
        List<String> before = List.of("a-1");
        scheduling.place(pool("a", 2, 1, 10), "shop", 1, before);
        scheduling.holds("shop", Set.of("a-1"));
        concerned.clear();

        assertThat(scheduling.place(pool("b", 1, 1, 10), "shop", 1, before)).containsExactly("b-0");
        assertThat(concerned).containsExactlyInAnyOrder("a", "b");
        concerned.clear();
        scheduling.holds("shop", Set.of("a-1", "b-0"));
        Scheduler smaller = pool("a", 1, 1, 10);
        assertThat(scheduling.look(smaller).proxies()).isEmpty();
        assertThat(scheduling.size(smaller)).isEqualTo(2);

        scheduling.holds("shop", Set.of("b-0"));
        assertThat(concerned).containsExactly("a");
        assertThat(scheduling.size(smaller)).isEqualTo(1);
    }

    @Test
    void afterARestartInTheMiddleOfThatItIsKeptToo() {
        connected.addAll(Set.of("a-0", "a-1", "b-0"));
        scheduling.place(pool("b", 1, 1, 10), "shop", 1, List.of("a-1"));
        scheduling.holds("shop", Set.of("a-1", "b-0"));
        Scheduler smaller = pool("a", 1, 1, 10);
        scheduling.look(smaller);
        assertThat(scheduling.size(smaller)).isEqualTo(2);
    }

    @Test
    void aPoolIsLookedAtWhenAProxyIsGone() {
        connect(0, 1);
        Scheduler one = pool(1, 1, 0);
        scheduling.place(pool(2, 1, 0), "shop", 1, List.of("default-1"));
        scheduling.holds("shop", Set.of("default-1"));
        scheduling.look(one);
        assertThat(scheduling.size(one)).isEqualTo(2);
        concerned.clear();
        scheduling.remove("shop");
        assertThat(concerned).containsExactly("default");
        assertThat(scheduling.size(one)).isEqualTo(1);
    }

    @Test
    void aPoolIsLookedAtWhenAProxyComesOrHasOtherGatewaysAndNotOtherwise() {
        connect(0, 1);
        Scheduler pool = pool(2, 1, 10);
        scheduling.place(pool, "shop", 2, List.of());
        assertThat(concerned).as("it came").hasSize(1);
        scheduling.place(pool, "shop", 2, List.of());
        scheduling.visited("shop", Map.of("default-0", 0));
        assertThat(concerned).as("nothing new").hasSize(1);
        scheduling.visited("shop", Map.of("default-0", 2));
        assertThat(concerned).as("gateways came").hasSize(2);
        scheduling.visited("shop", Map.of("default-0", 1, "default-1", 1));
        assertThat(concerned).as("one went to another instance").hasSize(3);
        scheduling.place(pool, "shop", 1, List.of());
        assertThat(concerned).as("it is to weigh less after a time").hasSize(4);
        scheduling.place(pool, "shop", 0, List.of());
        assertThat(concerned).hasSize(4);
        scheduling.place(pool, "shop", 3, List.of());
        assertThat(concerned).as("it weighs more").hasSize(5).containsOnly("default");
    }

    @Test
    void aProxyThatIsGoneWeighsNothing() {
        Scheduler pool = pool(1, 1, 10);
        connect(0);
        place(pool, 2);
        scheduling.remove("proxy-0");
        assertThat(on(pool, "default-0")).isEqualTo(1);
        assertThat(scheduling.look(pool).loads().loads()).containsEntry("default-0", 1L);
    }

    @Test
    void whatAnEarlierOperatorDecidedIsAddedUp() {
        Totals earlier = new Totals(3, 2, 1, 0);
        assertThat(earlier.plus(new Totals(1, 1, 1, 6))).isEqualTo(new Totals(4, 3, 2, 6));
        assertThat(new Totals(1, 1, 0, 6).stayedRatio()).contains(0.75);
        assertThat(Totals.NONE.stayedRatio()).isEmpty();
    }

    @Test
    void theDefaultsAreThoseOfTheSchema() {
        Scheduler scheduler = new Scheduler();
        scheduler.setMetadata(new ObjectMetaBuilder().withName("default").build());
        SchedulerPolicy policy = SchedulerPolicy.of(scheduler);
        assertThat(policy.instances()).isEqualTo(1);
        assertThat(policy.placement().maxLoadFactor()).isEqualTo(1.25);
        assertThat(policy.placement().replicasPerProxy()).isEqualTo(2);
        assertThat(policy.movesPerMinute()).isEqualTo(30);
        assertThat(policy.drainTimeout()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void gatewaysOnTheMoveHaveTheirTimeWithoutASchedulerToo() {
        Scheduler patient = pool(1, 1, 10);
        patient.setSpec(new SchedulerSpec(1, null, null, 1, 10, "1m"));
        assertThat(Scheduling.drainTimeout(Optional.of(patient))).isEqualTo(Duration.ofMinutes(1));
        assertThat(Scheduling.drainTimeout(Optional.empty())).isEqualTo(Duration.ofSeconds(30));
    }
}
