package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mpg.api.ProxySpec;
import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.config.SpecReader;
import dev.mpg.config.TrafficConfig;
import dev.mpg.config.TrafficConfig.Backend;
import dev.mpg.config.TrafficConfig.ServiceRef;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What files say, judged as the API server and the operator would: each object by its schema, its rules and its meaning, and
 * then all together.
 *
 * @param proxies those that compile, in the order read
 * @param findings what is wrong, those of each object together
 */
record Review(Manifests manifests, List<Compiled> proxies, List<Finding> findings) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

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
                schedulers.forEach(scheduler -> shape(scheduler, schema));
            }
            List<Manifest> given = manifests.ofKind(Manifests.PROXY).toList();
            if (!given.isEmpty()) {
                Schema schema = Schema.of("proxies");
                given.forEach(proxy -> proxy(proxy, schema));
            }
            clusterIdsAreUnique();
            proxies.forEach(this::servicesAreGiven);
            return new Review(manifests, proxies, findings);
        }

        /** What doesn't look as it should. */
        private List<Finding> shape(Manifest object, Schema schema) {
            List<Finding> found = new ArrayList<>(schema.check(object));
            addElsewhere(Rules.check(object), found);
            findings.addAll(found);
            return found;
        }

        /** What one check says of a field the next ones needn't say again in their words. */
        private static void addElsewhere(List<Finding> more, List<Finding> found) {
            List<Finding> before = List.copyOf(found);
            more.stream()
                    .filter(finding -> before.stream().noneMatch(other -> isWithin(finding.field(), other.field())))
                    .forEach(found::add);
        }

        private static boolean isWithin(@Nullable String field, @Nullable String other) {
            return field != null
                    && other != null
                    && (field.equals(other) || field.startsWith(other + ".") || field.startsWith(other + "["));
        }

        private void proxy(Manifest object, Schema schema) {
            List<Finding> found = shape(object, schema);
            Optional<ProxySpec> spec = spec(object, found);
            if (spec.isEmpty()) {
                return;
            }
            switch (SpecReader.read(object.ref(), spec.get())) {
                case SpecReader.Reading.Refused refused -> {
                    List<Finding> all = new ArrayList<>(found);
                    addElsewhere(refused.problems().stream().map(object::error).toList(), all);
                    findings.addAll(all.subList(found.size(), all.size()));
                }
                case SpecReader.Reading.Accepted accepted when found.isEmpty() -> compile(object, accepted.config());
                case SpecReader.Reading.Accepted accepted -> {}
            }
        }

        /** Empty when the shape is such that it is none; then there is a finding. */
        private Optional<ProxySpec> spec(Manifest object, List<Finding> found) {
            JsonNode spec = object.tree().path("spec");
            try {
                return Optional.ofNullable(JSON.treeToValue(spec, ProxySpec.class));
            } catch (JsonMappingException e) {
                if (found.isEmpty()) {
                    findings.add(object.error("spec", "it can't be read: " + e.getOriginalMessage(), "correct it"));
                }
                return Optional.empty();
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                throw new IllegalStateException(e);
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
