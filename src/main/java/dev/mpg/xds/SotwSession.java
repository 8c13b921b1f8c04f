package dev.mpg.xds;

import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.xds.SotwSubscription.Pending;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The state-of-the-world variant: a response holds all that a subscription covers, and its version is the hash of just that,
 * so a client that comes back with the same version and names is sent nothing. Beside the rules of {@link Session}:
 * <ul>
 *   <li>Clusters that are gone stay in the response until listeners and routes are accepted and in effect.
 *   <li>Secrets that are gone stay in the response, and there is none without any: Envoy refuses one that has none for it.
 *   <li>RouteConfigurations carry their virtual hosts.
 *   <li>A listener that is asked for by name is for a gRPC client, see {@link ApiListener}.
 * </ul>
 */
final class SotwSession extends Session<DiscoveryRequest> {
    private final Map<ResourceType, SotwSubscription> subscriptions = forEachType(SotwSubscription::new);
    private final SotwSubscription clusters = subscription(ResourceType.CLUSTER);
    private final SotwSubscription endpoints = subscription(ResourceType.ENDPOINT);
    private final UnaryOperator<Names> shared;

    /**
     * @param shared gives the one instance of equal names that the streams of a fleet share
     * @param nanoTime see {@link Session#Session}
     */
    SotwSession(UnaryOperator<Names> shared, Answers answers, LongSupplier nanoTime) {
        super(StreamInfo.Protocol.SOTW, answers, nanoTime);
        this.shared = shared;
    }

    @Override
    SotwSubscription subscription(ResourceType type) {
        SotwSubscription subscription = subscriptions.get(type);
        if (subscription == null) {
            throw new AssertionError(type);
        }
        return subscription;
    }

    @Override
    Collection<SotwSubscription> subscriptions() {
        return subscriptions.values();
    }

    @Override
    void receive(DiscoveryRequest request) {
        Optional<ResourceType> type = ResourceType.ofTypeUrl(request.getTypeUrl());
        // Virtual hosts are a type of the delta variant only.
        if (type.isEmpty() || type.get() == ResourceType.VIRTUAL_HOST) {
            receiveUnknown(request.getTypeUrl(), request.getResponseNonce(), Set.of());
            return;
        }
        SotwSubscription subscription = subscription(type.get());
        if (subscription.open && !request.getResponseNonce().equals(subscription.nonce)) {
            return; // It crossed a response; the answer to that one will say all again.
        }
        boolean first = !subscription.open;
        Pending sent = subscription.pending;
        if (!first && sent != null) {
            answered(subscription, sent, request);
        }
        subscribe(subscription, request.getResourceNamesList(), first);
        if (first) {
            open(subscription, request.getVersionInfo());
        }
    }

    @Override
    Doubts doubts() {
        Doubts all = new Doubts();
        all.addAll(doubts);
        for (SotwSubscription subscription : subscriptions.values()) {
            Pending sent = subscription.pending;
            if (sent != null) {
                all.unanswered(subscription.type, ALL, sent.version());
            }
        }
        return all;
    }

    private void answered(SotwSubscription subscription, Pending sent, DiscoveryRequest request) {
        subscription.pending = null;
        if (request.hasErrorDetail()) {
            List<String> names = sent.resources().stream().map(Resource::name).toList();
            doubts.refused(subscription.type, List.of(ALL));
            if (sent.live() || target().content().isLive(subscription.type, names)) {
                Set<Resource> known = new HashSet<>(covered(subscription, subscription.has));
                List<String> changed = sent.resources().stream()
                        .filter(resource -> !known.contains(resource))
                        .map(Resource::name)
                        .toList();
                // All is sent again with the next live data, whatever it has until then.
                subscription.has = sent.resources();
                subscription.hasNames = sent.names();
                refuseLive(subscription, request.getErrorDetail().getMessage(), changed);
                return;
            }
            subscription.has = null;
            refuse(subscription, request.getErrorDetail().getMessage(), names, isTargets(sent.snapshot()));
        } else {
            accept(subscription, sent.version());
            subscription.liveRefusal = null;
            doubts.accepted(subscription.type, List.of(ALL));
            subscription.has = sent.resources();
            subscription.hasNames = sent.names();
        }
    }

    @Override
    void retargeted() {}

    private void subscribe(SotwSubscription subscription, List<String> wanted, boolean first) {
        check(wanted, wanted.size(), subscription.type.typeUrl());
        boolean all = wanted.contains(ALL) || (first && wanted.isEmpty() && maybeAll(subscription.type));
        boolean stays = subscription.wildcard && wanted.isEmpty();
        if (all && !subscription.wildcard && !first) {
            subscription.owesAnswer = true;
        }
        subscription.wildcard = all || stays;
        List<String> names = wanted.stream()
                .filter(name -> !name.equals(ALL))
                .map(name -> target().content().sharedName(subscription.type, name))
                .toList();
        Names now = Names.of(names);
        if (!now.equals(subscription.names)) {
            subscription.names = shared.apply(now);
            subscription.arrived = null;
        }
    }

    private static boolean maybeAll(ResourceType type) {
        return type == ResourceType.CLUSTER || type == ResourceType.LISTENER;
    }

    private void open(SotwSubscription subscription, String version) {
        subscription.open = true;
        subscription.owesAnswer |= version.isEmpty() && (subscription.wildcard || !subscription.names.isEmpty());
        List<Resource> resources = resources(subscription);
        boolean trusted = doubts.about(subscription.type, Map.of(ALL, version)).isEmpty();
        if (!version.isEmpty()
                && trusted
                && version.equals(target().content().versionOf(subscription.type, resources))) {
            subscription.acked = version;
            subscription.has = resources;
            subscription.hasNames = subscription.names;
        }
    }

    @Override
    @Nullable
    Response advance(boolean send) {
        for (SotwSubscription subscription : subscriptions.values()) {
            Response response = advance(subscription, send);
            if (response != null) {
                return response;
            }
        }
        if (send && breaksNow()) {
            clusters.lingers = false;
            return send(clusters, resources(clusters), true);
        }
        return null;
    }

    @Override
    boolean hasLeftovers() {
        return clusters.open && clusters.pending == null && clusters.lingers;
    }

    private @Nullable Response advance(SotwSubscription subscription, boolean send) {
        if (!subscription.open || subscription.pending != null || subscription.refusal != null) {
            return null;
        }
        Gate gate = isLate(subscription.type) ? clustersFirst() : Gate.OPEN;
        if (gate == Gate.CLOSED) {
            return null;
        } else if (gate == Gate.REFUSED) {
            return send ? meanwhile(subscription) : null;
        }
        if (!subscription.owesAnswer && subscription.isArrived(target().snapshot())) {
            return null;
        }
        List<Resource> resources = resources(subscription);
        List<Resource> lingering = lingering(subscription, resources);
        subscription.lingers = !lingering.isEmpty();
        List<Resource> all = lingering.isEmpty() ? resources : merge(resources, lingering);
        boolean waits = subscription.type == ResourceType.SECRET && all.isEmpty();
        if (waits || (!subscription.owesAnswer && !wantsMore(subscription) && isKnown(subscription, all))) {
            subscription.owesAnswer = false;
            subscription.arrived = target().snapshot();
            subscription.has = all;
            subscription.hasNames = subscription.names;
            return null;
        }
        return send ? send(subscription, all, false) : null;
    }

    /** Whether nothing has to be sent. Of listeners and clusters that includes that none is gone. */
    private static boolean isKnown(SotwSubscription subscription, List<Resource> resources) {
        List<Resource> known = covered(subscription, subscription.has);
        boolean fewer = switch (subscription.type) {
            case CLUSTER, LISTENER, VIRTUAL_HOST -> false;
            case ENDPOINT, ROUTE, SECRET -> true;
        };
        return resources.equals(known) || (fewer && new HashSet<>(known).containsAll(resources));
    }

    /** While the target's clusters are refused, a client that waits for an answer gets one, but nothing else changes. */
    private @Nullable Response meanwhile(SotwSubscription subscription) {
        if (!subscription.owesAnswer && (subscription.has == null || !wantsMore(subscription))) {
            return null;
        }
        List<Resource> more = subscription.wildcard
                ? List.of()
                : resources(subscription).stream()
                        .filter(resource -> !subscription.hasNames.contains(resource.name()))
                        .toList();
        return send(subscription, merge(more, covered(subscription, subscription.has)), false);
    }

    private boolean wantsMore(SotwSubscription subscription) {
        return subscription.has == null || !subscription.hasNames.containsAll(subscription.names);
    }

    private Response send(SotwSubscription subscription, List<Resource> resources, boolean last) {
        if (subscription == clusters) {
            bringEndpoints(resources);
        }
        subscription.owesAnswer = false;
        String version = target().content().versionOf(subscription.type, resources);
        Response response = response(subscription, version, new Change(resources, List.of()));
        subscription.nonce = response.nonce();
        boolean live = bringsOnlyLiveData(subscription, resources);
        subscription.arrived = target().snapshot();
        subscription.pending = new Pending(target().snapshot(), version, resources, subscription.names, last, live);
        return response;
    }

    private boolean bringsOnlyLiveData(SotwSubscription subscription, List<Resource> resources) {
        if (subscription.arrived == null || !isTargets(subscription.arrived) || wantsMore(subscription)) {
            return false;
        }
        Set<Resource> known = new HashSet<>(covered(subscription, subscription.has));
        List<String> changed = resources.stream()
                .filter(resource -> !known.contains(resource))
                .map(Resource::name)
                .toList();
        return target().content().isLive(subscription.type, changed);
    }

    /** The endpoints of changed clusters must go with them: Envoy waits for them. */
    private void bringEndpoints(List<Resource> sent) {
        List<Resource> before = clusters.has;
        if (before == null && !endpoints.open && clusters.owesAnswer) {
            return; // The client begins: it will ask.
        }
        Set<Resource> known = before == null ? Set.of() : new HashSet<>(before);
        endpoints.owesAnswer |= sent.stream()
                .filter(cluster -> !known.contains(cluster))
                .flatMap(cluster -> target().content().endpointName(cluster).stream())
                .anyMatch(name -> !endpoints.open || endpoints.wildcard || endpoints.names.contains(name));
    }

    /** What the target has for the subscription. */
    private List<Resource> resources(SotwSubscription subscription) {
        Content content = target().content();
        return switch (subscription.type) {
            case LISTENER ->
                subscription.wildcard
                        ? content.snapshot().resources(ResourceType.LISTENER)
                        : ApiListener.forNames(content.snapshot(), subscription.names);
            case ROUTE -> covered(subscription, content.routesWithHosts());
            case CLUSTER, ENDPOINT, VIRTUAL_HOST, SECRET ->
                covered(subscription, content.snapshot().resources(subscription.type));
        };
    }

    private static List<Resource> covered(SotwSubscription subscription, @Nullable List<Resource> resources) {
        if (resources == null || subscription.wildcard) {
            return resources == null ? List.of() : resources;
        }
        List<Resource> covered = resources.stream()
                .filter(r -> subscription.names.contains(r.name()))
                .toList();
        return covered.size() == resources.size() ? resources : covered;
    }

    /** What the client has and the target hasn't, but which the client may still use. */
    private List<Resource> lingering(SotwSubscription subscription, List<Resource> resources) {
        boolean used = switch (subscription.type) {
            case CLUSTER -> subscription(ResourceType.LISTENER).open || subscription(ResourceType.ROUTE).open;
            case SECRET -> true;
            case ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST -> false;
        };
        if (subscription.has == null || !used) {
            return List.of();
        }
        Set<String> names = new TreeSet<>();
        resources.forEach(resource -> names.add(resource.name()));
        return covered(subscription, subscription.has).stream()
                .filter(resource -> !names.contains(resource.name()))
                .toList();
    }

    private static List<Resource> merge(List<Resource> resources, List<Resource> more) {
        Map<String, Resource> all = new TreeMap<>();
        more.forEach(resource -> all.put(resource.name(), resource));
        resources.forEach(resource -> all.put(resource.name(), resource));
        return new ArrayList<>(all.values());
    }
}
