package dev.mpg.compile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
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
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
            - {name: http, port: 8080, protocol: HTTP, proxyProtocol: true, maxConnections: 9, accessLog: {format: "%PROTOCOL%"}}
            - {name: other, port: 8081, protocol: HTTP, httpsRedirect: {port: 8443, statusCode: 308}}
            - name: https
              port: 8443
              protocol: HTTPS
              tls:
                certificates:
                - {secretName: shop, hostnames: [shop.example.com, '*.shop.example.com']}
                - {secretName: others}
                minVersion: V1_3
                alpn: [http/1.1, h2]
            routes:
            - name: checkout
              hostnames: [shop.example.com, '*.shop.example.com']
              matches:
              - path: {type: PathPrefix, value: /checkout}
                method: GET
                headers: [{type: Exact, name: x-a, value: a}, {type: RegularExpression, name: x-b, value: b}]
                queryParams: [{type: Exact, name: c, value: c}, {type: RegularExpression, name: d, value: d}]
              - path: {type: Exact, value: /pay}
              - path: {type: RegularExpression, value: /v1}
              filters:
              - type: RequestHeaderModifier
                requestHeaderModifier:
                  set: [{name: x-a, value: a}, {name: x-b, value: b}]
                  add: [{name: x-c, value: c}, {name: x-d, value: d}]
                  remove: [x-e, x-f]
              - type: ResponseHeaderModifier
                responseHeaderModifier:
                  set: [{name: x-a, value: a}, {name: x-b, value: b}]
                  add: [{name: x-c, value: c}, {name: x-d, value: d}]
                  remove: [x-e, x-f]
              - {type: URLRewrite, urlRewrite: {hostname: shop.internal, path: {type: ReplaceFullPath, replaceFullPath: /all}}}
              - {type: RequestMirror, requestMirror: {backendRef: {name: b}, percent: 10}}
              - {type: RequestMirror, requestMirror: {backendRef: {name: c}, percent: 20}}
              - type: CORS
                cors:
                  allowOrigins: [https://example.com, https://*.example.com]
                  allowCredentials: true
                  allowMethods: [GET, PUT]
                  allowHeaders: [x-a, x-b]
                  exposeHeaders: [x-c, x-d]
                  maxAge: 600
              - type: Fault
                fault: {delay: {fixed: 100ms, percent: 1}, abort: {status: 503, percent: 2}}
              backendRefs: [{name: a, weight: 90}, {name: b, weight: 10}]
              timeouts: {request: 3s, backendRequest: 2s, idle: 1m}
              retry: {codes: [502, 504], attempts: 3, backoff: 100ms}
              rateLimit: {requests: 100, unit: Minute, burst: 10}
              sessionPersistence: {sessionName: shop, absoluteTimeout: 1h, path: /checkout}
            - name: shop
              hostnames: [shop.example.com]
              matches: [{path: {type: PathPrefix, value: /shopping}}]
              backendRefs: [{name: b, weight: 2}, {name: c, weight: 3}]
              timeouts: {request: 0s}
            - name: prefixed
              hostnames: [shop.example.com]
              matches: [{path: {value: /prefixed}}]
              filters:
              - {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}
              backendRefs: [{name: d, weight: 1}, {name: e, weight: 1}]
            - name: moved
              hostnames: [moved.example.com]
              matches: [{path: {value: /moved}}]
              filters:
              - type: RequestRedirect
                requestRedirect:
                  scheme: https
                  hostname: new.example.com
                  path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}
                  port: 8443
                  statusCode: 301
            - name: gone
              hostnames: [gone.example.com]
              matches: [{path: {value: /gone}}]
              filters:
              - {type: DirectResponse, directResponse: {status: 410, body: gone}}
            backends:
            - name: a
              endpoints: [{host: 10.0.0.1, port: 80}, {host: 10.0.0.2, port: 81}]
              protocol: HTTP1
              tls: {hostname: a.example.com, caSecretName: ca, subjectAltNames: [a.example.com, "spiffe://example.com/a"]}
              circuitBreaker:
                maxConnections: 1
                maxPendingRequests: 2
                maxParallelRequests: 3
                maxParallelRetries: 4
                maxRequestsPerConnection: 5
                perEndpoint: {maxConnections: 6}
              healthCheck:
                active:
                  type: HTTP
                  path: /healthz
                  hostname: health.example.com
                  expectedStatuses: [200, 204]
                  timeout: 2s
                  interval: 5s
                  unhealthyThreshold: 4
                  healthyThreshold: 2
                passive:
                  consecutive5xxErrors: 3
                  consecutiveGatewayErrors: 2
                  interval: 1s
                  baseEjectionTime: 10s
                  maxEjectionPercent: 50
              loadBalancer: {type: RoundRobin, slowStart: 30s}
              connectTimeout: 1s
              tcpKeepalive: {probes: 3, idleTime: 1m, interval: 10s}
            - name: b
              endpoints: [{host: '::1', port: 80}]
              circuitBreaker: {maxConnections: 5, maxPendingRequests: 6, maxParallelRequests: 7, maxParallelRetries: 8}
              loadBalancer:
                type: ConsistentHash
                consistentHash: {type: Cookie, name: shop, ttl: 1h, algorithm: Maglev, maxLoadPercent: 150}
            - name: c
              endpoints: [{host: '::1', port: 80}]
              circuitBreaker: {maxConnections: 5, maxPendingRequests: 6, maxParallelRequests: 7, maxParallelRetries: 8}
              loadBalancer: {type: ConsistentHash, consistentHash: {type: Header, name: x-user, algorithm: RingHash}}
            - name: d
              service: {name: d, port: 80}
              circuitBreaker: {maxConnections: 5, maxPendingRequests: 6, maxParallelRequests: 7, maxParallelRetries: 8}
              healthCheck: {active: {type: TCP}}
            - name: e
              dns: {hostname: e.example.com, port: 80}
            """;

    /** Fields that gateways never see, with the reason. */
    private static final Map<String, String> NOT_FOR_GATEWAYS = Map.of(
            "clusterId", "says who a gateway is, not what it does",
            "schedulerName", "says where the config is served from",
            "gateway.replicas", "says how many gateways do it",
            "revisionHistoryLimit", "says what is remembered of it");

    /** Fields whose value says which others there are, so that no other is valid. */
    private static final Pattern CONSTANT =
            Pattern.compile("/listeners/.*/protocol|.*/filters/\\d+/type|.*Re[a-z]+/path/type"
                    + "|/backends/[12]/loadBalancer/type|/backends/1/.*Hash/type|/backends/0/.*/active/type"
                    // The other one's change is the same.
                    + "|.*/alpn/1");

    /** Fields whose value is the default. */
    private static final Pattern DEFAULT = Pattern.compile("/listeners/[01]/protocol|/backends/0/protocol"
            + "|.*/path/type|.*/(headers|queryParams)/0/type|/backends/0/loadBalancer/type|.*/active/type"
            + "|/routes/2/backendRefs/\\d/weight|.*/algorithm");

    /** Lists whose order gateways get to see. For all others the order means nothing. */
    private static final Set<String> ORDERED = Set.of("backendRefs", "endpoints", "alpn");

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
        Map<String, Boolean> isSet = new TreeMap<>();
        note(Manifests.read(full().toString(), ProxySpec.class), isSet);
        assertThat(isSet)
                .as("fields of the API and whether the full spec sets them anywhere")
                .allSatisfy((field, set) -> assertThat(set)
                        .as(field)
                        .isNotEqualTo(Set.of("ProxySpec.envoyPatches", "ProxySpec.rollout", "ProxySpec.tests")
                                .contains(field)));
    }

    /** Which fields of {@code value}, and of what is in it, are set in any of the records of a kind. */
    private static void note(Object value, Map<String, Boolean> isSet) {
        if (value instanceof List<?> list) {
            list.forEach(entry -> note(entry, isSet));
        }
        if (!(value instanceof Record)) {
            return;
        }
        for (var component : value.getClass().getRecordComponents()) {
            try {
                Object field = component.getAccessor().invoke(value);
                String kind = value.getClass().getName().replaceAll(".*[.$]", "");
                String owner = value.getClass().getName().contains("$")
                        ? value.getClass().getEnclosingClass().getSimpleName() + "." + kind
                        : kind;
                isSet.merge(owner + "." + component.getName(), field != null, Boolean::logicalOr);
                if (field != null) {
                    note(field, isSet);
                }
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
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
        String patch = "[{type: Cluster, name: a, operations: [{op: %s, path: /connect_timeout, value: 1s}]}]";
        ObjectNode spec = full();
        spec.set("envoyPatches", new YAMLMapper().readTree(patch.formatted("replace")));
        assertThat(version(spec)).isEqualTo(version(full()));
        spec.set(
                "envoyPatches",
                new YAMLMapper().readTree(patch.formatted("replace").replace("1s", "6s")));
        assertThat(version(spec)).isNotEqualTo(version(full()));
    }

    static List<Change> changesOfOneField() {
        List<Change> changes = new ArrayList<>();
        for (String pointer : leaves(full(), "")) {
            ObjectNode spec = full();
            if (CONSTANT.matcher(pointer).matches()) {
                continue;
            }
            JsonNode value = other(spec, pointer);
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
        for (String pointer : fields(full(), "")) {
            ObjectNode spec = full();
            ObjectNode parent = (ObjectNode) spec.at(pointer.substring(0, pointer.lastIndexOf('/')));
            parent.remove(pointer.substring(pointer.lastIndexOf('/') + 1));
            Change change = new Change("/without " + pointer, spec);
            if (!DEFAULT.matcher(pointer).matches()
                    && !NOT_FOR_GATEWAYS.containsKey(pointer.substring(1).replace('/', '.'))
                    && !pointer.equals("/gateway")
                    && isValid(spec)) {
                changes.add(change);
            }
        }
        assertThat(changes).as("what is optional").hasSizeGreaterThan(90);
        return changes;
    }

    private static boolean isValid(ObjectNode spec) {
        return SpecReader.read(new ObjectRef("Proxy", "edge", "shop"), Manifests.read(spec.toString(), ProxySpec.class))
                instanceof SpecReader.Reading.Accepted;
    }

    static List<Change> changesOfLists() {
        List<Change> changes = new ArrayList<>();
        for (String pointer : lists(full(), "")) {
            ArrayNode list = (ArrayNode) full().at(pointer);
            // Backends that routes refer to cannot go.
            for (int i = 0; i < list.size() && !pointer.equals("/backends"); i++) {
                ObjectNode spec = full();
                ((ArrayNode) spec.at(pointer)).remove(i);
                // A route has backends or answers.
                if ((!pointer.endsWith("/backendRefs") && !pointer.matches("/routes/[34]/filters"))
                        || list.size() > 1) {
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
        added.put("/routes/0/matches/0/headers", "{name: x-c, value: c}");
        added.put("/routes/0/matches/0/queryParams", "{name: x-c, value: c}");
        added.put("/routes/0/filters", "{type: RequestMirror, requestMirror: {backendRef: {name: a}}}");
        added.put("/routes/0/filters/0/requestHeaderModifier/remove", "x-g");
        added.put("/routes/0/filters/5/cors/allowOrigins", "https://third.example.com");
        added.put("/routes/0/retry/codes", "599");
        added.put("/listeners/2/tls/certificates", "{secretName: third, hostnames: [third.example.com]}");
        added.put("/backends/0/tls/subjectAltNames", "third.example.com");
        added.put("/backends/0/healthCheck/active/expectedStatuses", "299");
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

    /** What is written first is tried first where two may fit one request, and only there. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "true  | {headers: [{name: a, value: x}]} | {headers: [{name: b, value: x}]}",
                "true  | {queryParams: [{name: a, value: x}]} | {queryParams: [{name: b, value: x}]}",
                "true  | {path: {type: RegularExpression, value: /a.}} | {path: {type: RegularExpression, value: /.b}}",
                "false | {headers: [{name: a, value: x}]} | {queryParams: [{name: a, value: x}]}",
                "false | {headers: [{name: a, value: x}]} | {method: GET}",
                "false | {method: GET} | {method: POST}",
                "false | {path: {value: /a}} | {path: {value: /b}}",
                "false | {path: {type: Exact, value: /a}} | {path: {type: Exact, value: /b}}",
                "false | {path: {type: Exact, value: /a}} | {path: {value: /a}}",
                "false | {path: {value: /a}} | {path: {value: /a/b}}",
            })
    void theOrderOfMatchesAndRoutesMattersWhereBothMayFit(boolean matters, String one, String other) {
        String within = """
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: 80}]
                  routes: [{name: r, backendRefs: [{name: a}], matches: [%s, %s]}]
                  backends: [{name: a, endpoints: []}]
                """;
        String among = """
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: 80}]
                  routes:
                  - {name: %s, backendRefs: [{name: a}], matches: [%s]}
                  - {name: %s, backendRefs: [{name: a}], matches: [%s]}
                  backends: [{name: a, endpoints: []}]
                """;
        assertThat(!version(within.formatted(one, other)).equals(version(within.formatted(other, one))))
                .isEqualTo(matters);
        assertThat(!version(among.formatted("one", one, "other", other))
                        .equals(version(among.formatted("other", other, "one", one))))
                .isEqualTo(matters);
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

    /** The next valid value of these, which have few. */
    private static final List<List<String>> WORDS = List.of(
            List.of("Exact", "PathPrefix"),
            List.of("RegularExpression", "Exact"),
            List.of("HTTP1", "HTTP2"),
            List.of("http", "https"),
            List.of("http/1.1", "h2"),
            List.of("GET", "POST"),
            List.of("PUT", "POST"),
            List.of("Minute", "Hour"),
            List.of("V1_3", "V1_2"),
            List.of("RoundRobin", "LeastRequest"),
            List.of("Maglev", "RingHash"),
            List.of("Header", "Cookie"),
            List.of("TCP", "HTTP"));

    private static final Pattern DURATION = Pattern.compile("([0-9]+)(ms|s|m|h)");

    /** Another valid value. */
    private static JsonNode other(ObjectNode spec, String pointer) {
        JsonNode value = spec.at(pointer);
        String entry = Pattern.compile("/\\d+$").matcher(pointer).replaceFirst("");
        String field = entry.substring(entry.lastIndexOf('/') + 1);
        JsonNodeFactory json = JSON.getNodeFactory();
        if (value.isBoolean()) {
            return json.booleanNode(!value.asBoolean());
        }
        if (value.isNumber()) {
            return json.numberNode(
                    field.equals("statusCode")
                            ? 307
                            : value.asLong() + (field.equals("port") || field.equals("weight") ? 1000 : 1));
        }
        String text = value.asText();
        Matcher duration = DURATION.matcher(text);
        if (duration.matches()) {
            return json.textNode(Integer.parseInt(duration.group(1)) + 1 + duration.group(2));
        }
        if (pointer.contains("/alpn/")) {
            // Twice the same isn't valid, so that the other one becomes this one.
            ((ArrayNode) spec.at(entry)).set(pointer.endsWith("0") ? 1 : 0, value);
            return json.textNode(text.equals("h2") ? "http/1.1" : "h2");
        }
        if (pointer.matches(".*/(headers|queryParams)/\\d+/type")) {
            return json.textNode(text.equals("Exact") ? "RegularExpression" : "Exact");
        }
        for (List<String> word : WORDS) {
            int index = word.indexOf(text);
            if (index >= 0 && !field.equals("value") && !field.equals("name")) {
                return json.textNode(word.get(1 - index));
            }
        }
        return json.textNode(
                switch (field) {
                    case "value" -> pointer.contains("/path/") ? text + "/changed" : text + "-changed";
                    case "host" -> text.equals("::1") ? "::2" : "10.9.9.9";
                    case "hostnames", "hostname", "allowOrigins" ->
                        text.replace("example", "changed").replace("internal", "changed");
                    case "name" ->
                        pointer.contains("Refs/") || pointer.contains("Ref/")
                                ? unused(spec.at(pointer.replaceFirst("(/routes/\\d+)/.*", "$1")))
                                : text + "-changed";
                    default -> text + "-changed";
                });
    }

    /** A backend that the route doesn't refer to yet. */
    private static String unused(JsonNode route) {
        return Stream.of("e", "d", "a")
                .filter(name ->
                        !route.path("backendRefs").findValuesAsText("name").contains(name))
                .findFirst()
                .orElseThrow();
    }

    private static void rename(JsonNode spec, String from, String to) {
        for (JsonNode route : spec.get("routes")) {
            Stream.concat(
                            StreamSupport.stream(route.path("backendRefs").spliterator(), false),
                            route.findValues("backendRef").stream())
                    .filter(ref -> ref.get("name").asText().equals(from))
                    .forEach(ref -> ((ObjectNode) ref).put("name", to));
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

    /** The fields of all objects. */
    private static List<String> fields(JsonNode node, String pointer) {
        return children(node, pointer).entrySet().stream()
                .flatMap(child -> Stream.concat(
                        node.isObject() ? Stream.of(child.getKey()) : Stream.empty(),
                        fields(child.getValue(), child.getKey()).stream()))
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
