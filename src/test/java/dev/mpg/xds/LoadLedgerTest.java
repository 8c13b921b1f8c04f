package dev.mpg.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.Canary;
import dev.mpg.rollout.Counts;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Seconds are counted from 0, when the test begins; gateways report at each. */
class LoadLedgerTest {
    private static final ContentHash TARGET =
            Configs.snapshot(Configs.route("a")).version();
    private static final ContentHash OTHER =
            Configs.snapshot(Configs.route("b")).version();
    private static final String SHOP = "shop";

    private final ManualClock clock = new ManualClock();
    private final LoadLedger ledger = new LoadLedger(clock);

    /** A gateway's report of the second before this one. */
    private void report(String gateway, double at, long requests, long errors) {
        report(gateway, at - 1, at, requests, errors, errors == 0 ? "" : "checkout");
    }

    private void report(String gateway, double from, double at, long requests, long errors, String worst) {
        clock.set(at);
        Load load = new Load(new Counts(requests, errors, 0), Duration.ofSeconds(1), worst, errors);
        ledger.add(SHOP, gateway, ManualClock.time(from), ManualClock.time(at), load);
    }

    private Traffic ask(double openedAt, Set<String> cohort, Map<String, Instant> currentSince) {
        return ask(TARGET, openedAt, cohort, currentSince);
    }

    private Traffic ask(ContentHash target, double openedAt, Set<String> cohort, Map<String, Instant> currentSince) {
        return ledger.traffic(SHOP, new Canary(target, ManualClock.time(openedAt), cohort, currentSince));
    }

    private static Map<String, Instant> since(String gateway, double time) {
        return Map.of(gateway, ManualClock.time(time));
    }

    private static Counts counts(long requests, long errors) {
        return new Counts(requests, errors, 0);
    }

    @Test
    void nothingIsKnownOfAClusterThatNobodyReported() {
        assertThat(ask(0, Set.of("a"), Map.of())).isEqualTo(Traffic.NONE);
    }

    @Test
    void theCohortIsComparedWithTheRestAndWithItselfBefore() {
        report("a", 1, 10, 1);
        report("b", 1, 20, 2);
        report("a", 2, 100, 7);
        report("b", 2, 200, 8);
        // The wave opens at 2, the ACK comes at 2.5.
        report("a", 3, 1_000, 500);
        report("b", 3, 2_000, 9);
        report("a", 4, 10_000, 5_000);
        report("b", 4, 20_000, 10);
        assertThat(ask(2, Set.of("a"), since("a", 2.5)))
                .isEqualTo(new Traffic(
                        counts(10_000, 5_000),
                        counts(22_000, 19),
                        counts(110, 8),
                        counts(10_000, 5_000),
                        Map.of("checkout", 5_000L)));
    }

    @Test
    void aReportThatBeganBeforeTheConfigWasInUseIsLeftOut() {
        report("a", 2, 10, 0);
        Map<String, Instant> current = since("a", 1);
        assertThat(ask(0, Set.of("a"), current).cohort()).isEqualTo(Counts.NONE);
        report("a", 1.02, 3, 10, 0, "");
        assertThat(ask(0, Set.of("a"), current).cohort()).isEqualTo(Counts.NONE);
        report("a", 1.1, 4, 10, 0, "");
        assertThat(ask(0, Set.of("a"), current).cohort()).isEqualTo(counts(10, 0));
    }

    @Test
    void oneOfTheCohortThatHasNotAckedIsNeitherCohortNorRest() {
        report("a", 1, 10, 0);
        report("a", 3, 20, 20);
        assertThat(ask(1, Set.of("a"), Map.of())).isEqualTo(Traffic.NONE);
    }

    @Test
    void oneThatIsNotKnownFromBeforeIsOfTheCohortButNotCompared() {
        report("a", 1, 10, 1);
        report("a", 3, 20, 2);
        report("new", 3, 40, 40);
        Map<String, Instant> current = Map.of("a", ManualClock.time(1.5), "new", ManualClock.time(1.5));
        assertThat(ask(1, Set.of("a", "new"), current))
                .isEqualTo(new Traffic(
                        counts(60, 42), Counts.NONE, counts(10, 1), counts(20, 2), Map.of("checkout", 42L)));
    }

    @Test
    void oneThatHasNoTrafficSinceIsNotComparedEither() {
        report("a", 1, 10, 1);
        report("b", 1, 10, 1);
        report("a", 4, 20, 2);
        Traffic seen = ask(1, Set.of("a", "b"), Map.of("a", ManualClock.time(1.5), "b", ManualClock.time(1.5)));
        assertThat(seen.before()).isEqualTo(counts(10, 1));
        assertThat(seen.after()).isEqualTo(counts(20, 2));
    }

    @Test
    void whatWasBeforeIsKnownForAsLongAsSomebodyAsks() {
        report("a", 1, 10, 1);
        for (int second = 2; second <= 600; second++) {
            report("a", second, 20, 2);
            assertThat(ask(1, Set.of("a"), since("a", 1)).before().requests()).isEqualTo(second < 3 ? 0 : 10);
        }
        Traffic seen = ask(1, Set.of("a"), since("a", 1));
        assertThat(seen.before()).isEqualTo(counts(10, 1));
        assertThat(seen.cohort()).isEqualTo(counts(61 * 20, 61 * 2));
        clock.set(700);
        report("a", 700, 20, 2);
        assertThat(ask(1, Set.of("a"), since("a", 1)).before()).isEqualTo(Counts.NONE);
    }

    @Test
    void inTheNextWaveTheEarlierOnesAreStillComparedWithWhatWasBeforeTheFirst() {
        report("a", 1, 10, 1);
        report("b", 1, 100, 3);
        for (int second = 2; second <= 100; second++) {
            report("a", second, 20, 2);
            report("b", second, 200, 4);
            ask(1, Set.of("a"), since("a", 1.5));
        }
        // The second wave opens at 100.
        Map<String, Instant> current = Map.of("a", ManualClock.time(1.5), "b", ManualClock.time(100.5));
        assertThat(ask(100, Set.of("a", "b"), current).before()).isEqualTo(counts(10, 1));
        report("b", 101, 200, 4);
        report("b", 102, 200, 4);
        Traffic seen = ask(100, Set.of("a", "b"), current);
        assertThat(seen.before()).isEqualTo(counts(10 + 61 * 200, 1 + 61 * 4));
    }

    @Test
    void anotherTargetIsComparedWithWhatWasBeforeItself() {
        report("a", 1, 10, 1);
        report("a", 3, 20, 2);
        report("a", 10, 40, 4);
        assertThat(ask(1, Set.of("a"), since("a", 1.5)).before()).isEqualTo(counts(10, 1));
        report("a", 12, 80, 8);
        assertThat(ask(OTHER, 10, Set.of("a"), since("a", 10.5)).before()).isEqualTo(counts(70, 7));
    }

    @Test
    void oneThatLeftTheCohortBeginsAnew() {
        report("a", 1, 10, 1);
        report("a", 3, 20, 2);
        ask(1, Set.of("a"), since("a", 1.5));
        assertThat(ask(2, Set.of("b"), Map.of()).rest()).isEqualTo(counts(20, 2));
        report("a", 5, 40, 4);
        assertThat(ask(3, Set.of("a"), since("a", 3.5)).before()).isEqualTo(counts(30, 3));
    }

    @Test
    void backendsAreNamedByWhatTheyFailedOfTheCohort() {
        report("a", 0, 1, 10, 9, "before");
        report("a", 3, 4, 10, 2, "cart");
        report("a", 4, 5, 10, 3, "checkout");
        report("a", 5, 6, 10, 2, "cart");
        report("b", 5, 6, 10, 9, "elsewhere");
        Traffic seen = ask(1, Set.of("a"), since("a", 2));
        assertThat(seen.errorsByBackend()).isEqualTo(Map.of("cart", 4L, "checkout", 3L));
        assertThat(seen.worstBackend()).contains("cart");
    }

    @Test
    void aMinuteIsKeptAndNoMoreThan64Reports() {
        for (int i = 1; i <= 1_000; i++) {
            report("a", i / 10.0, 1, 0);
        }
        assertThat(ask(-10, Set.of(), Map.of()).rest()).isEqualTo(counts(64, 0));
        report("a", 159, 1, 0);
        assertThat(ask(-10, Set.of(), Map.of()).rest()).isEqualTo(counts(11 + 1, 0));
        clock.set(220);
        assertThat(ask(-10, Set.of(), Map.of()).rest()).isEqualTo(Counts.NONE);
    }

    @Test
    void gatewaysThatAreGoneAreForgotten() {
        for (int i = 0; i < 100; i++) {
            report("gone-" + i, 1, 1, 0);
        }
        report("stays", 50, 1, 0);
        report("stays", 62, 1, 0);
        assertThat(ledger.gateways(SHOP)).isEqualTo(1);
        ledger.forget(SHOP);
        assertThat(ledger.gateways(SHOP)).isZero();
    }

    @Test
    void aClockThatIsPutBackLosesWhatSeemsToBeOfTheFuture() {
        report("a", 1_000, 10, 1);
        report("a", 5, 20, 2);
        assertThat(ask(0, Set.of(), Map.of()).rest()).isEqualTo(counts(20, 2));
    }

    @Test
    void aReportThatComesWhileAQuestionIsAnsweredIsKept() {
        report("a", 5, 20, 2);
        clock.set(4.9);
        ask(0, Set.of(), Map.of());
        clock.set(5);
        assertThat(ask(0, Set.of(), Map.of()).rest()).isEqualTo(counts(20, 2));
    }

    @Test
    void reportsAndQuestionsMayComeTogether() {
        clock.set(10);
        Load load = new Load(counts(2, 1), Duration.ofSeconds(1), "checkout", 1);
        CompletableFuture.allOf(IntStream.range(0, 8)
                        .mapToObj(thread -> CompletableFuture.runAsync(() -> {
                            for (int i = 0; i < 64; i++) {
                                ledger.add(SHOP, "a" + thread, ManualClock.time(9), ManualClock.time(10), load);
                                ask(0, Set.of("a0", "a1"), Map.of());
                            }
                        }))
                        .toArray(CompletableFuture[]::new))
                .join();
        assertThat(ask(0, Set.of(), Map.of()).rest()).isEqualTo(counts(8 * 64 * 2, 8 * 64));
    }
}
