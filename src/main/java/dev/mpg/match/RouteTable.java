package dev.mpg.match;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.match.Answer.Attempt;
import dev.mpg.match.Answer.Fit;
import dev.mpg.match.Answer.HostMatch;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.config.route.v3.VirtualHost.TlsRequirementType;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which route of a snapshot takes which request, as Envoy 1.40 decides it. Immutable; safe to share between threads.
 *
 * <p>Made once per snapshot, in one pass over its listeners, route configurations and the domains of its virtual hosts. A
 * request then costs a lookup per length of wildcard domains and the routes that are tried; the first one that belongs to a
 * virtual host also reads that and compiles its regexes. What depends on a field that isn't understood is {@link Outcome.Unjudged}, never guessed. Of
 * a snapshot that gateways refuse nothing is promised.
 */
public final class RouteTable {
    private static final String CONNECTION_MANAGER_TYPE =
            HttpConnectionManager.getDescriptor().getFullName();

    private static final Set<Integer> DECIDING_IN_MANAGER = Set.of(
            HttpConnectionManager.SCOPED_ROUTES_FIELD_NUMBER,
            HttpConnectionManager.STRIP_MATCHING_HOST_PORT_FIELD_NUMBER,
            HttpConnectionManager.STRIP_TRAILING_HOST_DOT_FIELD_NUMBER,
            HttpConnectionManager.EARLY_HEADER_MUTATION_EXTENSIONS_FIELD_NUMBER,
            HttpConnectionManager.PATH_NORMALIZATION_OPTIONS_FIELD_NUMBER,
            HttpConnectionManager.SCHEME_HEADER_TRANSFORMATION_FIELD_NUMBER,
            HttpConnectionManager.ADD_USER_AGENT_FIELD_NUMBER,
            HttpConnectionManager.TYPED_HEADER_VALIDATION_CONFIG_FIELD_NUMBER);
    private static final Set<Integer> DECIDING_IN_CONFIGURATION = Set.of(
            RouteConfiguration.IGNORE_PATH_PARAMETERS_IN_PATH_MATCHING_FIELD_NUMBER,
            RouteConfiguration.INTERNAL_ONLY_HEADERS_FIELD_NUMBER);

    private final List<Entrance> entrances;
    private final Actions actions;

    private RouteTable(List<Entrance> entrances, Actions actions) {
        this.entrances = entrances;
        this.actions = actions;
    }

    /** What listeners have that decides over requests. Those that have the same are one {@link Entrance}. */
    private record Setup(
            PathNormalization paths,
            HeadersWithUnderscoresAction underscores,
            boolean stripsPort,
            Optional<RouteConfiguration> routes,
            Optional<String> foreign,
            Caveats caveats) {}

    /** @param hosts of the setup's routes */
    private record Entrance(List<String> listeners, Setup setup, Hosts hosts) {}

    /**
     * The routes of this snapshot.
     *
     * @throws IllegalArgumentException when a resource cannot be read
     */
    public static RouteTable of(Snapshot snapshot) {
        Map<Setup, List<String>> listeners = new LinkedHashMap<>();
        for (Resource resource : snapshot.resources(ResourceType.LISTENER)) {
            setups(listener(resource), snapshot)
                    .forEach((name, setup) -> listeners
                            .computeIfAbsent(setup, _ -> new ArrayList<>())
                            .add(name));
        }
        Map<RouteConfiguration, Hosts> hosts = new HashMap<>();
        List<Entrance> entrances = new ArrayList<>();
        listeners.forEach((setup, names) -> {
            RouteConfiguration routes = setup.routes().orElse(RouteConfiguration.getDefaultInstance());
            entrances.add(new Entrance(
                    names, setup, hosts.computeIfAbsent(routes, _ -> new Hosts(hosts(routes, snapshot)))));
        });
        return new RouteTable(List.copyOf(entrances), Actions.of(snapshot));
    }

    private static Listener listener(Resource resource) {
        try {
            return Listener.parseFrom(resource.bytes());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(resource + " is not what a config compiles to", e);
        }
    }

    /** By the names under which answers speak of them. */
    private static Map<String, Setup> setups(Listener listener, Snapshot snapshot) {
        Map<String, Setup> setups = new LinkedHashMap<>();
        List<FilterChain> chains = listener.getFilterChainsList();
        for (int i = 0; i < chains.size(); i++) {
            String chain = chains.get(i).getName();
            String name = listener.getName() + "/" + (chain.isEmpty() ? i : chain);
            manager(chains.get(i)).ifPresent(manager -> setups.put(name, setup(manager, snapshot)));
        }
        manager(listener.getDefaultFilterChain())
                .ifPresent(manager -> setups.put(listener.getName() + "/default", setup(manager, snapshot)));
        return switch (setups.size()) {
            case 0 -> Map.of(listener.getName(), withoutRoutes("listener " + listener.getName() + " takes no HTTP"));
            case 1 -> Map.of(listener.getName(), setups.values().iterator().next());
            default -> setups;
        };
    }

    private static Setup withoutRoutes(String why) {
        return new Setup(
                PathNormalization.of(HttpConnectionManager.getDefaultInstance()),
                HeadersWithUnderscoresAction.ALLOW,
                false,
                Optional.empty(),
                Optional.of(why),
                Caveats.NONE);
    }

    private static Optional<HttpConnectionManager> manager(FilterChain chain) {
        return chain.getFiltersList().stream()
                .map(Filter::getTypedConfig)
                .filter(config -> isOfType(config, CONNECTION_MANAGER_TYPE))
                .findFirst()
                .map(config -> {
                    try {
                        return HttpConnectionManager.parseFrom(config.getValue());
                    } catch (InvalidProtocolBufferException e) {
                        throw new IllegalArgumentException("a connection manager cannot be read", e);
                    }
                });
    }

    private static boolean isOfType(Any any, String type) {
        return any.getTypeUrl().endsWith("/" + type);
    }

    private static Setup setup(HttpConnectionManager manager, Snapshot snapshot) {
        Optional<String> foreign =
                Foreign.oneOf(DECIDING_IN_MANAGER, manager).map(field -> "the connection manager uses " + field);
        String rds = manager.getRds().getRouteConfigName();
        Optional<RouteConfiguration> routes = manager.hasRouteConfig()
                ? Optional.of(manager.getRouteConfig())
                : snapshot.resource(ResourceType.ROUTE, rds).map(RouteTable::configuration);
        if (foreign.isEmpty()) {
            foreign = routes.isEmpty()
                    ? Optional.of("there is no route configuration " + rds)
                    : Foreign.oneOf(DECIDING_IN_CONFIGURATION, routes.get())
                            .map(field -> "the route configuration uses " + field);
        }
        return new Setup(
                PathNormalization.of(manager),
                manager.getCommonHttpProtocolOptions().getHeadersWithUnderscoresAction(),
                manager.getStripAnyHostPort(),
                routes,
                foreign,
                Caveats.of(manager));
    }

    private static RouteConfiguration configuration(Resource resource) {
        try {
            return RouteConfiguration.parseFrom(resource.bytes());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(resource + " is not what a config compiles to", e);
        }
    }

    /** Its own ones, and with VHDS those that are named like it. */
    private static List<Host> hosts(RouteConfiguration routes, Snapshot snapshot) {
        Stream<Host> own = routes.getVirtualHostsList().stream().map(Host::of);
        Stream<Host> discovered = snapshot.resources(ResourceType.VIRTUAL_HOST).stream()
                .filter(resource -> routes.hasVhds() && resource.name().startsWith(routes.getName() + "/"))
                .map(Host::of);
        return Stream.concat(own, discovered).toList();
    }

    /** What each listener does with this request. Those that do the same for the same reasons are one answer. */
    public List<Answer> answers(Request request) {
        return entrances.stream()
                .map(entrance -> new Search(entrance, request, true).answer())
                .toList();
    }

    /**
     * The name of the route that takes this request, for those who ask often: no words are made. Empty when none does, when
     * listeners differ, and when that can't be judged.
     */
    public Optional<String> route(Request request) {
        Optional<String> route = Optional.empty();
        for (int i = 0; i < entrances.size(); i++) {
            Optional<String> taker = new Search(entrances.get(i), request, false).taker();
            if (i > 0 && !taker.equals(route)) {
                return Optional.empty();
            }
            route = taker;
        }
        return route;
    }

    /** What follows the last colon, unless that is within an IPv6 address, as Envoy has it. */
    private static String withoutPort(String host) {
        int colon = host.lastIndexOf(':');
        return colon < 0 || host.lastIndexOf(']') > colon ? host : host.substring(0, colon);
    }

    /** One request's way through an entrance, with what was found on it. */
    private final class Search {
        private final Entrance entrance;
        private final Request request;
        /** Whether somebody wants to know why. */
        private final boolean explains;

        private final List<Attempt> tried = new ArrayList<>();
        private boolean byHeaders;
        private @Nullable Arrived arrived;
        private Hosts.@Nullable Found host;
        private @Nullable RouteRule taker;

        Search(Entrance entrance, Request request, boolean explains) {
            this.entrance = entrance;
            this.request = entrance.setup().stripsPort()
                    ? new Request(
                            request.method(),
                            withoutPort(request.host()),
                            request.path(),
                            request.scheme(),
                            request.headers())
                    : request;
            this.explains = explains;
        }

        Answer answer() {
            Setup setup = entrance.setup();
            Outcome withoutRoute = find();
            Arrived matched = arrived;
            RouteRule rule = taker;
            VirtualHost virtualHost = host == null
                    ? VirtualHost.getDefaultInstance()
                    : host.host().contents().message();
            return new Answer(
                    entrance.listeners(),
                    matched == null ? Optional.empty() : Optional.of(matched.path()),
                    host == null
                            ? Optional.empty()
                            : Optional.of(new HostMatch(virtualHost.getName(), host.domain(), host.specificity())),
                    tried,
                    rule != null && matched != null
                            ? actions.outcome(rule, matched)
                            : requireNonNull(withoutRoute, "neither a route nor what else"),
                    setup.caveats()
                            .of(
                                    request,
                                    setup.routes().orElse(RouteConfiguration.getDefaultInstance()),
                                    virtualHost,
                                    rule == null ? Route.getDefaultInstance() : rule.route()),
                    byHeaders);
        }

        Optional<String> taker() {
            find();
            return taker == null ? Optional.empty() : Optional.of(taker.name());
        }

        /** What becomes of the request without a route; null when one takes it, which is {@link #taker} then. */
        private @Nullable Outcome find() {
            Setup setup = entrance.setup();
            if (setup.foreign().isPresent()) {
                return new Outcome.Unjudged(setup.foreign().get());
            }
            if (setup.underscores() != HeadersWithUnderscoresAction.ALLOW
                    && !request.headers().isEmpty()) {
                Optional<String> underscored = request.headers().keySet().stream()
                        .filter(name -> name.indexOf('_') >= 0)
                        .sorted()
                        .findFirst();
                if (underscored.isPresent()) {
                    return setup.underscores() == HeadersWithUnderscoresAction.REJECT_REQUEST
                            ? Outcome.Reply.withoutRoute(400, "header " + underscored.get() + " has an underscore")
                            : new Outcome.Unjudged("the connection manager drops header " + underscored.get());
                }
            }
            return switch (setup.paths().apply(request.path())) {
                case PathNormalization.Result.Answered(Outcome.Reply reply) -> reply;
                case PathNormalization.Result.Matchable(String matchable) -> {
                    arrived = Arrived.of(request, matchable);
                    yield chooseHost(arrived);
                }
            };
        }

        private @Nullable Outcome chooseHost(Arrived arrived) {
            boolean ignoresPort = entrance.setup()
                    .routes()
                    .map(RouteConfiguration::getIgnorePortInHostMatching)
                    .orElse(false);
            String name = ignoresPort ? withoutPort(request.host()) : request.host();
            Optional<Hosts.Found> found = entrance.hosts().find(name);
            if (found.isEmpty()) {
                return Outcome.Reply.withoutRoute(404, "no virtual host takes the host " + name);
            }
            Host.Contents chosen = found.get().host().contents();
            host = found.get();
            if (chosen.foreign().isPresent()) {
                return new Outcome.Unjudged(
                        "the virtual host uses " + chosen.foreign().get());
            }
            return chosen.message().getRequireTls() != TlsRequirementType.NONE
                            && !request.scheme().equals("https")
                    ? toHttps(arrived)
                    : chooseRoute(chosen.routes(), arrived);
        }

        private static Outcome toHttps(Arrived arrived) {
            return new Outcome.Reply(
                    301,
                    "the virtual host requires TLS",
                    Optional.empty(),
                    Optional.of("https://" + arrived.request().host() + arrived.target()));
        }

        private @Nullable Outcome chooseRoute(List<RouteRule> routes, Arrived arrived) {
            for (RouteRule rule : routes) {
                Fit fit = rule.fit(arrived);
                if (explains) {
                    tried.add(rule.attempt(arrived, fit));
                    byHeaders |= rule.looksAtHeaders();
                }
                switch (fit) {
                    case YES -> {
                        taker = rule;
                        return null;
                    }
                    case UNJUDGED -> {
                        return new Outcome.Unjudged("route " + rule.name() + ": " + rule.unjudged());
                    }
                    case NO -> {}
                }
            }
            return Outcome.Reply.withoutRoute(404, "no route of the virtual host fits; others are not looked at");
        }
    }
}
