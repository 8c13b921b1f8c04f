package dev.mpg.sync;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Refusal;
import dev.mpg.sync.v1.Report;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reports of gateways as they travel: whole, or as the difference to the one sent before. Pure. */
public final class ReportCodec {
    /**
     * Refusals in one report that differ from each other. Gateways that refuse the same thing say the same about it; of those
     * that don't, the rest is told without Envoy's words. A report has to fit into a message.
     */
    static final int MAX_REFUSALS = 256;

    private ReportCodec() {}

    /** Every gateway. */
    public static Report whole(String clusterId, ContentHash target, List<GatewayReport> gateways) {
        Report.Builder report = Report.newBuilder().setClusterId(clusterId).setTarget(target.toBytes());
        return encode(gateways, report).build();
    }

    /** What {@code gateways} has that {@code sent} lacks or has otherwise, and who is gone. */
    static Report difference(
            String clusterId, ContentHash target, List<GatewayReport> sent, List<GatewayReport> gateways) {
        Map<String, GatewayReport> gone = byName(sent);
        List<GatewayReport> changed = new ArrayList<>();
        for (GatewayReport gateway : gateways) {
            if (!gateway.equals(gone.remove(gateway.gateway()))) {
                changed.add(gateway);
            }
        }
        Report.Builder report = Report.newBuilder()
                .setClusterId(clusterId)
                .setTarget(target.toBytes())
                .setDifference(true)
                .addAllGone(gone.keySet());
        return encode(changed, report).build();
    }

    private static Map<String, GatewayReport> byName(List<GatewayReport> gateways) {
        Map<String, GatewayReport> byName = LinkedHashMap.newLinkedHashMap(gateways.size());
        gateways.forEach(gateway -> byName.put(gateway.gateway(), gateway));
        return byName;
    }

    private static Report.Builder encode(List<GatewayReport> gateways, Report.Builder report) {
        Map<GatewayReport.Refusal, Integer> indexes = new HashMap<>();
        for (GatewayReport gateway : gateways) {
            dev.mpg.sync.v1.GatewayReport.Builder message = dev.mpg.sync.v1.GatewayReport.newBuilder()
                    .setGateway(gateway.gateway())
                    .setState(encode(gateway.state()))
                    .setVersion(gateway.version().toBytes());
            for (GatewayReport.Refusal refusal : gateway.refusals()) {
                Integer index = indexes.get(refusal);
                if (index == null && indexes.size() < MAX_REFUSALS) {
                    index = indexes.size();
                    indexes.put(refusal, index);
                    report.addRefusals(Refusal.newBuilder()
                            .setTypeUrl(refusal.typeUrl())
                            .setMessage(refusal.message())
                            .addAllResources(refusal.resources()));
                }
                if (index != null) {
                    message.addRefusals(index);
                }
            }
            report.addGateways(message);
        }
        return report;
    }

    private static dev.mpg.sync.v1.GatewayReport.State encode(GatewayReport.State state) {
        return switch (state) {
            case PENDING -> dev.mpg.sync.v1.GatewayReport.State.PENDING;
            case CURRENT -> dev.mpg.sync.v1.GatewayReport.State.CURRENT;
            case REJECTED -> dev.mpg.sync.v1.GatewayReport.State.REJECTED;
        };
    }

    /**
     * Reads a report.
     *
     * @throws IllegalArgumentException when it is malformed
     */
    public static InstanceReport decode(Report report) {
        List<GatewayReport.Refusal> refusals = report.getRefusalsList().stream()
                .map(refusal -> new GatewayReport.Refusal(
                        refusal.getTypeUrl(), refusal.getMessage(), refusal.getResourcesList()))
                .toList();
        List<GatewayReport> gateways = new ArrayList<>(report.getGatewaysCount());
        for (dev.mpg.sync.v1.GatewayReport gateway : report.getGatewaysList()) {
            gateways.add(new GatewayReport(
                    gateway.getGateway(),
                    decode(gateway.getState()),
                    ContentHash.fromBytes(gateway.getVersion()),
                    gateway.getRefusalsList().stream()
                            .map(index -> refusal(refusals, index))
                            .toList()));
        }
        return new InstanceReport(
                report.getClusterId(),
                ContentHash.fromBytes(report.getTarget()),
                gateways,
                report.getDifference(),
                report.getGoneList());
    }

    private static GatewayReport.Refusal refusal(List<GatewayReport.Refusal> refusals, int index) {
        if (index < 0 || index >= refusals.size()) {
            throw new IllegalArgumentException("a gateway's report names refusal " + index + " of " + refusals.size());
        }
        return refusals.get(index);
    }

    private static GatewayReport.State decode(dev.mpg.sync.v1.GatewayReport.State state) {
        return switch (state) {
            case PENDING -> GatewayReport.State.PENDING;
            case CURRENT -> GatewayReport.State.CURRENT;
            case REJECTED -> GatewayReport.State.REJECTED;
            case STATE_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("a gateway's report has the unknown state " + state);
        };
    }
}
