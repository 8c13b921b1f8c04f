package dev.mpg.master;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.Contents;
import dev.mpg.sync.InstanceReport;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportBookTest {
    private static final ContentHash V1 = Contents.hosts(1, "v1").version();
    private static final ContentHash V2 = Contents.hosts(1, "v2").version();

    private final ReportBook first = new ReportBook();
    private final ReportBook second = new ReportBook();

    private static GatewayReport current(String gateway, ContentHash version) {
        return new GatewayReport(gateway, GatewayReport.State.CURRENT, version, List.of());
    }

    private static InstanceReport whole(GatewayReport... gateways) {
        return new InstanceReport("shop", V2, List.of(gateways), false, List.of());
    }

    private static InstanceReport difference(List<String> gone, GatewayReport... gateways) {
        return new InstanceReport("shop", V2, List.of(gateways), true, gone);
    }

    private List<GatewayReport> merged() {
        return ReportBook.merge(List.of(first, second));
    }

    @Test
    void aGatewayOfTwoInstancesCountsAsTheOneThatSaidSomethingNewLast() {
        first.take(whole(current("a", V1)), 1);
        second.take(whole(current("a", V2), current("b", V2)), 2);
        assertThat(merged()).containsExactly(current("a", V2), current("b", V2));

        first.take(whole(current("a", V1)), 3);
        assertThat(merged()).as("repeated, so no news").containsExactly(current("a", V2), current("b", V2));

        first.take(difference(List.of(), current("a", V2)), 4);
        second.take(difference(List.of(), current("a", V1)), 5);
        assertThat(merged()).containsExactly(current("a", V1), current("b", V2));
    }

    @Test
    void whatWasSaidOnALostStreamCountsWhenNobodyElseKnowsBetter() {
        first.take(whole(current("a", V1), current("c", V1)), 2);
        second.take(whole(current("a", V2)), 1);
        first.outlive();

        assertThat(merged()).containsExactly(current("a", V2), current("c", V1));
    }

    @Test
    void aWholeReportReplacesWhatWasSaidOnALostStream() {
        first.take(whole(current("a", V1), current("b", V1)), 1);
        first.outlive();

        assertThat(first.take(whole(current("b", V1)), 2)).isTrue();
        assertThat(merged()).containsExactly(current("b", V1));
    }

    @Test
    void aDifferenceChangesWhatItNames() {
        first.take(whole(current("a", V1), current("b", V1), current("c", V1)), 1);

        assertThat(first.take(difference(List.of("c"), current("b", V2)), 2)).isTrue();
        assertThat(merged()).containsExactly(current("a", V1), current("b", V2));
    }

    @Test
    void aDifferenceToNothingSaysNothing() {
        assertThat(first.take(difference(List.of(), current("a", V1)), 1)).isFalse();
        first.take(whole(current("a", V1)), 2);
        first.outlive();
        assertThat(first.take(difference(List.of("a")), 3)).isFalse();

        assertThat(merged()).containsExactly(current("a", V1));
        assertThat(first.live()).isFalse();
    }

    @Test
    void anEqualReportIsNoNews() {
        assertThat(first.take(whole(current("a", V1)), 1)).isTrue();
        assertThat(first.take(whole(current("a", V1)), 2)).isFalse();
        assertThat(first.take(difference(List.of()), 3)).isFalse();
    }

    @Test
    void aCopyDoesNotChange() {
        first.take(whole(current("a", V1)), 1);
        ReportBook copy = first.copy();
        first.take(whole(current("b", V2)), 2);
        first.outlive();

        assertThat(ReportBook.merge(List.of(copy))).containsExactly(current("a", V1));
        assertThat(copy.live()).isTrue();
        assertThat(copy.target()).contains(V2);
    }
}
