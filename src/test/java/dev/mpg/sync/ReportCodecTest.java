package dev.mpg.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Report;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportCodecTest {
    private static final ContentHash V1 = Contents.hosts(1, "v1").version();
    private static final ContentHash V2 = Contents.hosts(1, "v2").version();

    private static GatewayReport current(String gateway, ContentHash version) {
        return new GatewayReport(gateway, GatewayReport.State.CURRENT, version, List.of());
    }

    private static GatewayReport rejected(String gateway, String message) {
        return new GatewayReport(
                gateway,
                GatewayReport.State.REJECTED,
                V2,
                List.of(new GatewayReport.Refusal("type.googleapis.com/x", message, List.of("rc/1", "rc/2"))));
    }

    @Test
    void aWholeReportComesBackAsItWas() {
        List<GatewayReport> gateways = List.of(
                current("a", V1),
                rejected("b", "bad regex"),
                new GatewayReport("c", GatewayReport.State.PENDING, V2, List.of()));

        InstanceReport report = ReportCodec.decode(ReportCodec.whole("shop", V2, gateways));

        assertThat(report).isEqualTo(new InstanceReport("shop", V2, gateways, false, List.of()));
    }

    @Test
    void aDifferenceNamesWhatChangedAndWhoIsGone() {
        List<GatewayReport> before = List.of(current("a", V1), current("b", V1), current("gone", V1));
        List<GatewayReport> after = List.of(current("a", V1), current("b", V2), current("new", V2));

        InstanceReport report = ReportCodec.decode(ReportCodec.difference("shop", V2, before, after));

        assertThat(report.difference()).isTrue();
        assertThat(report.gateways()).containsExactly(current("b", V2), current("new", V2));
        assertThat(report.gone()).containsExactly("gone");
    }

    @Test
    void whatAThousandGatewaysSayAlikeTravelsOnce() {
        List<GatewayReport> gateways = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            gateways.add(rejected("gateway-" + i, "x".repeat(4096)));
        }

        Report report = ReportCodec.whole("shop", V2, gateways);

        assertThat(report.getRefusalsCount()).isEqualTo(1);
        assertThat(report.getSerializedSize()).isLessThan(70_000);
        assertThat(ReportCodec.decode(report).gateways()).isEqualTo(gateways);
    }

    @Test
    void tenThousandRefusalsThatDifferFitIntoAMessage() {
        List<GatewayReport> gateways = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            gateways.add(rejected("gateway-" + i, i + "x".repeat(4000)));
        }

        List<GatewayReport> told =
                ReportCodec.decode(ReportCodec.whole("shop", V2, gateways)).gateways();

        assertThat(ReportCodec.whole("shop", V2, gateways).getSerializedSize())
                .isLessThan(SyncLimits.MAX_MESSAGE_BYTES / 2);
        assertThat(told).hasSize(10_000);
        assertThat(told.getFirst().refusals()).isEqualTo(gateways.getFirst().refusals());
        assertThat(told.getLast().state()).isEqualTo(GatewayReport.State.REJECTED);
        assertThat(told.getLast().refusals()).isEmpty();
    }

    @Test
    void aRefusalThatIsNotThereIsMalformed() {
        Report report = ReportCodec.whole("shop", V2, List.of(rejected("a", "bad"))).toBuilder()
                .clearRefusals()
                .build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReportCodec.decode(report))
                .withMessageContaining("refusal 0 of 0");
    }

    @Test
    void anUnknownStateIsMalformed() {
        Report report = ReportCodec.whole("shop", V1, List.of(current("a", V1))).toBuilder()
                .setGateways(0, dev.mpg.sync.v1.GatewayReport.newBuilder().setVersion(V1.toBytes()))
                .build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReportCodec.decode(report))
                .withMessageContaining("STATE_UNSPECIFIED");
    }
}
