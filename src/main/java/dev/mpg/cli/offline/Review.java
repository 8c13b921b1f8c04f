package dev.mpg.cli.offline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mpg.api.ProxySpec;
import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.compile.EnvoyChecks;
import dev.mpg.compile.Warnings;
import dev.mpg.config.Backend;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.SpecReader;
import dev.mpg.config.TrafficConfig;
import dev.mpg.match.ConfigTests;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What files say, judged as the API server and the operator would: each object by its schema, its rules and its meaning, and
 * then all together.
 *
 * @param proxies those that compile, in the order read
 * @param findings what is wrong, by file and line
 */
record Review(Manifests manifests, List<Compiled> proxies, List<Finding> findings) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private static final Comparator<Finding> AS_WRITTEN = Comparator.comparing(
                    Finding::file, Comparator.nullsFirst(Comparator.<String>naturalOrder()))
            .thenComparing(Finding::line, Comparator.nullsFirst(Comparator.<Integer>naturalOrder()));

    Review {
        proxies = List.copyOf(proxies);
        findings = List.copyOf(findings);
    }

    /** A Proxy and what it compiles to. */
    record Compiled(Manifest object, TrafficConfig config, Snapshot snapshot) {
        String name() {
            return object.ref().toString();
        }
    }

    static Review of(Manifests manifests) {
        return new Judge(manifests).review();
    }

    boolean hasErrors() {
        return findings.stream().anyMatch(Finding::isError);
    }

    /** With what the operator would look at before it lets a config out: its tests, Envoy's rules, and what is probably not meant. */
    Review checked() {
        List<Finding> all = new ArrayList<>(findings);
        for (Compiled proxy : proxies) {
            Manifest object = proxy.object();
            ConfigTests.failures(proxy.config(), proxy.snapshot()).forEach(problem -> all.add(object.error(problem)));
            EnvoyChecks.problems(proxy.config(), proxy.snapshot()).forEach(problem -> all.add(object.error(problem)));
            Warnings.of(proxy.config()).forEach(problem -> all.add(object.warning(problem)));
        }
        all.sort(AS_WRITTEN);
        return new Review(manifests, proxies, all);
    }

    private static final class Judge {
        private final Manifests manifests;
        private final List<Compiled> proxies = new ArrayList<>();
        private final List<Finding> findings;

        Judge(Manifests manifests) {
            this.manifests = manifests;
            this.findings = new ArrayList<>(manifests.findings());
        }

        Review review() {
            List<Manifest> schedulers = manifests.ofKind(Manifests.SCHEDULER).toList();
            if (!schedulers.isEmpty()) {
                Schema schema = Schema.of("schedulers");
                schedulers.forEach(scheduler -> findings.addAll(shape(scheduler, schema)));
            }
            List<Manifest> given = manifests.ofKind(Manifests.PROXY).toList();
            if (!given.isEmpty()) {
                Schema schema = Schema.of("proxies");
                given.forEach(proxy -> proxy(proxy, schema));
            }
            clusterIdsAreUnique();
            proxies.forEach(this::servicesAreGiven);
            if (schedulers.isEmpty() && given.isEmpty() && findings.isEmpty()) {
                findings.add(new Finding(
                        null,
                        null,
                        "there is no Proxy and no Scheduler in these files",
                        "name others if there should be",
                        null,
                        null,
                        Severity.warning));
            }
            findings.sort(AS_WRITTEN);
            return new Review(manifests, proxies, findings);
        }

        /** What doesn't look as it should. */
        private static List<Finding> shape(Manifest object, Schema schema) {
            List<Finding> found = new ArrayList<>(schema.check(object));
            Rules.check(object).forEach(finding -> add(finding, found));
            return found;
        }

        /** Of two about one field the later has the better words; about a part of what is wrong already there is nothing to say. */
        private static void add(Finding finding, List<Finding> found) {
            for (int i = 0; i < found.size(); i++) {
                if (Objects.equals(finding.field(), found.get(i).field())) {
                    found.set(i, finding);
                    return;
                }
                if (isWithin(finding.field(), found.get(i).field())) {
                    return;
                }
            }
            found.add(finding);
        }

        private static boolean isWithin(@Nullable String field, @Nullable String other) {
            return field != null && other != null && (field.startsWith(other + ".") || field.startsWith(other + "["));
        }

        private void proxy(Manifest object, Schema schema) {
            List<Finding> found = shape(object, schema);
            boolean wellFormed = found.isEmpty();
            spec(object, found).ifPresent(spec -> {
                switch (SpecReader.read(object.ref(), spec)) {
                    case SpecReader.Reading.Refused refused ->
                        refused.problems().forEach(problem -> add(object.error(problem), found));
                    case SpecReader.Reading.Accepted accepted when wellFormed -> compile(object, accepted.config());
                    case SpecReader.Reading.Accepted accepted -> {}
                }
            });
            findings.addAll(found);
        }

        /** Empty when the shape is such that it is none; then there is a finding. */
        private static Optional<ProxySpec> spec(Manifest object, List<Finding> found) {
            try {
                return Optional.ofNullable(JSON.treeToValue(object.tree().path("spec"), ProxySpec.class));
            } catch (JsonProcessingException e) {
                if (found.isEmpty()) {
                    found.add(object.error("spec", "it can't be read: " + e.getOriginalMessage(), "correct it"));
                }
                return Optional.empty();
            }
        }

        private void compile(Manifest object, TrafficConfig config) {
            switch (Compiler.compile(config)) {
                case Compilation.Compiled compiled -> proxies.add(new Compiled(object, config, compiled.snapshot()));
                case Compilation.Refused refused ->
                    refused.problems().forEach(problem -> findings.add(object.error(problem)));
            }
        }

        private void clusterIdsAreUnique() {
            Map<String, Compiled> byId = new HashMap<>();
            for (Compiled proxy : proxies) {
                Compiled other = byId.putIfAbsent(proxy.config().clusterId(), proxy);
                if (other != null) {
                    findings.add(proxy.object()
                            .error(
                                    "spec.clusterId",
                                    "'" + proxy.config().clusterId() + "' is that of " + other.name() + " ("
                                            + other.object().place("spec.clusterId") + ") too",
                                    "give each Proxy its own; without the field it is <namespace>.<name>"));
                }
            }
        }

        private void servicesAreGiven(Compiled proxy) {
            for (Backend backend : proxy.config().backends()) {
                backend.service().ifPresent(service -> serviceIsGiven(proxy.object(), backend, service));
            }
        }

        private void serviceIsGiven(Manifest proxy, Backend backend, ServiceRef wanted) {
            String field = backend.origin().field() + ".service";
            Optional<Manifest> given = manifests
                    .ofKind(Manifests.SERVICE)
                    .filter(service -> service.ref().namespace().equals(wanted.namespace())
                            && service.ref().name().equals(wanted.name()))
                    .findFirst();
            if (given.isEmpty()) {
                findings.add(proxy.warning(
                        field + ".name",
                        "Service " + wanted.namespace() + "/" + wanted.name() + " is not in these files",
                        "make sure that the cluster has it: without endpoints requests get 503"));
                return;
            }
            JsonNode ports = given.get().tree().path("spec").path("ports");
            boolean hasPort = StreamSupport.stream(ports.spliterator(), false)
                    .anyMatch(port -> port.path("port").asInt() == wanted.port());
            if (!hasPort) {
                findings.add(proxy.warning(
                        field + ".port",
                        "Service " + wanted.namespace() + "/" + wanted.name() + " ("
                                + given.get().place("spec.ports") + ") has no port " + wanted.port(),
                        "name one of its ports: without endpoints requests get 503"));
            }
        }
    }
}
