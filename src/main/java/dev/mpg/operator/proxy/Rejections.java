package dev.mpg.operator.proxy;

import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.compile.Blame;
import dev.mpg.compile.Blame.Culprit;
import dev.mpg.config.Origin;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What gateways refused, once for all that said the same, with the fields to blame. Pure. */
final class Rejections {
    private static final int SHOWN = 16;

    private Rejections() {}

    private record Said(ContentHash version, Refusal refusal) {}

    /**
     * Those of the most gateways first.
     *
     * @param refusing reports of gateways that refused
     * @param verdict on the spec, which says where what they refused comes from, if it's what the spec compiles to
     */
    static List<Rejection> of(List<GatewayReport> refusing, Verdict verdict) {
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
                .map(entry -> rejection(entry.getKey(), entry.getValue(), verdict))
                .toList();
    }

    private static Rejection rejection(Said said, List<String> gateways, Verdict verdict) {
        Optional<ResourceType> type = ResourceType.ofTypeUrl(said.refusal().typeUrl());
        Optional<Culprit> culprit = type.flatMap(known -> culprit(said, known, verdict));
        String typeName =
                type.map(ResourceType::messageName).orElse(said.refusal().typeUrl());
        return new Rejection(
                gateways.stream().sorted().findFirst().orElseThrow(),
                gateways.size(),
                said.version().abbreviated(),
                culprit.map(blamed -> typeName + " " + blamed.resourceName()).orElse(typeName),
                culprit.flatMap(blamed -> blamed.origins().stream().findFirst())
                        .map(origin -> origin.object().toString())
                        .orElse(null),
                culprit.map(Rejections::fields)
                        .filter(fields -> !fields.isEmpty())
                        .orElse(null),
                said.refusal().summary());
    }

    /** The likeliest; nobody knows where a version comes from that the spec doesn't compile to any more. */
    private static Optional<Culprit> culprit(Said said, ResourceType type, Verdict verdict) {
        return verdict instanceof Verdict.Accepted accepted
                        && accepted.snapshot().version().equals(said.version())
                ? Blame.culprits(
                                accepted.config(),
                                type,
                                said.refusal().message(),
                                said.refusal().resources())
                        .stream()
                        .findFirst()
                : Optional.empty();
    }

    private static String fields(Culprit culprit) {
        return Names.few(culprit.origins().stream().map(Origin::field).toList());
    }
}
