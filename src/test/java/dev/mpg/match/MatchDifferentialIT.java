package dev.mpg.match;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.util.JsonFormat;
import dev.mpg.match.Answer.Fit;
import dev.mpg.match.Outcome.Forward;
import dev.mpg.match.Outcome.Reply;
import dev.mpg.match.Outcome.Unjudged;
import dev.mpg.match.StaticEnvoy.Response;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random requests to random routes of every kind of match and action that the table understands: a real Envoy does with them
 * what the table says. A disagreement is told as the smallest config and request that still disagree.
 */
class MatchDifferentialIT {
    private static final long SEED = Long.getLong("seed", 1);
    private static final int LISTENERS = 4;
    private static final int GROUPS = 20;
    private static final int REQUESTS = 50;

    @TempDir
    private Path folder;

    private int envoys;

    /** A listener's routes and a request to it. */
    private record Case(HttpConnectionManager manager, RouteConfiguration routes, Request request) {
        Answer answer() {
            return table(manager, routes).answers(request).getFirst();
        }
    }

    /** What both say of a request, in comparable words. */
    private record Verdict(
            int status,
            Optional<String> route,
            Optional<String> location,
            Optional<String> path,
            Optional<String> host) {
        static Verdict of(Response response) {
            return new Verdict(
                    response.status(),
                    Optional.ofNullable(response.route()),
                    Optional.ofNullable(response.location()),
                    Optional.ofNullable(response.path()),
                    Optional.ofNullable(response.host()));
        }

        static Verdict of(Answer answer) {
            Optional<String> route = answer.host()
                    .map(host -> host.virtualHost() + "#" + (answer.tried().size() - 1));
            return switch (answer.outcome()) {
                case Forward forward -> new Verdict(200, route, Optional.empty(), forward.path(), forward.host());
                case Reply reply ->
                    new Verdict(
                            reply.status(),
                            reply.route().flatMap(name -> route),
                            reply.location(),
                            Optional.empty(),
                            Optional.empty());
                case Unjudged(String why) -> throw new AssertionError(why);
            };
        }
    }

    private static RouteTable table(HttpConnectionManager manager, RouteConfiguration routes) {
        Listener listener = Listener.newBuilder()
                .setName("l")
                .addFilterChains(FilterChain.newBuilder()
                        .addFilters(Filter.newBuilder()
                                .setTypedConfig(Any.pack(manager.toBuilder()
                                        .setRouteConfig(routes)
                                        .build()))))
                .build();
        return RouteTable.of(Snapshot.of(List.of(
                Resource.of(ResourceType.LISTENER, "l", listener.toByteString()),
                Resource.of(
                        ResourceType.CLUSTER,
                        RouteGenerator.CLUSTER,
                        Cluster.newBuilder()
                                .setName(RouteGenerator.CLUSTER)
                                .build()
                                .toByteString()))));
    }

    private static HttpConnectionManager manager(int i) {
        return HttpConnectionManager.newBuilder()
                .setStatPrefix("l" + i)
                .setNormalizePath(BoolValue.of(i % 2 == 0))
                .setMergeSlashes(i < 2)
                .setPathWithEscapedSlashesAction(
                        i == 2
                                ? PathWithEscapedSlashesAction.UNESCAPE_AND_FORWARD
                                : PathWithEscapedSlashesAction.KEEP_UNCHANGED)
                .addHttpFilters(HttpFilter.newBuilder()
                        .setName("envoy.filters.http.router")
                        .setTypedConfig(Any.pack(Router.newBuilder()
                                .setSuppressEnvoyHeaders(true)
                                .build())))
                .build();
    }

    private static RouteConfiguration routes(int listener, RouteGenerator generator) {
        RouteConfiguration.Builder routes = RouteConfiguration.newBuilder()
                .setName("routes-" + listener)
                .setIgnorePortInHostMatching(listener % 2 == 0);
        for (int group = 0; group < GROUPS; group++) {
            String domain = "g" + group + ".test";
            routes.addVirtualHosts(generator.host(domain, List.of(domain, domain + ":8080")));
            routes.addVirtualHosts(generator.host("wild-" + group, List.of("*." + domain, "G" + group + ".*")));
            routes.addVirtualHosts(generator.host("wilder-" + group, List.of("*-x." + domain, domain + ".")));
        }
        if (listener % 2 == 1) {
            routes.addVirtualHosts(generator.host("any", List.of("*")));
        }
        return routes.build();
    }

    private static List<String> hosts(String domain) {
        return List.of(
                domain,
                domain,
                domain,
                domain.toUpperCase(java.util.Locale.ROOT),
                domain + ":8080",
                domain + ":80",
                domain + ":443",
                "a." + domain,
                "a-x." + domain + ":443",
                "a.b." + domain,
                "-x." + domain,
                "." + domain,
                domain + ".",
                domain.replace("test", "other"),
                "unknown");
    }

    @Test
    void envoyDoesWhatTheTableSays() throws Exception {
        Random random = new Random(SEED);
        RouteGenerator generator = new RouteGenerator(random);
        Map<String, HttpConnectionManager> managers = new LinkedHashMap<>();
        Map<String, RouteConfiguration> configs = new LinkedHashMap<>();
        for (int i = 0; i < LISTENERS; i++) {
            managers.put("l" + i, manager(i));
            configs.put("l" + i, routes(i, generator));
        }
        Map<String, Integer> seen = new TreeMap<>();
        int contested = 0;
        try (StaticEnvoy envoy = envoy(managers, configs)) {
            for (String listener : managers.keySet()) {
                HttpConnectionManager manager = managers.get(listener);
                RouteConfiguration routes = configs.get(listener);
                RouteTable table = table(manager, routes);
                for (int i = 0; i < GROUPS * REQUESTS; i++) {
                    String domain = "g" + i % GROUPS + ".test";
                    String host = hosts(domain).get(random.nextInt(hosts(domain).size()));
                    Answer chosen = table.answers(new Request("GET", host, "/")).getFirst();
                    VirtualHost virtualHost = named(
                            routes,
                            chosen.host().map(Answer.HostMatch::virtualHost).orElse(domain));
                    Request request = generator.request(virtualHost, host);
                    Answer answer = table.answers(request).getFirst();
                    Verdict actual = Verdict.of(envoy.send(listener, request));
                    if (!actual.equals(Verdict.of(answer))) {
                        throw disagreement(new Case(manager, routes, request));
                    }
                    assertThat(table.route(request)).isEqualTo(route(answer));
                    contested += fitting(virtualHost, answer, request) > 1 ? 1 : 0;
                    seen.merge(
                            answer.outcome().getClass().getSimpleName() + " " + actual.status()
                                    + (actual.route().isPresent() ? " by a route" : ""),
                            1,
                            Integer::sum);
                }
            }
        }
        System.out.println("random requests ended " + seen + "; more than one route fits " + contested);
        assertThat(contested).isGreaterThan(300);
        assertThat(seen.keySet())
                .contains(
                        "Forward 200 by a route",
                        "Reply 200 by a route",
                        "Reply 201 by a route",
                        "Reply 301",
                        "Reply 308 by a route",
                        "Reply 404");
    }

    private static Optional<String> route(Answer answer) {
        return switch (answer.outcome()) {
            case Forward forward -> Optional.of(forward.route());
            case Reply reply -> reply.route();
            case Unjudged unjudged -> Optional.empty();
        };
    }

    private static VirtualHost named(RouteConfiguration routes, String name) {
        return routes.getVirtualHostsList().stream()
                .filter(host -> host.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static long fitting(VirtualHost host, Answer answer, Request request) {
        return answer.path().isEmpty() || answer.host().isEmpty()
                ? 0
                : Host.of(host).contents().routes().stream()
                        .filter(rule ->
                                rule.fit(Arrived.of(request, answer.path().get())) == Fit.YES)
                        .count();
    }

    private StaticEnvoy envoy(Map<String, HttpConnectionManager> managers, Map<String, RouteConfiguration> routes)
            throws IOException {
        return new StaticEnvoy(
                Files.createDirectory(folder.resolve("envoy-" + envoys++)),
                managers,
                routes,
                Set.of(RouteGenerator.CLUSTER));
    }

    private AssertionError disagreement(Case found) throws IOException {
        Case smallest = found;
        Optional<Case> smaller = Optional.of(found);
        while (smaller.isPresent()) {
            smallest = smaller.get();
            smaller = firstThatDisagrees(smaller(smallest));
        }
        Verdict said = Verdict.of(smallest.answer());
        String actual;
        try (StaticEnvoy envoy = envoy(Map.of("l", smallest.manager()), Map.of("l", smallest.routes()))) {
            actual = envoy.send("l", smallest.request()).toString();
        }
        return new AssertionError("seed %d: %s to%n%s%nEnvoy: %s%ntable: %s%n%s"
                .formatted(
                        SEED,
                        smallest.request(),
                        JsonFormat.printer().print(smallest.routes()),
                        actual,
                        said,
                        smallest.answer()));
    }

    /** All of them are asked in one Envoy. */
    private Optional<Case> firstThatDisagrees(List<Case> cases) throws IOException {
        Map<String, HttpConnectionManager> managers = new LinkedHashMap<>();
        Map<String, RouteConfiguration> routes = new LinkedHashMap<>();
        for (int i = 0; i < cases.size(); i++) {
            managers.put("c" + i, cases.get(i).manager());
            routes.put("c" + i, cases.get(i).routes());
        }
        if (cases.isEmpty()) {
            return Optional.empty();
        }
        try (StaticEnvoy envoy = envoy(managers, routes)) {
            for (int i = 0; i < cases.size(); i++) {
                Verdict actual = Verdict.of(envoy.send("c" + i, cases.get(i).request()));
                if (!actual.equals(Verdict.of(cases.get(i).answer()))) {
                    return Optional.of(cases.get(i));
                }
            }
        }
        return Optional.empty();
    }

    /** The same without one thing: the other virtual hosts, a route, a matcher, a header, a value or a query parameter. */
    private static List<Case> smaller(Case larger) {
        List<Case> cases = new ArrayList<>();
        RouteConfiguration routes = larger.routes();
        Request request = larger.request();
        if (routes.getVirtualHostsCount() > 1) {
            for (VirtualHost host : routes.getVirtualHostsList()) {
                cases.add(new Case(
                        larger.manager(),
                        routes.toBuilder()
                                .clearVirtualHosts()
                                .addVirtualHosts(host)
                                .build(),
                        request));
            }
            return cases;
        }
        for (VirtualHost host : smaller(routes.getVirtualHosts(0))) {
            cases.add(new Case(
                    larger.manager(),
                    routes.toBuilder().setVirtualHosts(0, host).build(),
                    request));
        }
        for (Request fewer : smaller(request)) {
            cases.add(new Case(larger.manager(), routes, fewer));
        }
        return cases;
    }

    private static List<VirtualHost> smaller(VirtualHost host) {
        List<VirtualHost> hosts = new ArrayList<>();
        for (int i = 0; i < host.getRoutesCount() && host.getRoutesCount() > 1; i++) {
            hosts.add(host.toBuilder().removeRoutes(i).build());
        }
        for (int i = 0; i < host.getRoutesCount(); i++) {
            Route route = host.getRoutes(i);
            RouteMatch match = route.getMatch();
            for (int j = 0; j < match.getHeadersCount(); j++) {
                RouteMatch fewer = match.toBuilder().removeHeaders(j).build();
                hosts.add(host.toBuilder()
                        .setRoutes(i, route.toBuilder().setMatch(fewer))
                        .build());
            }
            for (int j = 0; j < match.getQueryParametersCount(); j++) {
                RouteMatch fewer = match.toBuilder().removeQueryParameters(j).build();
                hosts.add(host.toBuilder()
                        .setRoutes(i, route.toBuilder().setMatch(fewer))
                        .build());
            }
        }
        return hosts;
    }

    private static List<Request> smaller(Request request) {
        List<Request> requests = new ArrayList<>();
        request.headers().forEach((name, values) -> {
            for (int i = 0; i < values.size(); i++) {
                List<String> fewer = new ArrayList<>(values);
                fewer.remove(i);
                Map<String, List<String>> headers = new LinkedHashMap<>(request.headers());
                headers.put(name, fewer);
                requests.add(new Request(request.method(), request.host(), request.path(), request.scheme(), headers));
            }
        });
        int queryStart = request.path().indexOf('?');
        if (queryStart >= 0) {
            String path = request.path().substring(0, queryStart);
            List<String> query =
                    Arrays.asList(request.path().substring(queryStart + 1).split("&", -1));
            for (int i = 0; i < query.size(); i++) {
                List<String> fewer = new ArrayList<>(query);
                fewer.remove(i);
                requests.add(new Request(
                        request.method(),
                        request.host(),
                        path + (fewer.isEmpty() ? "" : "?") + fewer.stream().collect(Collectors.joining("&")),
                        request.scheme(),
                        request.headers()));
            }
        }
        return requests;
    }
}
