package dev.mpg.operator.proxy;

import dev.mpg.operator.endpoints.Finding;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.operator.endpoints.References;
import dev.mpg.operator.status.Conditions;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The condition, named as in Gateway API, that says whether the services lead somewhere that configs refer to. Pure. */
final class ResolvedRefs {
    static final String TYPE = "ResolvedRefs";

    private ResolvedRefs() {}

    /** Sets it, unless there are no such services. */
    static void set(Conditions conditions, References references, List<GatewayReport> reports) {
        if (references.services() == 0) {
            return;
        }
        List<Finding> findings = new ArrayList<>(references.findings());
        findings.addAll(refused(reports));
        if (findings.isEmpty()) {
            conditions.set(
                    TYPE,
                    true,
                    TYPE,
                    "services that configs refer to: all " + references.services() + " have endpoints");
            return;
        }
        findings.sort(Comparator.comparing(Finding::reason));
        Reason worst = findings.getFirst().reason();
        long unresolved = findings.stream().filter(ResolvedRefs::isOfAService).count();
        conditions.set(
                TYPE,
                false,
                worst.name(),
                (unresolved == 0 ? "" : unresolved + " of " + references.services() + " services have no endpoint: ")
                        + Names.few(findings.stream().map(Finding::found).toList()) + "; " + worst.remedy());
    }

    private static boolean isOfAService(Finding finding) {
        return switch (finding.reason()) {
            case RefNotPermitted, ServiceNotFound, ServicePortNotFound, NoReadyEndpoints -> true;
            case EndpointsUnknown, TooLarge, EndpointsRefused -> false;
        };
    }

    /** What gateways refuse though they don't refuse their version. One that refuses that, too, is told of elsewhere. */
    private static List<Finding> refused(List<GatewayReport> reports) {
        Map<String, List<String>> gateways = new TreeMap<>();
        for (GatewayReport report : reports) {
            if (report.state() != GatewayReport.State.REJECTED) {
                for (Refusal refusal : report.refusals()) {
                    gateways.computeIfAbsent(
                                    Names.few(refusal.resources()) + ": " + refusal.summary(),
                                    words -> new ArrayList<>())
                            .add(report.gateway());
                }
            }
        }
        return gateways.entrySet().stream()
                .map(said -> new Finding(
                        Reason.EndpointsRefused,
                        "refused by " + Names.few(said.getValue()) + ": endpoints of " + said.getKey()))
                .toList();
    }
}
