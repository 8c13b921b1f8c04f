package dev.mpg.compile;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.api.ProxySpec.PatchOp;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.SpecGenerator;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.config.TrafficConfig.EnvoyPatch;
import dev.mpg.config.TrafficConfig.Operation;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Any spec whatever is either refused with reasons or compiles. */
class AnySpecTest {
    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @ParameterizedTest
    @CsvSource({
        // Valid field by field, so that most are accepted or fail for what only the whole shows.
        "0.0, 3000, 100",
        // Now and then a value that no schema lets in.
        "0.02, 3000, 50",
        "0.3, 3000, 0",
    })
    void isRefusedWithReasonsOrCompiles(double wildness, int specs, int leastAccepted) {
        int accepted = 0;
        for (int seed = 0; seed < specs; seed++) {
            ProxySpec spec = new SpecGenerator(seed, wildness).spec();
            switch (SpecReader.read(SHOP, spec)) {
                case Reading.Accepted(var config) -> {
                    accepted++;
                    switch (Compiler.compile(config)) {
                        case Compilation.Compiled(var snapshot) -> {
                            assertThat(snapshot.resources()).as("seed %s", seed).allSatisfy(AnySpecTest::isReadable);
                        }
                        case Compilation.Refused(var problems) -> {
                            assertThat(config.envoyPatches()).isNotEmpty();
                            assertThat(problems)
                                    .as("seed %s", seed)
                                    .isNotEmpty()
                                    .allSatisfy(problem -> assertThat(problem.message())
                                            .startsWith("spec.envoyPatches[")
                                            .contains("; "));
                        }
                    }
                }
                case Reading.Refused(var problems) ->
                    assertThat(problems)
                            .as("seed %s", seed)
                            .isNotEmpty()
                            .allSatisfy(problem -> assertThat(problem.message())
                                    .startsWith("spec.")
                                    .contains("; "));
            }
        }
        assertThat(accepted).isGreaterThanOrEqualTo(leastAccepted);
    }

    @Test
    void aPatchChangesItsTargetAlone() {
        int patched = 0;
        for (int seed = 0; seed < 1000; seed++) {
            if (SpecReader.read(SHOP, new SpecGenerator(seed, 0.0).spec()) instanceof Reading.Accepted(var config)) {
                List<Resource> plain =
                        Compiled.snapshot(withPatches(config, List.of())).resources();
                if (!plain.isEmpty()) {
                    Resource target = plain.get(new Random(seed).nextInt(plain.size()));
                    assertThat(Compiled.snapshot(withPatches(config, List.of(patch(target))))
                                    .resources())
                            .as("seed %s", seed)
                            .hasSameSizeAs(plain)
                            .doesNotContain(target)
                            .containsAll(plain.stream()
                                    .filter(resource -> !resource.equals(target))
                                    .toList());
                    patched++;
                }
            }
        }
        assertThat(patched).isGreaterThan(20);
    }

    /** Nobody else has a resource for it, and one that nobody asks for would be sent for nothing. */
    @Test
    void aClustersEndpointsAreCompiledOrLive() {
        int live = 0;
        for (int seed = 0; seed < 1000; seed++) {
            if (SpecReader.read(SHOP, new SpecGenerator(seed, 0.0).spec()) instanceof Reading.Accepted(var config)) {
                Snapshot compiled = Compiled.snapshot(withPatches(config, List.of()));
                Set<ServiceRef> services = LiveData.services(compiled);
                live += services.size();
                assertThat(services)
                        .allSatisfy(service -> assertThat(service.namespace()).isEqualTo(SHOP.namespace()));
                assertThat(Stream.concat(
                                compiled.resources(ResourceType.ENDPOINT).stream()
                                        .map(Resource::name),
                                services.stream().map(LiveData::name)))
                        .as("seed %s", seed)
                        .containsExactlyInAnyOrderElementsOf(compiled.resources(ResourceType.CLUSTER).stream()
                                .map(AnySpecTest::loadAssignmentName)
                                .collect(toSet()));
            }
        }
        assertThat(live).isGreaterThan(20);
    }

    /** What Envoy asks for. */
    private static String loadAssignmentName(Resource resource) {
        Cluster cluster = (Cluster) SnapshotYaml.message(resource);
        String service = cluster.getEdsClusterConfig().getServiceName();
        return service.isEmpty() ? cluster.getName() : service;
    }

    private static TrafficConfig withPatches(TrafficConfig config, List<EnvoyPatch> patches) {
        return new TrafficConfig(
                config.clusterId(), config.listeners(), config.routes(), config.backends(), patches, config.tests());
    }

    private static EnvoyPatch patch(Resource target) {
        Origin origin = new Origin(SHOP, "spec.envoyPatches[0]");
        String path = switch (target.type()) {
            case LISTENER -> "/stat_prefix";
            case CLUSTER -> "/alt_stat_name";
            case ENDPOINT -> "/endpoints";
            case ROUTE -> "/response_headers_to_remove";
            case VIRTUAL_HOST -> "/request_headers_to_remove";
            case SECRET -> throw new AssertionError("no config has any: " + target);
        };
        JsonNode value = switch (target.type()) {
            case LISTENER, CLUSTER -> JSON.textNode("x");
            case ENDPOINT -> JSON.arrayNode().add(JSON.objectNode().put("priority", 1));
            case ROUTE, VIRTUAL_HOST, SECRET -> JSON.arrayNode().add("x");
        };
        return new EnvoyPatch(
                EnvoyResource.valueOf(target.type().messageName()),
                target.name(),
                List.of(new Operation(PatchOp.add, path, Optional.empty(), Optional.of(value), origin)),
                origin);
    }

    private static void isReadable(Resource resource) {
        assertThat(SnapshotYaml.message(resource).toByteString()).isEqualTo(resource.bytes());
    }
}
