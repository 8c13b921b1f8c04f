package dev.mpg.compile;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import dev.mpg.api.Proxy;
import dev.mpg.compile.Compilation.Refused;
import dev.mpg.config.GoldenCases.Case;
import dev.mpg.config.Manifests;
import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which patches are refused, and what they leave alone. What they do: the golden cases of {@link CompilerGoldenTest}. */
class PatchesTest {
    private static final String HTTP = "type: Listener, name: http";
    private static final String CHECKOUT = "type: Cluster, name: checkout";

    /** A config with these patches, in YAML's flow style. */
    private static TrafficConfig config(String... patches) {
        return Manifests.config(Manifests.read(
                Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: 8080}]
                  routes: [{name: all, backendRefs: [{name: checkout}]}]
                  backends:
                  - {name: checkout, endpoints: [{host: 10.0.0.7, port: 8080}]}
                  - {name: found, service: {name: shop, port: 80}}
                  envoyPatches: [%s]
                """.formatted(List.of(patches).stream().collect(joining(", "))), Proxy.class)));
    }

    private static String patch(String target, String... operations) {
        return "{%s, operations: [{%s}]}".formatted(target, String.join("}, {", operations));
    }

    private static List<String> problems(String... patches) {
        assertThat(Compiler.compile(config(patches))).isInstanceOf(Refused.class);
        return ((Refused) Compiler.compile(config(patches)))
                .problems().stream().map(problem -> problem.message()).toList();
    }

    private static Cluster cluster(String... operations) {
        Snapshot snapshot = Compiled.snapshot(config(patch(CHECKOUT, operations)));
        return (Cluster) SnapshotYaml.message(
                snapshot.resource(ResourceType.CLUSTER, "checkout").orElseThrow());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // What isn't there.
                "op: remove, path: /none | .path: there is nothing at /none; correct it",
                "op: remove, path: /filter_chains/1 | .path: there is nothing at /filter_chains/1;",
                "op: remove, path: /filter_chains/- | .path: there is nothing at /filter_chains/-;",
                "op: replace, path: /none, value: 1 | .path: there is nothing at /none;",
                "op: replace, path: /filter_chains/-, value: {} | .path: there is nothing at /filter_chains/-;",
                "op: test, path: /none, value: 1 | .path: there is nothing at /none;",
                "op: move, from: /none, path: /stat_prefix | .from: there is nothing at /none;",
                "op: copy, from: /none, path: /stat_prefix | .from: there is nothing at /none;",
                // What doesn't apply.
                "op: test, path: /name, value: other | : test '/name' doesn't apply: Expected value \"other\" but found",
                "op: add, path: /none/x, value: 1 | : add '/none/x' doesn't apply: Missing field \"none\";",
                "op: add, path: /name/x, value: 1 | : add '/name/x' doesn't apply:",
                "op: add, path: /filter_chains/7, value: {} | : add '/filter_chains/7' doesn't apply: Array index 7",
                "op: add, path: /filter_chains/x, value: {} | : add '/filter_chains/x' doesn't apply:",
                "op: add, path: /filter_chains/99999999999, value: {} | : add '/filter_chains/99999999999' doesn't apply:",
                "op: move, from: /address, path: /address/socket_address/x | : move '/address/socket_address/x' doesn't",
                "op: remove, path: '' | : remove '' doesn't apply: Cannot remove document root;",
                // What isn't that message any more.
                "op: add, path: /nonsense, value: 1 | : what comes of it is no Listener: Cannot find field: nonsense in",
                "op: add, path: /stat_prefix, value: {} | : what comes of it is no Listener:",
                "op: add, path: /per_connection_buffer_limit_bytes, value: -1 | : what comes of it is no Listener:",
                "op: add, path: /per_connection_buffer_limit_bytes, value: 1.5 | : what comes of it is no Listener:",
                "op: add, path: /listener_filters_timeout, value: 5 | : what comes of it is no Listener:",
                "op: add, path: /listener_filters_timeout, value: 5m | : what comes of it is no Listener:",
                "op: add, path: /perConnectionBufferLimitBytes, value: 1 | : what comes of it is no Listener: Field envoy",
                "op: add, path: /stat_prefix, value: [1, 2] | : what comes of it is no Listener: a value has the wrong type;",
                "op: replace, path: '', value: [] | : what comes of it is no Listener:",
                "op: replace, path: '', value: null | : what comes of it is no Listener:",
                "op: remove, path: /filter_chains/0/filters/0/typed_config/@type | : what comes of it is no Listener:",
                "op: replace, path: /filter_chains/0/filters/0/typed_config/@type, value: x.io/acme.v1.Auth | "
                        + ": there is no type x.io/acme.v1.Auth in Envoy's API; correct it",
                "op: replace, path: /filter_chains/0/filters/0/typed_config/@type, value: java.lang.String | "
                        + ": there is no type java.lang.String in Envoy's API;",
                "op: add, path: /filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/x, value: 1 | "
                        + ": what comes of it is no Listener: Cannot find field: x in",
            })
    void anOperationIsRefused(String operation, String problem) {
        assertThat(problems(patch(HTTP, "op: test, path: /name, value: http", operation)))
                .singleElement()
                .asString()
                .startsWith("spec.envoyPatches[0].operations[1]" + problem)
                .contains("; ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "type: Listener, name: https | Listener named https",
                "type: Cluster, name: http | Cluster named http",
                "type: VirtualHost, name: shop.example.com | VirtualHost named shop.example.com",
                "type: RouteConfiguration, name: http | RouteConfiguration named http",
                "type: ClusterLoadAssignment, name: edge/checkout:80 | ClusterLoadAssignment named edge/checkout:80",
                "type: Cluster, name: edge/shop:80 | Cluster named edge/shop:80",
            })
    void aTargetThatIsNotThereIsRefused(String target, String what) {
        assertThat(problems(patch(target, "op: remove, path: /x")))
                .containsExactly(
                        "spec.envoyPatches[0].name: the spec compiles to no " + what + "; name one that it does");
    }

    /** By the backend's name, and by the one in Envoy's config dump. */
    @ParameterizedTest
    @ValueSource(strings = {"found", "edge/shop:80"})
    void theEndpointsOfAServiceAreNotPatched(String name) {
        assertThat(problems(patch(
                        "type: ClusterLoadAssignment, name: '" + name + "'", "op: add, path: /policy, value: {}")))
                .containsExactly("spec.envoyPatches[0].name: the endpoints of backend found come from its Service and"
                        + " can't be patched; patch Cluster found, or write endpoints instead of the service");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Listener | http | name",
                "Cluster | checkout | name",
                "ClusterLoadAssignment | checkout | cluster_name",
                "RouteConfiguration | routes | name",
                "VirtualHost | routes/* | name",
            })
    void aResourceKeepsItsName(String type, String name, String field) {
        String target = "type: %s, name: '%s'".formatted(type, name);
        for (String operation :
                List.of("op: replace, path: /" + field + ", value: other", "op: remove, path: /" + field)) {
            assertThat(problems(patch(target, operation)))
                    .containsExactly("spec.envoyPatches[0]: it changes the resource's " + field + "; leave /" + field
                            + " as it is");
        }
    }

    /** It goes into a condition, which has room for 32,768 characters of all problems. */
    @Test
    void aProblemStaysShort() {
        assertThat(problems(patch(HTTP, "op: test, path: /name, value: " + "x".repeat(100_000))))
                .singleElement()
                .asString()
                .hasSizeLessThan(600)
                .contains("…; ");
    }

    @Test
    void eachPatchThatIsRefusedIsNamed() {
        assertThat(problems(
                        patch(HTTP, "op: remove, path: /a", "op: remove, path: /b"),
                        patch("type: VirtualHost, name: 'routes/*'", "op: add, path: /virtual_clusters, value: []"),
                        patch(CHECKOUT, "op: remove, path: /c")))
                .extracting(problem -> problem.substring(0, problem.indexOf(": ")))
                .containsExactly("spec.envoyPatches[0].operations[0].path", "spec.envoyPatches[2].operations[0].path");
    }

    /** The operations in between may leave what is no message. */
    @Test
    void onlyTheLastResultHasToBeAMessage() {
        assertThat(cluster(
                                "op: add, path: /scratch, value: {lb_policy: RANDOM}",
                                "op: move, from: /scratch/lb_policy, path: /lb_policy",
                                "op: remove, path: /scratch")
                        .getLbPolicy())
                .isEqualTo(Cluster.LbPolicy.RANDOM);
        assertThat(problems(patch(
                        CHECKOUT,
                        "op: add, path: /scratch, value: {}",
                        "op: remove, path: /scratch",
                        "op: add, path: /scratch, value: {}",
                        "op: add, path: /lb_policy, value: RANDOM")))
                .singleElement()
                .asString()
                .startsWith("spec.envoyPatches[0].operations[2]: ");
    }

    @Test
    void copiesOfCopiesFillNoMemory() {
        String[] operations = IntStream.range(0, 64)
                .mapToObj(i -> "op: copy, from: '', path: /x" + i)
                .toArray(String[]::new);
        assertThat(problems(patch(CHECKOUT, operations)))
                .singleElement()
                .asString()
                .contains(": the patched resources get too large or too deep; ");
    }

    /** What Envoy will refuse is Envoy's to say: it knows its extensions and limits, we would only guess. */
    @Test
    void whatIsBadOnlyForEnvoyPasses() {
        assertThat(cluster("op: replace, path: /connect_timeout, value: 0s")
                        .getConnectTimeout()
                        .getSeconds())
                .isZero();
        assertThat(cluster("op: remove, path: /type", "op: add, path: /cluster_type, value: {name: nope}")
                        .getClusterType()
                        .getName())
                .isEqualTo("nope");
        assertThat(cluster("op: remove, path: /eds_cluster_config").hasEdsClusterConfig())
                .isFalse();
        Compiled.snapshot(config(patch(
                HTTP,
                "op: add, path: /filter_chains/0/filters/0/typed_config/http_filters/0, value: {name: nope}",
                "op: remove, path: /filter_chains/0/filters/0/typed_config/stat_prefix")));
    }

    @Test
    void numbersAndDurationsSurvive() {
        Cluster cluster = cluster(
                "op: add, path: /per_connection_buffer_limit_bytes, value: 4294967295",
                "op: add, path: /connect_timeout, value: 0.000000001s",
                "op: add, path: /upstream_connection_options, value: {tcp_keepalive: {keepalive_time: '7'}}",
                "op: add, path: /common_lb_config, value: {healthy_panic_threshold: {value: 33.3}}",
                "op: add, path: /metadata, value: {filter_metadata: {acme: {'@type': mine, big: 9007199254740993}}}");
        assertThat(cluster.getPerConnectionBufferLimitBytes().getValue()).isEqualTo(-1);
        assertThat(Durations.toNanos(cluster.getConnectTimeout())).isEqualTo(1);
        assertThat(cluster.getUpstreamConnectionOptions()
                        .getTcpKeepalive()
                        .getKeepaliveTime()
                        .getValue())
                .isEqualTo(7);
        assertThat(cluster.getCommonLbConfig().getHealthyPanicThreshold().getValue())
                .isEqualTo(33.3);
        assertThat(cluster.getMetadata()
                        .getFilterMetadataOrThrow("acme")
                        .getFieldsOrThrow("@type")
                        .getStringValue())
                .isEqualTo("mine");
    }

    /** Types younger than the API that is compiled against are written so, within one another too. */
    @Test
    void theTypesWithinATypedStructAreEnvoysAffair() {
        String sampler = "/filter_chains/0/filters/0/typed_config/tracing/provider/typed_config/sampler/typed_config";
        assertThat(Compiled.snapshot(config(patch(
                                HTTP,
                                "op: replace, value: 50, path: " + sampler
                                        + "/value/wrapped_sampler/typed_config/sampling_percentage/numerator")))
                        .resource(ResourceType.LISTENER, "http"))
                .hasValueSatisfying(listener -> assertThat(SnapshotYaml.json(SnapshotYaml.message(listener))
                                .toString())
                        .contains("{\"denominator\":\"HUNDRED\",\"numerator\":50.0}"));
    }

    /** Also within an Any, which holds bytes. */
    @Test
    void theOrderInWhichAMapIsWrittenMakesNoVersion() {
        String path = "op: add, path: /filter_chains/0/filters/0/typed_config/http_filters/0, value: {name: lua,"
                + " typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua,"
                + " source_codes: {%s: {inline_string: x}, %s: {inline_string: x}, m: {inline_string: x}}}}";
        assertThat(Compiled.snapshot(config(patch(HTTP, path.formatted("a", "z")))))
                .isEqualTo(Compiled.snapshot(config(patch(HTTP, path.formatted("z", "a")))));
    }

    static List<Case> cases() {
        return CompilerGoldenTest.cases();
    }

    /** A patch that changes nothing changes no byte: every message survives the way to JSON and back. */
    @ParameterizedTest
    @MethodSource("cases")
    void everyCompiledMessageSurvivesAsJson(Case golden) throws IOException {
        for (Resource resource :
                Compiled.snapshot(Manifests.config(golden.input())).resources()) {
            Message message = SnapshotYaml.message(resource);
            assertThat(Marshalling.bytes(EnvoyJson.read(EnvoyJson.write(message), message)))
                    .as(resource.toString())
                    .isEqualTo(resource.bytes());
        }
    }

    /** Those of every file of Envoy's API, so that any extension can be configured. */
    @Test
    void theTypesOfEnvoysApiAreKnownByName() throws Exception {
        Path api = Path.of(Cluster.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        int files = 0;
        try (JarFile jar = new JarFile(api.toFile())) {
            for (var entry : jar.stream().toList()) {
                if (entry.getName().matches("(io/envoyproxy/envoy|com/github/(xds|udpa))/.*Proto\\.class")) {
                    Class<?> file =
                            Class.forName(entry.getName().replace(".class", "").replace('/', '.'));
                    // A few messages are named so too.
                    if (file.getMethod("getDescriptor").invoke(null) instanceof FileDescriptor descriptor) {
                        descriptor.getMessageTypes().stream().limit(1).forEach(PatchesTest::assertKnown);
                        files++;
                    }
                }
            }
        }
        assertThat(files).isGreaterThan(500);
    }

    private static void assertKnown(Descriptor message) {
        assertThat(EnvoyTypes.prototype("type.googleapis.com/" + message.getFullName()))
                .as(message.getFullName())
                .hasValueSatisfying(
                        found -> assertThat(found.getDescriptorForType()).isSameAs(message));
        message.getNestedTypes().stream()
                .filter(nested -> !nested.getOptions().getMapEntry())
                .limit(1)
                .forEach(PatchesTest::assertKnown);
    }
}
