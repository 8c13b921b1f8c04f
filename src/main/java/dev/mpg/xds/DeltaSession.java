package dev.mpg.xds;

import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import dev.mpg.xds.DeltaSubscription.Pending;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The delta variant. Beside the rules of {@link Session}:
 * <ul>
 *   <li>A changed cluster's endpoints go with it even when they did not change: Envoy doesn't ask for them again, and waits.
 *   <li>The virtual hosts of a RouteConfiguration that is gone stay while the client asks for it: a listener that is being
 *       replaced, or drained of its connections for minutes, still serves them.
 *   <li>The virtual hosts of a RouteConfiguration go after it and unasked, see {@link VirtualHosts}.
 *   <li>After a refusal the client may have any part of the response, so each name in it is sent or removed explicitly with
 *       the next target.
 * </ul>
 */
final class DeltaSession extends Session<DeltaDiscoveryRequest> {
    /** In the order in which what is left over of them is removed. */
    private static final List<ResourceType> REMOVED_LAST = List.of(ResourceType.CLUSTER, ResourceType.ENDPOINT);

    private final Map<ResourceType, DeltaSubscription> subscriptions = forEachType(DeltaSubscription::new);
    private final DeltaSubscription endpoints = subscription(ResourceType.ENDPOINT);
    private final DeltaSubscription routes = subscription(ResourceType.ROUTE);
    private final DeltaSubscription hosts = subscription(ResourceType.VIRTUAL_HOST);
    private final VirtualHosts virtualHosts = new VirtualHosts(routes, hosts, this::target, doubts);
    private final Diffs diffs;
    private final UnaryOperator<Names> shared;

    /**
     * @param diffs between snapshots, shared by the streams of a fleet
     * @param shared gives the one instance of equal names that the streams of a fleet share
     * @param nanoTime see {@link Session#Session}
     */
    DeltaSession(Diffs diffs, UnaryOperator<Names> shared, Answers answers, LongSupplier nanoTime) {
        super(StreamInfo.Protocol.DELTA, answers, nanoTime);
        this.diffs = diffs;
        this.shared = shared;
    }

    /** Turns one snapshot into another. */
    @FunctionalInterface
    interface Diffs {
        SnapshotDiff between(Snapshot from, Snapshot to);
    }

    @Override
    DeltaSubscription subscription(ResourceType type) {
        DeltaSubscription subscription = subscriptions.get(type);
        if (subscription == null) {
            throw new AssertionError(type);
        }
        return subscription;
    }

    @Override
    Collection<DeltaSubscription> subscriptions() {
        return subscriptions.values();
    }

    @Override
    void receive(DeltaDiscoveryRequest request) {
        Optional<ResourceType> type = ResourceType.ofTypeUrl(request.getTypeUrl());
        if (type.isEmpty()) {
            receiveUnknown(
                    request.getTypeUrl(),
                    request.getResponseNonce(),
                    new TreeSet<>(request.getResourceNamesSubscribeList()));
            return;
        }
        DeltaSubscription subscription = subscription(type.get());
        subscribe(subscription, request);
        Pending sent = subscription.pending;
        if (sent != null && sent.nonce().equals(request.getResponseNonce())) {
            subscription.pending = null;
            if (request.hasErrorDetail()) {
                refused(subscription, sent, request.getErrorDetail().getMessage());
            } else {
                accepted(subscription, sent);
            }
        }
    }

    @Override
    Doubts doubts() {
        Doubts all = new Doubts();
        all.addAll(doubts);
        for (DeltaSubscription subscription : subscriptions.values()) {
            Pending sent = subscription.pending;
            if (sent != null) {
                all.unanswered(subscription.type, sent.change());
            }
        }
        return all;
    }

    private void accepted(DeltaSubscription subscription, Pending sent) {
        accept(subscription, sent.snapshot().configVersion().hex());
        Refusal live = subscription.liveRefusal;
        if (live != null && sent.change().names().stream().anyMatch(live.resources()::contains)) {
            subscription.liveRefusal = null;
        }
        if (!doubts.isEmpty()) {
            List<String> names = sent.change().names();
            doubts.accepted(subscription.type, subscription == hosts ? virtualHosts.kept(names) : names);
        }
        if (sent.advances()) {
            advance(subscription, sent);
        } else {
            // The answer to a question while the rest must wait: base stays, these names may be ahead of it.
            List<String> ahead = new ArrayList<>();
            for (String name : sent.change().names()) {
                if (!subscription
                        .base
                        .resource(subscription.type, name)
                        .equals(sent.snapshot().resource(subscription.type, name))) {
                    ahead.add(name);
                }
            }
            subscription.unsure = subscription.unsure.plus(ahead);
            if (subscription == routes) {
                virtualHosts.routesLost(ahead);
            }
        }
    }

    private static void advance(DeltaSubscription subscription, Pending sent) {
        subscription.base = sent.snapshot();
        subscription.leftovers = subscription.leftovers.plus(sent.leftover());
    }

    private void refused(DeltaSubscription subscription, Pending sent, String message) {
        List<String> names = sent.change().names();
        if (sent.advances() && target().content().isLive(subscription.type, names)) {
            advance(subscription, sent);
            subscription.refusedLive = subscription.refusedLive.plus(names);
            doubts.refused(subscription.type, names);
            refuseLive(subscription, message, names);
            return;
        }
        subscription.unsure = subscription.unsure.plus(names);
        doubts.refused(subscription.type, names);
        refuse(subscription, message, names, isTargets(sent.snapshot()));
        if (subscription == routes) {
            virtualHosts.routesRefused(names);
        }
    }

    @Override
    void retargeted() {
        for (DeltaSubscription subscription : subscriptions.values()) {
            Names again = subscription.retriedLive.plus(subscription.refusedLive.list());
            if (!again.isEmpty()) {
                Predicate<String> isThere = name ->
                        target().snapshot().resource(subscription.type, name).isPresent();
                subscription.unsure =
                        subscription.unsure.plus(again.filter(isThere.negate()).list());
                subscription.retriedLive = again.filter(isThere);
                subscription.refusedLive = Names.NONE;
            }
        }
    }

    private void subscribe(DeltaSubscription subscription, DeltaDiscoveryRequest request) {
        List<String> wanted = request.getResourceNamesSubscribeList();
        boolean first = !subscription.open;
        if (!first && wanted.isEmpty() && request.getResourceNamesUnsubscribeCount() == 0) {
            return;
        }
        check(wanted, subscription.names.size() + wanted.size(), request.getTypeUrl());
        List<String> names = wanted.stream()
                .filter(name -> !name.equals(ALL))
                .map(name -> target().content().sharedName(subscription.type, name))
                .toList();
        boolean all = wanted.contains(ALL) || (first && wanted.isEmpty() && maybeAll(subscription.type));
        if (first) {
            open(subscription, all, names, request.getInitialResourceVersionsMap());
        } else {
            subscription.asked = subscription.asked.plus(names);
            if (all && !subscription.wildcard) {
                Names before = subscription.names;
                subscription.asked = subscription.asked.plus(target().snapshot().resources(subscription.type).stream()
                        .map(Resource::name)
                        .filter(name -> !before.contains(name))
                        .toList());
            }
        }
        subscription.wildcard |= all;
        subscription.names = subscription.names.plus(names);
        unsubscribe(subscription, request.getResourceNamesUnsubscribeList());
        subscription.names = shared.apply(subscription.names);
    }

    private void unsubscribe(DeltaSubscription subscription, List<String> unwanted) {
        if (unwanted.isEmpty()) {
            return;
        }
        subscription.wildcard &= !unwanted.contains(ALL);
        subscription.names = subscription.names.minus(unwanted);
        subscription.asked = subscription.asked.filter(name -> covers(subscription, name));
        subscription.unsure = subscription.unsure.filter(name -> covers(subscription, name));
        subscription.leftovers = subscription.leftovers.filter(name -> covers(subscription, name));
        if (subscription == routes) {
            virtualHosts.routesUnwanted(unwanted);
        }
    }

    /** Whether a first request without names means all: so it does for the types for which Envoy sends such a one. */
    private static boolean maybeAll(ResourceType type) {
        return switch (type) {
            case CLUSTER, LISTENER, VIRTUAL_HOST -> true;
            case ENDPOINT, ROUTE, SECRET -> false;
        };
    }

    /** Begins with what the client says it has from an earlier stream. */
    private void open(DeltaSubscription subscription, boolean all, List<String> names, Map<String, String> has) {
        Snapshot snapshot = target().snapshot();
        ResourceType type = subscription.type;
        subscription.open = true;
        subscription.owesAnswer = all && (has.isEmpty() || type == ResourceType.CLUSTER);
        subscription.base = all && has.isEmpty() ? Snapshot.EMPTY : snapshot;
        List<String> asked = new ArrayList<>();
        List<String> unsure = new ArrayList<>(doubts.about(type, has));
        for (String name : names) {
            String version = has.get(name);
            if (version == null) {
                asked.add(name);
            } else if (!isVersion(snapshot.resource(type, name), version)) {
                unsure.add(name);
            }
        }
        if (all && !has.isEmpty()) {
            for (Resource resource : snapshot.resources(type)) {
                if (!resource.wireVersion().equals(has.get(resource.name()))) {
                    unsure.add(resource.name());
                }
            }
            for (String name : has.keySet()) {
                if (snapshot.resource(type, name).isEmpty()) {
                    unsure.add(name);
                }
            }
        }
        subscription.asked = subscription.asked.plus(asked);
        subscription.unsure = subscription.unsure.plus(unsure);
        if (subscription == hosts) {
            virtualHosts.said(has);
        }
    }

    private static boolean isVersion(Optional<Resource> resource, String version) {
        return resource.isPresent() && resource.get().wireVersion().equals(version);
    }

    @Override
    @Nullable
    Response advance(boolean send) {
        for (DeltaSubscription subscription : subscriptions.values()) {
            Response response = advance(subscription, send);
            if (response != null) {
                return response;
            }
        }
        if (send && breaksNow()) {
            for (ResourceType type : REMOVED_LAST) {
                Response response = remove(subscription(type));
                if (response != null) {
                    return response;
                }
            }
        }
        return null;
    }

    /**
     * Whether virtual hosts are asked for before their routes are. Envoy sends all its first requests at once, clusters before
     * all else, so when these are answered there are no routes to come.
     */
    private boolean mayBeEarly(DeltaSubscription subscription) {
        return subscription == hosts && !routes.open && !subscription(ResourceType.CLUSTER).open;
    }

    private @Nullable Response advance(DeltaSubscription subscription, boolean send) {
        boolean late = isLate(subscription.type);
        Gate gate = late ? clustersFirst() : Gate.OPEN;
        if (!subscription.open || subscription.pending != null || gate == Gate.CLOSED || mayBeEarly(subscription)) {
            return null;
        }
        boolean whole = gate == Gate.OPEN && subscription.refusal == null;
        DeltaDraft draft = new DeltaDraft(subscription, target().snapshot(), name -> maySend(subscription, name));
        if (whole) {
            SnapshotDiff.OfType diff =
                    diffs.between(subscription.base, target().snapshot()).of(subscription.type);
            Predicate<String> removals = name -> late && (subscription != hosts || !virtualHosts.isOfGoneRoute(name));
            draft.add(
                    diff,
                    removals,
                    name -> (subscription != hosts || !virtualHosts.comesWithItsRoute(name))
                            && !subscription.retriedLive.contains(name));
            draft.add(subscription.unsure, removals);
            draft.add(subscription.leftovers, removals);
        }
        draft.add(subscription.asked, name -> true);
        Names followed = subscription == hosts ? virtualHosts.routesToFollow() : Names.NONE;
        if (subscription == hosts) {
            virtualHosts.addTo(draft, followed);
        }
        Change change = draft.change();
        if (!send && (!change.isEmpty() || subscription.owesAnswer)) {
            return null;
        }
        Names asked = subscription.asked;
        subscription.asked = Names.NONE;
        if (whole) {
            subscription.unsure = Names.NONE;
            subscription.leftovers = draft.later();
        }
        if (subscription == hosts) {
            virtualHosts.sent(followed);
        }
        if (change.isEmpty() && !subscription.owesAnswer) {
            if (whole) {
                subscription.base = target().snapshot();
                subscription.leftovers = subscription.leftovers.plus(draft.leftover());
            }
            return whole && send ? retryLive(subscription) : null;
        }
        subscription.owesAnswer = false;
        bringAlong(subscription, change, asked);
        Response response = respond(subscription, change);
        subscription.pending = new Pending(
                response.nonce(),
                change,
                target().snapshot(),
                kind(subscription, change, whole, asked),
                draft.leftover());
        return response;
    }

    /** What was refused of live data, if it is to be tried again. */
    private @Nullable Response retryLive(DeltaSubscription subscription) {
        if (subscription.retriedLive.isEmpty()) {
            return null;
        }
        DeltaDraft draft = new DeltaDraft(subscription, target().snapshot(), name -> maySend(subscription, name));
        draft.add(subscription.retriedLive, name -> true);
        subscription.retriedLive = Names.NONE;
        Change change = draft.change();
        if (change.isEmpty()) {
            return null;
        }
        Response response = respond(subscription, change);
        subscription.pending = new Pending(
                response.nonce(), change, target().snapshot(), DeltaSubscription.Kind.LIVE, draft.leftover());
        return response;
    }

    private DeltaSubscription.Kind kind(DeltaSubscription subscription, Change change, boolean whole, Names asked) {
        if (!whole) {
            return DeltaSubscription.Kind.ANSWER;
        }
        Snapshot target = target().snapshot();
        boolean live = asked.isEmpty()
                && subscription.base.configVersion().equals(target.configVersion())
                && target().content().isLive(subscription.type, change.names());
        return live ? DeltaSubscription.Kind.LIVE : DeltaSubscription.Kind.WHOLE;
    }

    @Override
    boolean hasLeftovers() {
        // One after the other: a client that has lost a cluster doesn't ask for its endpoints any more.
        return subscriptions.values().stream().allMatch(subscription -> subscription.pending == null)
                && REMOVED_LAST.stream().anyMatch(type -> hasLeftovers(subscription(type)));
    }

    private static boolean hasLeftovers(DeltaSubscription subscription) {
        return subscription.open && !subscription.leftovers.isEmpty();
    }

    /** Removes what nothing refers to any more. */
    private @Nullable Response remove(DeltaSubscription subscription) {
        if (!hasLeftovers(subscription)) {
            return null;
        }
        Change change = new Change(List.of(), subscription.leftovers.list());
        subscription.leftovers = Names.NONE;
        Response response = respond(subscription, change);
        subscription.pending =
                new Pending(response.nonce(), change, target().snapshot(), DeltaSubscription.Kind.LAST, List.of());
        return response;
    }

    private Response respond(DeltaSubscription subscription, Change change) {
        return response(subscription, target().content().version(), change);
    }

    /** Marks what must go along with a response of this type that is sent now. */
    private void bringAlong(DeltaSubscription subscription, Change change, Names asked) {
        boolean hasClusters = endpoints.open || !subscription.base.equals(Snapshot.EMPTY);
        if (subscription.type == ResourceType.CLUSTER && hasClusters) {
            List<String> names = change.upserted().stream()
                    .flatMap(cluster -> target().content().endpointName(cluster).stream())
                    .filter(name -> !endpoints.open || covers(endpoints, name))
                    .toList();
            Predicate<String> refused =
                    name -> endpoints.refusedLive.contains(name) || endpoints.retriedLive.contains(name);
            endpoints.asked =
                    endpoints.asked.plus(names.stream().filter(refused.negate()).toList());
            endpoints.retriedLive =
                    endpoints.retriedLive.plus(names.stream().filter(refused).toList());
        } else if (subscription == routes) {
            virtualHosts.routesSent(change.upserted(), asked);
        }
    }

    /** Whether the client wants to hear of the resource with this name: that a secret is gone it doesn't. */
    private boolean maySend(DeltaSubscription subscription, String name) {
        return covers(subscription, name)
                && (subscription.type != ResourceType.SECRET
                        || target().snapshot().resource(subscription.type, name).isPresent());
    }

    /** Whether the client wants the resource with this name. */
    private boolean covers(DeltaSubscription subscription, String name) {
        return subscription == hosts ? virtualHosts.covers(name) : subscription.covers(name);
    }
}
