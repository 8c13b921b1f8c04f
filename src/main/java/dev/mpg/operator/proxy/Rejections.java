package dev.mpg.operator.proxy;

import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What gateways refused, once for all that said the same, with the fields to blame. Pure. */
final class Rejections {
    private static final int SHOWN = 16;

    private Rejections() {}

    private record Said(ContentHash version, Refusal refusal) {}

    /**
     * Those of the most gateways first.
     *
     * @param refusing reports of gateways that refused
     */
    static List<Rejection> of(List<GatewayReport> refusing) {
        Map<Said, List<String>> said = new LinkedHashMap<>();
        for (GatewayReport report : refusing) {
            for (Refusal refusal : report.refusals()) {
                said.computeIfAbsent(new Said(report.version(), refusal), words -> new ArrayList<>())
                        .add(report.gateway());
            }
        }
        return said.entrySet().stream()
                .sorted((a, b) ->
                        Integer.compare(b.getValue().size(), a.getValue().size()))
                .limit(SHOWN)
                .map(entry -> rejection(entry.getKey(), entry.getValue()))
                .toList();
    }

    private static Rejection rejection(Said said, List<String> gateways) {
        String type = ResourceType.ofTypeUrl(said.refusal().typeUrl())
                .map(ResourceType::messageName)
                .orElse(said.refusal().typeUrl());
        return new Rejection(
                gateways.stream().sorted().findFirst().orElseThrow(),
                gateways.size(),
                said.version().abbreviated(),
                type,
                null,
                null,
                said.refusal().message());
    }
}
