package dev.mpg.xds;

import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Which virtual hosts a delta client should be sent. It asks for them once, without names, and means those of the
 * RouteConfigurations that it asks for; it ignores others but accepts them, and would say on its next stream that it has
 * them. So they go after their RouteConfiguration, all of them whenever the client gets that anew, and are removed when the
 * client doesn't want it any more.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds">VHDS</a>
 */
final class VirtualHosts {
    private static final String NO_HOSTS = "/none";

    private final DeltaSubscription routes;
    private final DeltaSubscription hosts;
    private final Supplier<Target> target;
    private final Doubts doubts;

    VirtualHosts(DeltaSubscription routes, DeltaSubscription hosts, Supplier<Target> target, Doubts doubts) {
        this.routes = routes;
        this.hosts = hosts;
        this.target = target;
        this.doubts = doubts;
    }

    /** Whether the client wants the virtual host with this name. */
    boolean covers(String host) {
        return hosts.names.contains(host) || (hosts.wildcard && routes.covers(Content.routeOf(host)));
    }

    /** Whether the virtual host is, or will be, sent together with all others of its RouteConfiguration. */
    boolean comesWithItsRoute(String host) {
        String route = Content.routeOf(host);
        return !wasSent(route) || routes.asked.contains(route) || hosts.askedRoutes.contains(route);
    }

    /** Whether the target has no such RouteConfiguration any more. */
    boolean isOfGoneRoute(String host) {
        return !isIn(target.get().snapshot(), Content.routeOf(host));
    }

    private boolean wasSent(String route) {
        return isIn(routes.base, route) || (routes.pending != null && isIn(routes.pending.snapshot(), route));
    }

    private static boolean isIn(Snapshot snapshot, String route) {
        return snapshot.resource(ResourceType.ROUTE, route).isPresent();
    }

    /** RouteConfigurations that the client was sent as they are now, so that their virtual hosts may follow. */
    Names routesToFollow() {
        return hosts.askedRoutes.filter(route -> wasSent(route)
                && routes.covers(route)
                && !routes.asked.contains(route)
                && !routes.unsure.contains(route));
    }

    /** Adds all virtual hosts of these RouteConfigurations, and what must be removed whatever the client wants. */
    void addTo(DeltaDraft draft, Names routesToFollow) {
        for (String route : routesToFollow.list()) {
            List<Resource> all = target.get().content().hostsOf(route);
            all.forEach(draft::add);
            Optional<Resource> resource = target.get().snapshot().resource(ResourceType.ROUTE, route);
            if (all.isEmpty() && resource.isPresent() && RouteComposition.usesVhds(resource.get())) {
                draft.remove(route + NO_HOSTS); // An Envoy that has just got the route waits for anything about it.
            }
        }
        for (String host : hosts.orphans.list()) {
            if (!covers(host)) {
                draft.remove(host);
            } else if (isOfGoneRoute(host)) {
                draft.leave(host);
            } else if (target.get()
                    .snapshot()
                    .resource(ResourceType.VIRTUAL_HOST, host)
                    .isEmpty()) {
                draft.remove(host);
            }
        }
    }

    /** What {@link #addTo} added is sent now. */
    void sent(Names routesFollowed) {
        hosts.orphans = Names.NONE;
        hosts.askedRoutes = hosts.askedRoutes.filter(
                route -> routes.covers(route) && !routesFollowed.contains(route) && !isKnownGone(route));
    }

    /** Whether there is no such RouteConfiguration any more, although a listener that is being drained still asks for it. */
    private boolean isKnownGone(String route) {
        Snapshot snapshot = target.get().snapshot();
        return routes.has(snapshot) && !isIn(snapshot, route);
    }

    /** These RouteConfigurations are sent now; the client waits for those in {@code asked}. */
    void routesSent(List<Resource> sent, Names asked) {
        routesLost(sent.stream()
                .filter(route -> asked.contains(route.name()) || !isIn(routes.base, route.name()) || lacksHosts(route))
                .map(Resource::name)
                .toList());
    }

    private boolean lacksHosts(Resource route) {
        return target.get().content().hostsOf(route.name()).isEmpty() && RouteComposition.usesVhds(route);
    }

    /** The client may have none of the virtual hosts of these RouteConfigurations. */
    void routesLost(Collection<String> lost) {
        hosts.askedRoutes = hosts.askedRoutes.plus(lost);
    }

    /** The client may have applied any of these, and says it has all that it had. */
    void routesRefused(Collection<String> refused) {
        routesLost(refused);
        refused.forEach(route -> doubts.refused(ResourceType.VIRTUAL_HOST, hostsSaid(route)));
    }

    /** The client doesn't want these any more and has dropped their virtual hosts, but says that it has them. */
    void routesUnwanted(Collection<String> unwanted) {
        hosts.askedRoutes = hosts.askedRoutes.filter(routes::covers);
        for (String route : unwanted) {
            if (!routes.covers(route)) {
                Set<String> names = hostsSaid(route);
                hosts.orphans = hosts.orphans.plus(names);
                doubts.refused(ResourceType.VIRTUAL_HOST, names);
            }
        }
    }

    /** All virtual hosts of this RouteConfiguration that the client may say it has. */
    private Set<String> hostsSaid(String route) {
        Set<String> names = new HashSet<>(Content.hostNames(hosts.base, route));
        if (hosts.pending != null) {
            names.addAll(Content.hostNames(hosts.pending.snapshot(), route));
        }
        Stream.concat(hosts.unsure.list().stream(), hosts.leftovers.list().stream())
                .filter(name -> Content.routeOf(name).equals(route))
                .forEach(names::add);
        return names;
    }

    /** The client says on a new stream that it has these. */
    void said(Map<String, String> has) {
        hosts.orphans = hosts.orphans.plus(has.keySet().stream()
                .map(name -> target.get().content().sharedName(ResourceType.VIRTUAL_HOST, name))
                .toList());
    }

    /** Of the virtual hosts that the client has accepted, those that it has applied too. */
    List<String> kept(List<String> accepted) {
        return accepted.stream()
                .filter(host -> !hosts.askedRoutes.contains(Content.routeOf(host)) && !hosts.orphans.contains(host))
                .toList();
    }
}
