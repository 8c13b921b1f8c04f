package dev.mpg.compile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec;
import dev.mpg.config.Manifests;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecReader;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A version changes when, and only when, what gateways do changes. */
class VersionTest {
    private static final Path SHOP = Path.of("examples/shop.yaml");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Every field is set, but for those with tests of their own; a test below keeps it so. */
    private static final String FULL = """
            clusterId: eu-west-1
            revisionHistoryLimit: 5
            schedulerName: default
            gateway: {replicas: 3}
            listeners:
            - {name: http, port: 8080, protocol: HTTP}
            - {name: other, port: 8081, protocol: HTTP}
            routes:
            - name: checkout
              hostnames: [shop.example.com, '*.shop.example.com']
              matches:
              - path: {type: PathPrefix, value: /checkout}
              - path: {type: Exact, value: /pay}
              backendRefs: [{name: a, weight: 90}, {name: b, weight: 10}]
              timeouts: {request: 3s}
            - name: shop
              hostnames: [shop.example.com]
              matches: [{path: {type: PathPrefix, value: /shopping}}]
              backendRefs: [{name: b, weight: 2}, {name: c, weight: 3}]
              timeouts: {request: 0s}
            backends:
            - name: a
              endpoints: [{host: 10.0.0.1, port: 80}, {host: 10.0.0.2, port: 81}]
              circuitBreaker: {maxConnections: 1, maxPendingRequests: 2, maxParallelRequests: 3, maxParallelRetries: 4}
            - name: b
              endpoints: [{host: '::1', port: 80}]
              circuitBreaker: {maxConnections: 5, maxPendingRequests: 6, maxParallelRequests: 7, maxParallelRetries: 8}
            - name: c
              endpoints: [{host: '::1', port: 80}]
              circuitBreaker: {maxConnections: 5, maxPendingRequests: 6, maxParallelRequests: 7, maxParallelRetries: 8}
            - name: d
              service: {name: d, port: 80}
              circuitBreaker: {maxConnections: 5, maxPendingRequests: 6, maxParallelRequests: 7, maxParallelRetries: 8}
            """;

    /** Fields that gateways never see, with the reason. */
    private static final Map<String, String> NOT_FOR_GATEWAYS = Map.of(
            "clusterId", "says who a gateway is, not what it does",
            "schedulerName", "says where the config is served from",
            "gateway.replicas", "says how many gateways do it",
            "revisionHistoryLimit", "says what is remembered of it");

    /** Fields with only one valid value. */
    private static final Set<String> CONSTANT = Set.of("protocol");

    /** Lists whose order gateways get to see: which entry is tried first. For all others the order means nothing. */
    private static final Set<String> ORDERED = Set.of("backendRefs", "endpoints");

    private static Snapshot compile(ObjectNode spec) {
        return Compiled.snapshot(Manifests.config(SpecReader.read(
                new ObjectRef("Proxy", "edge", "shop"), Manifests.read(spec.toString(), ProxySpec.class))));
    }

    private static ContentHash version(ObjectNode spec) {
        return compile(spec).version();
    }

    private static ContentHash version(String manifest) {
        return Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read(manifest, Proxy.class))))
                .version();
    }

    private static ObjectNode full() {
        try {
            return (ObjectNode) new YAMLMapper().readTree(FULL);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A changed spec. */
    record Change(String what, ObjectNode spec) {
        boolean isForGateways() {
            return !NOT_FOR_GATEWAYS.containsKey(
                    what.substring(1, what.indexOf(' ')).replace('/', '.'));
        }

        @Override
        public String toString() {
            return what;
        }
    }

    @Test
    void theFullSpecSetsEveryOtherField() {
        assertThat(nullFields(Manifests.read(full().toString(), ProxySpec.class)))
                .as("fields of the API that the full spec doesn't set")
                .containsExactlyInAnyOrder(
                        "ProxySpec.envoyPatches",
                        "ProxySpec.rollout",
                        // A backend has one of the two.
                        "Backend.service",
                        "Backend.service",
                        "Backend.service",
                        "Backend.endpoints");
    }

    private static List<String> nullFields(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().flatMap(entry -> nullFields(entry).stream()).toList();
        }
        if (!(value instanceof Record)) {
            return List.of();
        }
        List<String> nulls = new ArrayList<>();
        for (var component : value.getClass().getRecordComponents()) {
            try {
                Object field = component.getAccessor().invoke(value);
                if (field == null) {
                    nulls.add(value.getClass().getSimpleName() + "." + component.getName());
                } else {
                    nulls.addAll(nullFields(field));
                }
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
        return nulls;
    }

    /** It says how a change reaches the fleet, not what the change is. */
    @Test
    void doesNotChangeWithTheRollout() throws IOException {
        ObjectNode spec = full();
        spec.set("rollout", new YAMLMapper().readTree("{steps: [{gateways: 1}], onFailure: Pause}"));
        assertThat(version(spec)).isEqualTo(version(full()));
    }

    @Test
    void changesWithAnEnvoyPatchThatChangesSomething() throws IOException {
        String patch = "[{type: Cluster, name: a, operations: [{op: %s, path: /connect_timeout, value: 5s}]}]";
        ObjectNode spec = full();
        spec.set("envoyPatches", new YAMLMapper().readTree(patch.formatted("replace")));
        assertThat(version(spec)).isEqualTo(version(full()));
        spec.set(
                "envoyPatches",
                new YAMLMapper().readTree(patch.formatted("replace").replace("5s", "6s")));
        assertThat(version(spec)).isNotEqualTo(version(full()));
    }

    static List<Change> changesOfOneField() {
        List<Change> changes = new ArrayList<>();
        for (String pointer : leaves(full(), "")) {
            ObjectNode spec = full();
            String field = pointer.substring(pointer.lastIndexOf('/') + 1);
            if (CONSTANT.contains(field)) {
                continue;
            }
            JsonNode value = other(pointer, spec.at(pointer));
            if (pointer.matches("/backends/\\d+/name")) {
                rename(spec, spec.at(pointer).asText(), value.asText());
            }
            set(spec, pointer, value);
            changes.add(new Change(pointer + " = " + value, spec));
        }
        return changes;
    }

    @ParameterizedTest
    @MethodSource("changesOfOneField")
    void changesWithEveryField(Change change) {
        if (change.isForGateways()) {
            assertThat(version(change.spec)).isNotEqualTo(version(full()));
        } else {
            assertThat(version(change.spec)).isEqualTo(version(full()));
        }
    }

    @Test
    void everyChangeMakesAVersionOfItsOwn() {
        assertThat(changesOfOneField().stream().filter(Change::isForGateways).map(change -> version(change.spec)))
                .doesNotHaveDuplicates();
    }

    /** Absent is another value than what the full spec has, except where that is the default. */
    static List<Change> removalsOfOneField() {
        List<Change> changes = new ArrayList<>();
        for (String field : List.of(
                "/listeners",
                "/routes",
                "/routes/0/hostnames",
                "/routes/0/matches",
                "/routes/0/timeouts",
                "/routes/1/timeouts/request",
                "/routes/0/backendRefs/0/weight",
                "/backends/0/circuitBreaker",
                "/backends/0/circuitBreaker/maxConnections",
                "/backends/0/circuitBreaker/maxPendingRequests",
                "/backends/0/circuitBreaker/maxParallelRequests",
                "/backends/0/circuitBreaker/maxParallelRetries")) {
            ObjectNode spec = full();
            String parent = field.substring(0, field.lastIndexOf('/'));
            ((ObjectNode) spec.at(parent)).remove(field.substring(field.lastIndexOf('/') + 1));
            changes.add(new Change("without " + field, spec));
        }
        return changes;
    }

    static List<Change> changesOfLists() {
        List<Change> changes = new ArrayList<>();
        for (String pointer : lists(full(), "")) {
            ArrayNode list = (ArrayNode) full().at(pointer);
            // Backends that routes refer to cannot go.
            for (int i = 0; i < list.size() && !pointer.equals("/backends"); i++) {
                ObjectNode spec = full();
                ((ArrayNode) spec.at(pointer)).remove(i);
                if (!pointer.endsWith("/backendRefs") || list.size() > 1) {
                    changes.add(new Change("without %s/%d".formatted(pointer, i), spec));
                }
            }
        }
        Map<String, String> added = new LinkedHashMap<>();
        added.put("/listeners", "{name: third, port: 8082}");
        added.put("/routes", "{name: third, matches: [{path: {value: /third}}], backendRefs: [{name: a}]}");
        added.put("/backends", "{name: third, endpoints: []}");
        added.put("/routes/0/hostnames", "third.example.com");
        added.put("/routes/0/matches", "{path: {value: /third}}");
        added.put("/routes/0/backendRefs", "{name: c, weight: 0}");
        added.put("/backends/0/endpoints", "{host: 10.0.0.3, port: 80}");
        added.forEach((pointer, entry) -> {
            ObjectNode spec = full();
            try {
                ((ArrayNode) spec.at(pointer)).add(new YAMLMapper().readTree(entry));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            changes.add(new Change("%s + %s".formatted(pointer, entry), spec));
        });
        return changes;
    }

    @ParameterizedTest
    @MethodSource({"removalsOfOneField", "changesOfLists"})
    void changesWithEveryEntryAndFieldThatComesOrGoes(Change change) {
        assertThat(version(change.spec)).isNotEqualTo(version(full()));
    }

    static List<Change> reversals() {
        List<Change> changes = new ArrayList<>();
        for (String pointer : lists(full(), "")) {
            ObjectNode spec = full();
            ArrayNode list = (ArrayNode) spec.at(pointer);
            List<JsonNode> entries = new ArrayList<>();
            list.forEach(entries::add);
            Collections.reverse(entries);
            list.removeAll();
            list.addAll(entries);
            if (entries.size() > 1) {
                changes.add(new Change(pointer, spec));
            }
        }
        return changes;
    }

    @ParameterizedTest
    @MethodSource("reversals")
    void changesWithTheOrderOnlyWhereItMeansSomething(Change reversed) {
        if (ORDERED.contains(reversed.what.substring(reversed.what.lastIndexOf('/') + 1))) {
            assertThat(version(reversed.spec)).isNotEqualTo(version(full()));
        } else {
            assertThat(version(reversed.spec)).isEqualTo(version(full()));
        }
    }

    @Test
    void writtenOutDefaultsAreTheDefaults() {
        assertThat(version("""
                        metadata: {name: shop, namespace: edge}
                        spec:
                          listeners: [{name: http, port: 80}]
                          routes: [{name: r, backendRefs: [{name: a}]}]
                          backends: [{name: a, endpoints: []}]
                        """)).isEqualTo(version("""
                        metadata: {name: shop, namespace: edge}
                        spec:
                          clusterId: edge.shop
                          listeners: [{name: http, port: 80, protocol: HTTP}]
                          routes:
                          - name: r
                            hostnames: []
                            matches: [{path: {type: PathPrefix, value: /}}]
                            backendRefs: [{name: a, weight: 1}]
                            timeouts: {}
                          backends: [{name: a, endpoints: [], circuitBreaker: {}}]
                        """));
    }

    @Test
    void neitherFormattingNorMetadataMatters() throws IOException {
        String shop = Manifests.text(SHOP);
        ObjectNode json = (ObjectNode) new YAMLMapper().readTree(shop);
        ((ObjectNode) json.get("metadata"))
                .put("name", "renamed")
                .put("namespace", "elsewhere")
                .put("resourceVersion", "42")
                .put("generation", 7);
        ((ObjectNode) json.get("metadata")).putObject("labels").put("team", "checkout");
        ((ObjectNode) json.get("metadata")).putObject("annotations").put("note", "x");

        assertThat(version(json.toString())).isEqualTo(version(shop));
        assertThat(version(json.toPrettyString())).isEqualTo(version(shop));
    }

    /** A change costs what changed: one host's route is one resource's bytes. */
    @Test
    void aChangedRouteChangesOnlyTheResourcesOfItsHosts() {
        ObjectNode spec = full();
        set(spec, "/routes/0/timeouts/request", JSON.getNodeFactory().textNode("4s"));

        SnapshotDiff diff = Snapshot.diff(compile(full()), compile(spec));
        assertThat(diff.types()).containsOnlyKeys(ResourceType.VIRTUAL_HOST);
        assertThat(diff.of(ResourceType.VIRTUAL_HOST).removed()).isEmpty();
        assertThat(diff.of(ResourceType.VIRTUAL_HOST).upserted())
                .extracting(Resource::name)
                .containsExactly("routes/*.shop.example.com", "routes/shop.example.com");
    }

    /** String.hashCode, identity hash codes, locale, time zone and encoding differ from one JVM to the next. */
    @Test
    void isTheSameInAnyJvm() throws IOException, InterruptedException {
        List<Process> others = List.of(
                start(
                        "-XX:hashCode=0",
                        "-Duser.language=tr",
                        "-Duser.timezone=Asia/Kathmandu",
                        "-Dfile.encoding=COMPAT"),
                start("-XX:hashCode=2", "-Duser.language=ar", "-Duser.timezone=UTC", "-Dfile.encoding=UTF-8"),
                start("-XX:hashCode=3", "-Duser.language=de", "-Duser.timezone=America/St_Johns", "-Xint"));
        for (Process other : others) {
            String said = new String(other.getInputStream().readAllBytes(), UTF_8);
            assertThat(other.waitFor()).as(said).isZero();
            assertThat(said.lines().toList())
                    .endsWith(version(Manifests.text(SHOP)).hex());
        }
    }

    private static Process start(String... flags) throws IOException {
        return new ProcessBuilder(Stream.of(
                                Stream.of(Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString()),
                                Stream.of("-XX:+UnlockExperimentalVMOptions"),
                                Stream.of(flags),
                                Stream.of("--sun-misc-unsafe-memory-access=allow"),
                                Stream.of("-cp", System.getProperty("java.class.path")),
                                Stream.of(PrintVersion.class.getName(), SHOP.toString()))
                        .flatMap(arguments -> arguments)
                        .toList())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Prints the version that a Proxy's file compiles to, on the last line. */
    static final class PrintVersion {
        private PrintVersion() {}

        public static void main(String[] arguments) {
            System.out.println(version(Manifests.text(Path.of(arguments[0]))).hex());
        }
    }

    /** Another valid value. */
    private static JsonNode other(String pointer, JsonNode value) {
        if (value.isNumber()) {
            return JSON.getNodeFactory().numberNode(value.asLong() + 1000);
        }
        String text = value.asText();
        String field = Pattern.compile("/\\d+$").matcher(pointer).replaceFirst("");
        return JSON.getNodeFactory()
                .textNode(
                        switch (field.substring(field.lastIndexOf('/') + 1)) {
                            case "type" -> text.equals("Exact") ? "PathPrefix" : "Exact";
                            case "value" -> text + "/changed";
                            case "host" -> text.equals("::1") ? "::2" : "10.9.9.9";
                            case "hostnames" -> text.replace("example", "changed");
                            case "request" -> "7s";
                            // The one backend that the route doesn't refer to yet.
                            case "name" ->
                                field.contains("/backendRefs/")
                                        ? "abc"
                                                .replaceAll(
                                                        "[%s]".formatted(pointer.contains("/routes/0/") ? "ab" : "bc"),
                                                        "")
                                        : text + "-changed";
                            default -> text + "-changed";
                        });
    }

    private static void rename(JsonNode spec, String from, String to) {
        for (JsonNode route : spec.get("routes")) {
            for (JsonNode ref : route.get("backendRefs")) {
                if (ref.get("name").asText().equals(from)) {
                    ((ObjectNode) ref).put("name", to);
                }
            }
        }
    }

    private static void set(ObjectNode spec, String pointer, JsonNode value) {
        JsonNode parent = spec.at(pointer.substring(0, pointer.lastIndexOf('/')));
        String key = pointer.substring(pointer.lastIndexOf('/') + 1);
        if (parent instanceof ArrayNode list) {
            list.set(Integer.parseInt(key), value);
        } else {
            ((ObjectNode) parent).set(key, value);
        }
    }

    private static List<String> leaves(JsonNode node, String pointer) {
        return node.isValueNode()
                ? List.of(pointer)
                : children(node, pointer).entrySet().stream()
                        .flatMap(child -> leaves(child.getValue(), child.getKey()).stream())
                        .toList();
    }

    private static List<String> lists(JsonNode node, String pointer) {
        return Stream.concat(
                        node.isArray() ? Stream.of(pointer) : Stream.empty(),
                        children(node, pointer).entrySet().stream()
                                .flatMap(child -> lists(child.getValue(), child.getKey()).stream()))
                .toList();
    }

    private static Map<String, JsonNode> children(JsonNode node, String pointer) {
        Map<String, JsonNode> children = new LinkedHashMap<>();
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            children.put(pointer + "/" + i, node.get(i));
        }
        node.properties().forEach(field -> children.put(pointer + "/" + field.getKey(), field.getValue()));
        return children;
    }
}
