package dev.mpg.sync;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Refusal;
import dev.mpg.sync.v1.Report;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reports of gateways as they travel: whole, or as the difference to the one sent before. Pure. */
final class ReportCodec {
    /**
     * Characters of refusals in one report. When very many gateways refuse, the rest of them is told without Envoy's words,
     * which are the same again; a report has to fit into a message.
     */
    static final int REFUSAL_CHARACTERS = 2 << 20;

    private ReportCodec() {}

    /** Every gateway. */
    static Report whole(String clusterId, ContentHash target, List<GatewayReport> gateways) {
        return Report.newBuilder()
                .setClusterId(clusterId)
                .setTarget(target.toBytes())
                .addAllGateways(encode(gateways))
                .build();
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
        return Report.newBuilder()
                .setClusterId(clusterId)
                .setTarget(target.toBytes())
                .setDifference(true)
                .addAllGateways(encode(changed))
                .addAllGone(gone.keySet())
                .build();
    }

    private static Map<String, GatewayReport> byName(List<GatewayReport> gateways) {
        Map<String, GatewayReport> byName = LinkedHashMap.newLinkedHashMap(gateways.size());
        gateways.forEach(gateway -> byName.put(gateway.gateway(), gateway));
        return byName;
    }

    private static List<dev.mpg.sync.v1.GatewayReport> encode(List<GatewayReport> gateways) {
        List<dev.mpg.sync.v1.GatewayReport> encoded = new ArrayList<>(gateways.size());
        int characters = 0;
        for (GatewayReport gateway : gateways) {
            dev.mpg.sync.v1.GatewayReport.Builder message = dev.mpg.sync.v1.GatewayReport.newBuilder()
                    .setGateway(gateway.gateway())
                    .setState(encode(gateway.state()))
                    .setVersion(gateway.version().toBytes());
            for (GatewayReport.Refusal refusal : gateway.refusals()) {
                Refusal.Builder encodedRefusal = Refusal.newBuilder().setTypeUrl(refusal.typeUrl());
                if (characters < REFUSAL_CHARACTERS) {
                    encodedRefusal.setMessage(refusal.message()).addAllResources(refusal.resources());
                    characters += refusal.message().length();
                    characters += refusal.resources().stream()
                            .mapToInt(String::length)
                            .sum();
                }
                message.addRefusals(encodedRefusal);
            }
            encoded.add(message.build());
        }
        return encoded;
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
    static InstanceReport decode(Report report) {
        List<GatewayReport> gateways = new ArrayList<>(report.getGatewaysCount());
        for (dev.mpg.sync.v1.GatewayReport gateway : report.getGatewaysList()) {
            List<GatewayReport.Refusal> refusals = new ArrayList<>(gateway.getRefusalsCount());
            for (Refusal refusal : gateway.getRefusalsList()) {
                refusals.add(new GatewayReport.Refusal(
                        refusal.getTypeUrl(), refusal.getMessage(), refusal.getResourcesList()));
            }
            gateways.add(new GatewayReport(
                    gateway.getGateway(),
                    decode(gateway.getState()),
                    ContentHash.fromBytes(gateway.getVersion()),
                    refusals));
        }
        return new InstanceReport(
                report.getClusterId(),
                ContentHash.fromBytes(report.getTarget()),
                gateways,
                report.getDifference(),
                report.getGoneList());
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
