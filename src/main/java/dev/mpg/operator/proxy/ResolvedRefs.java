package dev.mpg.operator.proxy;

import dev.mpg.operator.endpoints.Finding;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.operator.endpoints.Finding.Subject;
import dev.mpg.operator.endpoints.References;
import dev.mpg.operator.status.Conditions;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.snapshot.ResourceType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The condition, named as in Gateway API, that says whether the services lead somewhere, and the secrets can be used, that
 * configs refer to. Pure.
 */
final class ResolvedRefs {
    static final String TYPE = "ResolvedRefs";

    private ResolvedRefs() {}

    /** Sets it, unless there are none of either. */
    static void set(Conditions conditions, References references, List<GatewayReport> reports) {
        if (references.services() == 0 && references.secrets() == 0) {
            return;
        }
        List<Finding> findings = new ArrayList<>(references.findings());
        findings.addAll(refused(reports));
        if (findings.isEmpty()) {
            conditions.set(TYPE, true, TYPE, good(references));
            return;
        }
        findings.sort(Comparator.comparing(Finding::reason));
        Reason worst = findings.getFirst().reason();
        conditions.set(
                TYPE,
                false,
                worst.name(),
                counts(references, findings)
                        + Names.few(findings.stream().map(Finding::found).toList()) + "; " + worst.remedy());
    }

    private static String good(References references) {
        return Stream.of(
                        references.services() == 0
                                ? ""
                                : "services that configs refer to: all " + references.services() + " have endpoints",
                        references.secrets() == 0
                                ? ""
                                : "secrets that configs refer to: all " + references.secrets() + " can be used")
                .filter(words -> !words.isEmpty())
                .collect(Collectors.joining("; "));
    }

    /** How many are not as they should be, as the beginning of a sentence; empty when that is known of none. */
    private static String counts(References references, List<Finding> findings) {
        long services = count(findings, Subject.SERVICE);
        long secrets = count(findings, Subject.SECRET);
        String words = Stream.of(
                        services == 0 ? "" : services + " of " + references.services() + " services have no endpoint",
                        secrets == 0
                                ? ""
                                : secrets + " of " + references.secrets() + " secrets are not as they should be")
                .filter(count -> !count.isEmpty())
                .collect(Collectors.joining(", "));
        return words.isEmpty() ? "" : words + ": ";
    }

    private static long count(List<Finding> findings, Subject subject) {
        return findings.stream().filter(finding -> finding.subject() == subject).count();
    }

    /** What gateways refuse though they don't refuse their version. One that refuses that, too, is told of elsewhere. */
    private static List<Finding> refused(List<GatewayReport> reports) {
        Map<Refused, List<String>> gateways = new TreeMap<>();
        for (GatewayReport report : reports) {
            if (report.state() != GatewayReport.State.REJECTED) {
                for (Refusal refusal : report.refusals()) {
                    boolean secret = refusal.typeUrl().equals(ResourceType.SECRET.typeUrl());
                    gateways.computeIfAbsent(
                                    new Refused(
                                            secret ? Reason.SecretRefused : Reason.EndpointsRefused,
                                            (secret ? "" : "endpoints of ") + Names.few(refusal.resources()) + ": "
                                                    + refusal.summary()),
                                    words -> new ArrayList<>())
                            .add(report.gateway());
                }
            }
        }
        return gateways.entrySet().stream()
                .map(said -> new Finding(
                        said.getKey().reason(),
                        "refused by " + Names.few(said.getValue()) + ": "
                                + said.getKey().what()))
                .toList();
    }

    /** What several gateways may say alike. */
    private record Refused(Reason reason, String what) implements Comparable<Refused> {
        @Override
        public int compareTo(Refused other) {
            return Comparator.comparing(Refused::reason)
                    .thenComparing(Refused::what)
                    .compare(this, other);
        }
    }
}
