package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.config.GoldenCases;
import dev.mpg.config.Manifests;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is shown of Proxies in every state that they can be in, and whether a rollout counts as done. */
class StatusViewGoldenTest {
    private static final String SUITE = "cli/status";
    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
    private static final int WIDTH = 100;

    static List<GoldenCases.Case> cases() {
        return GoldenCases.in(SUITE, "out.txt");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void showsIt(GoldenCases.Case golden) {
        golden.check(StatusViewGoldenTest::text);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void fitsTheWidthAndHoldsNoControlCharacters(GoldenCases.Case golden) {
        for (int width : List.of(40, WIDTH)) {
            assertThat(StatusView.lines(proxy(golden.input()), pool(), NOON, width))
                    .allSatisfy(line -> {
                        assertThat(line.width()).isLessThanOrEqualTo(width);
                        assertThat(line.plain()).doesNotContainPattern("[\\p{Cntrl}\\p{Cf}]");
                    });
        }
    }

    @Test
    void everyFileIsUsed() {
        GoldenCases.assertNothingUnused(SUITE, cases());
    }

    private static String text(Path input) {
        Proxy proxy = proxy(input);
        StringBuilder text = new StringBuilder();
        StatusView.lines(proxy, pool(), NOON, WIDTH)
                .forEach(line -> text.append(line.plain()).append('\n'));
        text.append("\n---- in a list\n");
        Summary.table(List.of(proxy), false, WIDTH)
                .forEach(line -> text.append(line.plain()).append('\n'));
        text.append("\n---- in a log\n").append(Summary.line(proxy).plain()).append('\n');
        return text.append("\n---- done?\n")
                .append(Ending.of(proxy))
                .append('\n')
                .toString();
    }

    private static Proxy proxy(Path input) {
        return Manifests.read(Manifests.text(input), Proxy.class);
    }

    private static Optional<Scheduler> pool() {
        Scheduler scheduler = new Scheduler();
        scheduler.setStatus(new SchedulerStatus(
                1L,
                "1/2",
                1,
                List.of(
                        new SchedulerStatus.Instance("default-0", true, 1, null, null, null, "127.0.0.1:18000", null),
                        new SchedulerStatus.Instance("default-2", false, 1, null, null, null, null, null)),
                null,
                null,
                null,
                null,
                null,
                null));
        return Optional.of(scheduler);
    }
}
