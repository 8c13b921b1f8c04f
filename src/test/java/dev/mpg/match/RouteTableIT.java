package dev.mpg.match;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.mpg.compile.Compiled;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecGenerator;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.match.Outcome.Forward;
import dev.mpg.match.Outcome.Reply;
import dev.mpg.match.Outcome.Share;
import dev.mpg.match.Outcome.Unjudged;
import dev.mpg.match.StaticEnvoy.Response;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random requests to random configs: a real Envoy does with them what the table says. */
class RouteTableIT {
    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");
    private static final int CONFIGS = 60;
    private static final int REQUESTS = 50;

    private static final List<String> HOSTS = List.of(
            "shop.example.com",
            "Shop.EXAMPLE.com",
            "shop.example.com:8080",
            "shop.example.com:",
            "shop.example.com:x:1",
            "shop.example.com.",
            "a.example.com",
            "a.b.example.com",
            "*.example.com",
            ".example.com",
            "example.com",
            "x.com",
            "com",
            "shop.test",
            "shoe.test",
            "localhost",
            "LOCALHOST:80",
            "10.0.0.1:80",
            "[::1]",
            "[::1]:8080");
    private static final List<String> PREFIX_DOMAINS = List.of("Shop.*", "sho*", "10.*", "x.com*");
    private static final List<String> PATHS =
            List.of("/", "/a", "/a/", "/a/b", "/a/b/", "/caf%C3%A9", "/-._~!$&'()*+,;=:@");
    private static final List<String> PIECES = List.of(
            "/",
            "/",
            "/",
            "//",
            "///",
            "/./",
            "/../",
            ".",
            "..",
            "/.",
            "/..",
            "a",
            "a",
            "b",
            "A",
            "%2e",
            "%2E%2e",
            "%2F",
            "%2f",
            "%5C",
            "%5c",
            "\\",
            "%61",
            "%41",
            "%7E",
            "%7e",
            "%7",
            "%",
            "%zz",
            "%25",
            "%252F",
            "%3F",
            "caf%c3%a9",
            ";x",
            ":",
            "*",
            "+",
            "!$&'()",
            "\"<>",
            "^`{|}",
            "[]",
            "~",
            "-",
            "?",
            "?q=/a",
            "?x=../b",
            "%00",
            "#f",
            "/a/b");

    @TempDir
    private Path folder;

    @Test
    void envoyDoesWhatTheTableSays() throws Exception {
        Map<String, Snapshot> snapshots = snapshots();
        Map<String, HttpConnectionManager> managers = new LinkedHashMap<>();
        Map<String, RouteConfiguration> routes = new LinkedHashMap<>();
        Set<String> clusters = new HashSet<>();
        for (Map.Entry<String, Snapshot> snapshot : snapshots.entrySet()) {
            managers.put(snapshot.getKey(), manager(snapshot.getValue()));
            routes.put(snapshot.getKey(), routes(snapshot.getValue()));
            snapshot.getValue().resources(ResourceType.CLUSTER).forEach(cluster -> clusters.add(cluster.name()));
        }
        Map<String, Integer> seen = new LinkedHashMap<>();
        try (StaticEnvoy envoy = new StaticEnvoy(folder, managers, routes, clusters)) {
            Random random = new Random(1);
            for (String name : snapshots.keySet()) {
                RouteTable table = RouteTable.of(snapshots.get(name));
                for (int i = 0; i < REQUESTS; i++) {
                    Request request = new Request("GET", one(HOSTS, random), path(random));
                    Answer answer = table.answers(request).getFirst();
                    Response response = envoy.send(name, request);
                    assertThat(response)
                            .as("%s to %s: %s", request, name, answer)
                            .satisfies(actual -> isAsSaid(actual, answer));
                    seen.merge(answer.outcome().getClass().getSimpleName() + " " + response.status(), 1, Integer::sum);
                }
            }
        }
        System.out.println("random requests ended " + seen);
        assertThat(seen.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(CONFIGS * REQUESTS);
        assertThat(seen.keySet()).contains("Forward 200", "Reply 307", "Reply 400", "Reply 404", "Reply 500");
    }

    private static void isAsSaid(Response actual, Answer answer) {
        switch (answer.outcome()) {
            case Forward forward -> {
                assertThat(actual.status()).isEqualTo(200);
                assertThat(actual.route()).isEqualTo(taken(answer));
                assertThat(answer.tried().getLast().route()).isEqualTo(forward.route());
                assertThat(forward.clusters())
                        .filteredOn(share -> share.weight() > 0 && share.exists())
                        .extracting(Share::cluster)
                        .contains(actual.cluster());
                assertThat(actual.path()).isEqualTo(forward.path().orElseThrow());
                assertThat(actual.host()).isEqualTo(forward.host().orElseThrow());
            }
            case Reply reply -> {
                assertThat(actual.status()).isEqualTo(reply.status());
                assertThat(actual.route()).isEqualTo(reply.route().isPresent() ? taken(answer) : null);
                assertThat(actual.location()).isEqualTo(reply.location().orElse(null));
            }
            case Unjudged unjudged -> throw new AssertionError(unjudged);
        }
    }

    private static String taken(Answer answer) {
        return answer.host().orElseThrow().virtualHost() + "#" + (answer.tried().size() - 1);
    }

    /** By the name of the listener that gets them. */
    private static Map<String, Snapshot> snapshots() throws InvalidProtocolBufferException {
        Map<String, Snapshot> snapshots = new LinkedHashMap<>();
        for (int seed = 0; snapshots.size() < CONFIGS; seed++) {
            if (SpecReader.read(SHOP, new SpecGenerator(seed, 0.0).spec()) instanceof Reading.Accepted(var config)
                    && !config.listeners().isEmpty()
                    && !config.routes().isEmpty()) {
                Snapshot snapshot = Compiled.snapshot(new TrafficConfig(
                        config.clusterId(), config.listeners().subList(0, 1), config.routes(), config.backends()));
                // Every other one as it is compiled.
                snapshots.put(
                        "seed-" + seed, snapshots.size() % 2 == 0 ? snapshot : varied(snapshot, new Random(seed)));
            }
        }
        return snapshots;
    }

    /** The same as patches could make it: other paths, ports and domains are taken. */
    private static Snapshot varied(Snapshot snapshot, Random random) throws InvalidProtocolBufferException {
        List<Resource> resources = new ArrayList<>();
        for (Resource resource : snapshot.resources()) {
            resources.add(
                    switch (resource.type()) {
                        case LISTENER -> {
                            Listener.Builder listener = Listener.parseFrom(resource.bytes()).toBuilder();
                            HttpConnectionManager.Builder manager = manager(snapshot).toBuilder();
                            manager.setMergeSlashes(random.nextBoolean())
                                    .setNormalizePath(BoolValue.of(random.nextBoolean()))
                                    .setPathWithEscapedSlashesActionValue(
                                            random.nextInt(PathWithEscapedSlashesAction.values().length - 1));
                            if (random.nextInt(4) == 0) {
                                manager.clearNormalizePath();
                            }
                            listener.getFilterChainsBuilder(0)
                                    .getFiltersBuilder(0)
                                    .setTypedConfig(Any.pack(manager.build()));
                            yield with(resource, listener.build());
                        }
                        case ROUTE ->
                            with(
                                    resource,
                                    RouteConfiguration.parseFrom(resource.bytes()).toBuilder()
                                            .setIgnorePortInHostMatching(random.nextBoolean())
                                            .build());
                        case VIRTUAL_HOST -> {
                            VirtualHost.Builder host = VirtualHost.parseFrom(resource.bytes()).toBuilder();
                            if (resource.equals(snapshot.resources(ResourceType.VIRTUAL_HOST)
                                    .getFirst())) {
                                host.addAllDomains(PREFIX_DOMAINS);
                            }
                            host.getRoutesBuilderList().forEach(route -> {
                                if (random.nextInt(3) == 0) {
                                    route.getMatchBuilder().setCaseSensitive(BoolValue.of(random.nextBoolean()));
                                }
                            });
                            yield with(resource, host.build());
                        }
                        case CLUSTER, ENDPOINT, SECRET -> resource;
                    });
        }
        return Snapshot.of(resources);
    }

    private static Resource with(Resource resource, Message message) {
        return Resource.of(resource.type(), resource.name(), message.toByteString());
    }

    private static HttpConnectionManager manager(Snapshot snapshot) throws InvalidProtocolBufferException {
        return Listener.parseFrom(
                        snapshot.resources(ResourceType.LISTENER).getFirst().bytes())
                .getFilterChains(0)
                .getFilters(0)
                .getTypedConfig()
                .unpack(HttpConnectionManager.class);
    }

    private static RouteConfiguration routes(Snapshot snapshot) throws InvalidProtocolBufferException {
        RouteConfiguration.Builder routes =
                RouteConfiguration.parseFrom(
                        snapshot.resources(ResourceType.ROUTE).getFirst().bytes())
                        .toBuilder();
        for (Resource host : snapshot.resources(ResourceType.VIRTUAL_HOST)) {
            routes.addVirtualHosts(VirtualHost.parseFrom(host.bytes()));
        }
        return routes.build();
    }

    private static String path(Random random) {
        StringBuilder path = new StringBuilder(random.nextBoolean() ? one(PATHS, random) : "/");
        for (int i = random.nextInt(5); i > 0; i--) {
            path.append(one(PIECES, random));
        }
        return path.toString();
    }

    private static <T> T one(List<T> values, Random random) {
        return values.get(random.nextInt(values.size()));
    }
}
