package dev.mpg.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.FromProxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OutboxTest {
    private static final ContentHash V1 = Contents.hosts(1, "v1").version();
    private static final ContentHash V2 = Contents.hosts(1, "v2").version();

    private final Outbox outbox = new Outbox();

    private static GatewayReport current(String gateway, ContentHash version) {
        return new GatewayReport(gateway, GatewayReport.State.CURRENT, version, List.of());
    }

    private List<FromProxy> drain() {
        List<FromProxy> messages = new ArrayList<>();
        for (Optional<FromProxy> next = outbox.next(); next.isPresent(); next = outbox.next()) {
            messages.add(next.get());
        }
        return messages;
    }

    @Test
    void aReportThatWasNotSentIsReplaced() {
        for (int i = 0; i < 1_000; i++) {
            outbox.report("shop", V1, List.of(current("gateway-" + i, V1)));
        }

        List<FromProxy> sent = drain();

        assertThat(sent).hasSize(1);
        assertThat(sent.getFirst().getReport().getGateways(0).getGateway()).isEqualTo("gateway-999");
    }

    @Test
    void onlyDifferencesAreReportedAfterTheFirst() {
        outbox.report("shop", V1, List.of(current("a", V1), current("b", V1)));
        drain();
        outbox.report("shop", V2, List.of(current("a", V2), current("b", V1)));

        List<FromProxy> sent = drain();

        assertThat(sent).hasSize(1);
        assertThat(sent.getFirst().getReport().getDifference()).isTrue();
        assertThat(sent.getFirst().getReport().getGatewaysCount()).isEqualTo(1);
    }

    @Test
    void anEqualReportIsNotSent() {
        outbox.report("shop", V1, List.of(current("a", V1)));
        drain();
        outbox.report("shop", V1, List.of(current("a", V1)));

        assertThat(drain()).isEmpty();
    }

    @Test
    void aNewStreamGetsAllReportsWhole() {
        outbox.report("shop", V1, List.of(current("a", V1)));
        outbox.report("blog", V1, List.of());
        outbox.want("shop", List.of(V1));
        drain();
        outbox.want("shop", List.of(V2));
        outbox.restart();

        assertThat(drain())
                .extracting(message -> message.getReport().getClusterId())
                .containsExactlyInAnyOrder("shop", "blog");
        outbox.restart();
        assertThat(drain()).allMatch(message -> !message.getReport().getDifference());
    }

    @Test
    void whatIsPlacedElsewhereIsNotReported() {
        outbox.report("shop", V1, List.of(current("a", V1)));
        outbox.retain(Set.of("blog"));
        outbox.report("shop", V1, List.of());
        outbox.report("blog", V1, List.of());

        assertThat(drain())
                .extracting(message -> message.getReport().getClusterId())
                .containsExactly("blog");

        outbox.placed("shop");
        outbox.report("shop", V1, List.of());
        assertThat(drain()).hasSize(1);
    }

    @Test
    void aWantIsSentAlsoWhenItsProxyIsPlacedElsewhere() {
        outbox.want("shop", List.of(V1));
        outbox.retain(Set.of("blog"));

        assertThat(drain()).singleElement().matches(FromProxy::hasWant);
    }

    @Test
    void holdingsOfOneProxyReplaceEachOtherAndGoBeforeReports() {
        outbox.report("shop", V1, List.of());
        outbox.holding("shop", Set.of(V1), false, "", "");
        outbox.holding("shop", Set.of(V2), true, "why", "disk full");

        List<FromProxy> sent = drain();

        assertThat(sent).hasSize(2);
        assertThat(sent.getFirst().getHolding().getVersionsList()).containsExactly(V2.toBytes());
        assertThat(sent.getFirst().getHolding().getResend()).isTrue();
        assertThat(sent.getFirst().getHolding().getError()).isEqualTo("why");
        assertThat(sent.getFirst().getHolding().getUnsaved()).isEqualTo("disk full");
    }
}
