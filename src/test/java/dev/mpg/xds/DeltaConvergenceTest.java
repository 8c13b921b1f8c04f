package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.VIRTUAL_HOST;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.Dialog.Delta;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever happens, in whatever order: once a gateway has accepted a target it has exactly what the target says. The gateway
 * is a model of how Envoy behaves: of what it refuses it applies any part, it asks for endpoints and routes when it gets what
 * refers to them, it ignores virtual hosts of a route that it doesn't have.
 */
class DeltaConvergenceTest {
    private static final int STEPS = 400;
    private static final int SERVICES = 3;

    /** For a longer search: {@code -Dmpg.seeds=10000}. */
    private static LongStream seeds() {
        return LongStream.rangeClosed(1, Long.getLong("mpg.seeds", 20));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aGatewayEndsWithTheTarget(long seed) throws IOException {
        Random random = new Random(seed);
        Gateway gateway = new Gateway(random, true);
        gateway.config = randomTarget(random);
        gateway.live = randomLive(random);
        gateway.connect();
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(10)) {
                case 0 -> {
                    gateway.config = randomTarget(random);
                    gateway.retarget();
                }
                case 1 -> {
                    gateway.live = randomLive(random);
                    gateway.retarget();
                }
                case 2 -> {
                    if (random.nextInt(5) == 0) {
                        gateway.connect();
                    }
                }
                case 3 -> gateway.answer(true);
                default -> gateway.answer(false);
            }
        }
        gateway.config = randomTarget(random);
        gateway.live = randomLive(random);
        gateway.retarget();
        gateway.acceptAll();
        assertThat(gateway.dialog.report())
                .isEqualTo(new GatewayReport("gateway-0", State.CURRENT, gateway.config.version(), List.of()));
        assertThat(gateway.runs()).isEqualTo(gateway.expected());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void nothingBreaksOnTheWayToATarget(long seed) throws IOException {
        Random random = new Random(seed);
        Gateway gateway = new Gateway(random, false);
        gateway.config = randomTarget(random);
        gateway.live = randomLive(random);
        gateway.connect();
        gateway.acceptAll();
        for (int step = 0; step < 50; step++) {
            boolean onlyLive = random.nextInt(3) == 0;
            gateway.config = onlyLive ? gateway.config : randomTarget(random);
            gateway.live = randomLive(random);
            gateway.retarget();
            if (random.nextInt(10) == 0) {
                gateway.connect();
            } else if (onlyLive) {
                assertThat(gateway.dialog.report().state())
                        .as("live data is no part of the report")
                        .isEqualTo(State.CURRENT);
            }
            gateway.acceptAll();
            assertThat(gateway.runs()).isEqualTo(gateway.expected());
            assertThat(gateway.dialog.report().state()).isEqualTo(State.CURRENT);
        }
    }

    /** What configs may refer to. */
    private static Snapshot randomLive(Random random) {
        List<Resource> resources = new ArrayList<>();
        for (int i = 0; i < SERVICES; i++) {
            resources.add(Configs.endpoints("edge/s" + i + ":80", 1 + random.nextInt(3)));
        }
        return Snapshot.of(resources);
    }

    /** Consistent: all that is referred to is there. */
    private static Snapshot randomTarget(Random random) {
        Collection<Resource> resources = new ArrayList<>();
        int clusters = 1 + random.nextInt(4);
        List<String> names = new ArrayList<>();
        while (names.size() < clusters) {
            String name = "c" + random.nextInt(6);
            if (!names.contains(name)) {
                names.add(name);
                if (random.nextBoolean()) {
                    resources.add(
                            Configs.cluster(name, "edge/s" + random.nextInt(SERVICES) + ":80", 1 + random.nextInt(3)));
                } else {
                    resources.add(Configs.cluster(name, 1 + random.nextInt(3)));
                    resources.add(Configs.endpoints(name, 1 + random.nextInt(3)));
                }
            }
        }
        for (int i = 0; i < 3; i++) {
            if (random.nextInt(3) > 0) {
                String route = "r" + i;
                resources.add(Configs.listener("l" + i, 1 + random.nextInt(2), route));
                resources.add(Configs.route(route, "x-" + random.nextInt(2)));
                for (int j = 0; j < 3; j++) {
                    if (random.nextBoolean()) {
                        resources.add(Configs.host(route, "h" + j, names.get(random.nextInt(names.size()))));
                    }
                }
            }
        }
        return Snapshot.of(resources);
    }

    private static final class Gateway {
        private final Random random;
        private final boolean refuses;
        private final Map<ResourceType, Map<String, Resource>> has = new EnumMap<>(ResourceType.class);
        /** What it says it has: nothing of a refused response, also when it has applied that in part. */
        private final Map<ResourceType, Map<String, Resource>> says = new EnumMap<>(ResourceType.class);

        private final Map<ResourceType, Set<String>> subscribed = new EnumMap<>(ResourceType.class);
        /** Whether it refuses what it has received, by type URL. */
        private final Map<String, Boolean> answers = new TreeMap<>();

        /** The endpoints with which a cluster serves. */
        private final Map<String, String> warm = new TreeMap<>();

        private Delta dialog = new Delta();
        private Snapshot config = Snapshot.EMPTY;
        private Snapshot live = Snapshot.EMPTY;

        Gateway(Random random, boolean refuses) {
            this.random = random;
            this.refuses = refuses;
            for (ResourceType type : ResourceType.values()) {
                has.put(type, new TreeMap<>());
                says.put(type, new TreeMap<>());
                subscribed.put(type, new TreeSet<>());
            }
        }

        /** What it has but for what only listeners that are being drained use. */
        private Map<ResourceType, Map<String, Resource>> runs() {
            Map<ResourceType, Map<String, Resource>> runs = new EnumMap<>(has);
            Map<String, Resource> hosts = new TreeMap<>(has(VIRTUAL_HOST));
            hosts.keySet()
                    .removeIf(host ->
                            !has(LISTENER).containsKey(Content.routeOf(host).replace('r', 'l')));
            runs.put(VIRTUAL_HOST, hosts);
            return runs;
        }

        private Map<String, Resource> has(ResourceType type) {
            return has.getOrDefault(type, Map.of());
        }

        private Map<String, Resource> says(ResourceType type) {
            return says.getOrDefault(type, Map.of());
        }

        private Set<String> subscribed(ResourceType type) {
            return subscribed.getOrDefault(type, Set.of());
        }

        /** On a new stream, with what it says it has from the last one. */
        void connect() {
            Doubts doubts = dialog.session.doubts();
            answers.clear();
            dialog = new Delta();
            dialog.session.doubt(doubts);
            retarget();
            for (ResourceType type : ResourceType.values()) {
                Map<String, String> versions = new HashMap<>();
                says(type).forEach((name, resource) -> versions.put(name, resource.wireVersion()));
                if (type != ENDPOINT && type != ROUTE) {
                    dialog.subscribe(type, versions);
                } else if (!subscribed(type).isEmpty()) {
                    dialog.subscribe(type, versions, subscribed(type).toArray(String[]::new));
                }
            }
        }

        void retarget() {
            dialog.retarget(config, live);
        }

        void acceptAll() throws IOException {
            receive(false);
            while (!answers.isEmpty()) {
                answer(false);
                if (answers.isEmpty()) {
                    dialog.pass();
                    receive(false);
                }
            }
        }

        /** Takes what comes, in order. */
        private void receive(boolean refuse) throws IOException {
            for (Response response = dialog.next(); response != null; response = dialog.next()) {
                ResourceType type = ResourceType.ofTypeUrl(response.typeUrl()).orElseThrow();
                assertThat(response.change().names()).doesNotHaveDuplicates();
                boolean refused = refuse && refuses && !response.change().isEmpty();
                answers.put(response.typeUrl(), refused);
                apply(type, response.change(), refused);
            }
        }

        /** Takes what comes and answers one of all that isn't answered yet. */
        void answer(boolean refuse) throws IOException {
            receive(refuse);
            if (!answers.isEmpty()) {
                List<String> open = List.copyOf(answers.keySet());
                String typeUrl = open.get(random.nextInt(open.size()));
                boolean refused = Boolean.TRUE.equals(answers.remove(typeUrl));
                dialog.answer(typeUrl, refused ? "no" : null);
                receive(refuse);
            }
        }

        private void apply(ResourceType type, Change change, boolean refused) throws IOException {
            for (Resource resource : change.upserted()) {
                boolean wanted = type != VIRTUAL_HOST || has(ROUTE).containsKey(Content.routeOf(resource.name()));
                boolean asked =
                        (type != ENDPOINT && type != ROUTE) || subscribed(type).contains(resource.name());
                if (wanted && asked && !(refused && random.nextBoolean())) {
                    has(type).put(resource.name(), resource);
                }
                if (asked && !refused) {
                    says(type).put(resource.name(), resource);
                }
            }
            for (String name : change.removed()) {
                if (!(refused && random.nextBoolean())) {
                    has(type).remove(name);
                }
                if (!refused) {
                    says(type).remove(name);
                }
            }
            if (type == CLUSTER) {
                Set<String> endpoints = new TreeSet<>();
                for (Resource cluster : has(CLUSTER).values()) {
                    endpoints.add(endpointsOf(cluster));
                }
                follow(ENDPOINT, endpoints);
            } else if (type == LISTENER) {
                Set<String> routes = new TreeSet<>();
                has(LISTENER).keySet().forEach(name -> routes.add(name.replace('l', 'r')));
                // Listeners that are being drained: these may lose their clusters.
                subscribed(ROUTE).stream()
                        .filter(name -> refuses && random.nextBoolean())
                        .forEach(routes::add);
                follow(ROUTE, routes);
            }
            if (!refuses) {
                noteWarm();
                for (Resource host : has(VIRTUAL_HOST).values()) {
                    String cluster = VirtualHost.parseFrom(host.bytes())
                            .getRoutes(0)
                            .getRoute()
                            .getCluster();
                    assertThat(has(CLUSTER)).as("used by %s", host.name()).containsKey(cluster);
                    assertThat(warm).as("used by %s", host.name()).containsKey(cluster);
                }
                // One that asks for others serves with those that it had, until they come.
                warm.forEach((cluster, endpoints) -> {
                    if (endpoints.equals(endpointsOf(has(CLUSTER).get(cluster)))) {
                        assertThat(has(ENDPOINT)).as("used by %s", cluster).containsKey(endpoints);
                    }
                });
            }
        }

        private void noteWarm() {
            warm.keySet().retainAll(has(CLUSTER).keySet());
            has(CLUSTER).forEach((name, cluster) -> {
                String endpoints = endpointsOf(cluster);
                if (has(ENDPOINT).containsKey(endpoints)) {
                    warm.put(name, endpoints);
                }
            });
        }

        private static String endpointsOf(Resource cluster) {
            return new Content(Snapshot.EMPTY).endpointName(cluster).orElseThrow();
        }

        /** Asks for what is referred to now, and no more for the rest. */
        private void follow(ResourceType type, Set<String> wanted) {
            Set<String> before = subscribed(type);
            List<String> more =
                    wanted.stream().filter(name -> !before.contains(name)).toList();
            List<String> less =
                    before.stream().filter(name -> !wanted.contains(name)).toList();
            subscribed.put(type, wanted);
            less.forEach(name -> {
                has(type).remove(name);
                says(type).remove(name);
                if (type == ROUTE) {
                    has(VIRTUAL_HOST)
                            .keySet()
                            .removeIf(host -> Content.routeOf(host).equals(name));
                }
            });
            if (!more.isEmpty()) {
                dialog.subscribe(type, more.toArray(String[]::new));
            }
            if (!less.isEmpty()) {
                dialog.unsubscribe(type, less.toArray(String[]::new));
            }
        }

        Map<ResourceType, Map<String, Resource>> expected() {
            Snapshot target = new Content(config).with(live).snapshot();
            Map<ResourceType, Map<String, Resource>> expected = new EnumMap<>(ResourceType.class);
            for (ResourceType type : ResourceType.values()) {
                Map<String, Resource> resources = new TreeMap<>();
                target.resources(type).forEach(resource -> resources.put(resource.name(), resource));
                expected.put(type, resources);
            }
            return expected;
        }
    }
}
