package dev.mpg.xds;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The protocol state of one stream: requests and targets go in, responses come out. It knows no gRPC and no timer, see
 * {@link #waitNanos}. Not thread-safe.
 *
 * <p>What it guarantees, whatever goes in:
 * <ul>
 *   <li>at most one response per type is unanswered; what comes meanwhile is merged, the last target wins;
 *   <li>on a change, make before break: new clusters and endpoints; when these are accepted listeners, routes and virtual
 *       hosts; when these are accepted and in effect the removal of clusters and endpoints. Nothing uses these then, so the
 *       report doesn't wait for it;
 *   <li>what was refused isn't sent again, nor what comes after it, until there is another config;
 *   <li>live data goes at once, holds up no config and is no part of the report; what was refused of it goes again when any
 *       of it changes;
 *   <li>a secret is sent as soon as it is there, and its absence never is: Envoy keeps what asks for it warming, for as long as
 *       it waits for a first answer, and what has an earlier one keeps that.
 * </ul>
 *
 * @param <Q> the request message
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol">The xDS protocol</a>
 */
abstract sealed class Session<Q> permits DeltaSession, SotwSession {
    /** Of one type on one stream. */
    static final int MAX_NAMES = 100_000;

    static final int MAX_NAME_LENGTH = 2_048;

    /**
     * From the answer to listeners, routes or virtual hosts until no request follows the earlier ones any more. Envoy answers
     * when its main thread has taken a config in. Its workers use it 12 to 22 ms later, more when they are busy; and a request
     * that has chosen its route, but that a filter holds (one that asks an authorization service, say), fails when the route's
     * cluster goes before it. One that is held for longer than this still does.
     */
    static final Duration EFFECT_DELAY = Duration.ofMillis(250);

    private static final int MAX_UNKNOWN_TYPES = 16;
    private static final int MAX_MESSAGE_LENGTH = 4_096;
    private static final int MAX_REFUSED_NAMES = 16;

    static final String ALL = "*";

    /** Whether what comes later in the order may go. */
    enum Gate {
        OPEN,
        /** What comes before isn't accepted yet. */
        CLOSED,
        /** What comes before was refused. */
        REFUSED
    }

    private final StreamInfo.Protocol protocol;
    private final Answers answers;
    private final LongSupplier nanoTime;
    /** Unanswered responses of types that we don't have, by type URL; bounded. */
    private final Map<String, UnknownType> unknown = new LinkedHashMap<>();

    final Doubts doubts = new Doubts();

    private Target target = Target.NONE;
    private boolean hasTarget;
    private long nonces;
    /** When listeners, routes or virtual hosts were last answered, maybe on the gateway's last stream just before this one. */
    private long lateAnsweredAt;

    /** @param nanoTime the time of a clock that never goes back, see {@link System#nanoTime} */
    Session(StreamInfo.Protocol protocol, Answers answers, LongSupplier nanoTime) {
        this.protocol = protocol;
        this.answers = answers;
        this.nanoTime = nanoTime;
        this.lateAnsweredAt = nanoTime.getAsLong();
    }

    /** Hears of each response that is answered. */
    @FunctionalInterface
    interface Answers {
        void answered(ResourceType type, boolean accepted);
    }

    /** Takes a request in. Throws {@link LimitExceeded} when the client wants too much. */
    abstract void receive(Q request);

    /**
     * The next response to send, null when there is none now. Send it: it counts as sent.
     */
    @Nullable
    Response next() {
        Response response = hasTarget ? advance(true) : null;
        return response == null ? answerUnknown() : response;
    }

    /** How long from now until {@link #next} should be called again even if nothing comes in; empty when it needn't be. */
    OptionalLong waitNanos() {
        return hasLeftovers() && mayBreak() ? OptionalLong.of(nanosToEffect()) : OptionalLong.empty();
    }

    /** Notes what needs no response. To be called when {@link #next} can't be, since nothing can be sent now. */
    void settle() {
        if (hasTarget) {
            advance(false);
        }
    }

    /** From now on the gateway should have this. */
    void retarget(Target next) {
        if (hasTarget && next.snapshot().equals(target.snapshot())) {
            return;
        }
        boolean otherConfig = !isTargets(next.snapshot());
        target = next;
        hasTarget = true;
        for (Subscription subscription : subscriptions()) {
            subscription.refusal = otherConfig ? null : subscription.refusal;
            if (subscription.liveRefusal != null && !hasAnyOf(subscription.type, subscription.liveRefusal)) {
                subscription.liveRefusal = null;
            }
        }
        retargeted();
    }

    private boolean hasAnyOf(ResourceType type, Refusal refusal) {
        return refusal.resources().stream()
                .anyMatch(name -> target.snapshot().resource(type, name).isPresent());
    }

    /** There is another target. */
    abstract void retargeted();

    /** Whether this has the target's config, whatever its live data. */
    boolean isTargets(Snapshot snapshot) {
        return hasTarget && snapshot.configVersion().equals(target.snapshot().configVersion());
    }

    /** What the gateway may have although it doesn't say so, as far as it's known when the stream ends. */
    abstract Doubts doubts();

    /** What was in doubt when the gateway's last stream ended. To be called before its first request. */
    void doubt(Doubts earlier) {
        doubts.addAll(earlier);
    }

    Target target() {
        return target;
    }

    /** Settles types in the order of the protocol until there is something to send, which is null if {@code send} is false. */
    abstract @Nullable Response advance(boolean send);

    /** Whether there is something to be removed last. */
    abstract boolean hasLeftovers();

    abstract Subscription subscription(ResourceType type);

    abstract Collection<? extends Subscription> subscriptions();

    /** Where the gateway stands with the target. */
    GatewayReport report(String gateway) {
        List<Refusal> refusals = subscriptions().stream()
                .map(subscription -> subscription.refusal)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
        if (!refusals.isEmpty()) {
            return new GatewayReport(gateway, State.REJECTED, target.snapshot().configVersion(), refusals);
        }
        List<Refusal> live = subscriptions().stream()
                .flatMap(subscription -> Optional.ofNullable(subscription.liveRefusal).stream())
                .toList();
        State state = settled() ? State.CURRENT : State.PENDING;
        return new GatewayReport(gateway, state, target.snapshot().configVersion(), live);
    }

    private boolean settled() {
        boolean any = false;
        for (Subscription subscription : subscriptions()) {
            if (subscription.open) {
                any = true;
                if (!subscription.settled(target.snapshot())) {
                    return false;
                }
            }
        }
        // Envoy asks for listeners only when its clusters are warm.
        boolean comesLater = subscription(ResourceType.CLUSTER).wildcard
                && !subscription(ResourceType.LISTENER).open
                && !target.snapshot().resources(ResourceType.LISTENER).isEmpty();
        return any && hasTarget && !comesLater && !clustersToCome();
    }

    /**
     * Whether the client has clusters but doesn't ask for them yet. On a new stream Envoy asks for endpoints, but not for
     * clusters while one is warming: that takes up to 15 s when the stream was cut before its endpoints came.
     */
    private boolean clustersToCome() {
        return subscription(ResourceType.ENDPOINT).open && !subscription(ResourceType.CLUSTER).open;
    }

    /** For how long the oldest unanswered response has been waiting for its answer, in nanoseconds; 0 when there is none. */
    long unansweredNanos() {
        long now = nanoTime.getAsLong();
        long longest = 0;
        for (Subscription subscription : subscriptions()) {
            if (subscription.pendingNonce() != null) {
                longest = Math.max(longest, now - subscription.sentAt);
            }
        }
        return longest;
    }

    /** What a person may want to know about each type. */
    List<StreamInfo.OfType> info() {
        return subscriptions().stream()
                .filter(subscription -> subscription.open)
                .map(Subscription::info)
                .toList();
    }

    /** Whether clusters and endpoints let listeners, routes and virtual hosts go. */
    Gate clustersFirst() {
        Gate gate = clustersToCome() ? Gate.CLOSED : Gate.OPEN;
        for (ResourceType type : List.of(ResourceType.CLUSTER, ResourceType.ENDPOINT)) {
            Subscription subscription = subscription(type);
            if (subscription.refusal != null) {
                return Gate.REFUSED;
            } else if (subscription.open && !subscription.has(target.snapshot())) {
                gate = Gate.CLOSED;
            }
        }
        return gate;
    }

    /** Whether what is to be removed last may be removed now. */
    boolean breaksNow() {
        return hasLeftovers() && mayBreak() && nanosToEffect() == 0;
    }

    private long nanosToEffect() {
        return Math.max(0, EFFECT_DELAY.toNanos() - (nanoTime.getAsLong() - lateAnsweredAt));
    }

    /** Whether the gateway has accepted all of the target, so that nothing it runs uses what the target doesn't have. */
    private boolean mayBreak() {
        return clustersFirst() == Gate.OPEN
                && subscriptions().stream().noneMatch(s -> isLate(s.type) && s.open && !s.settled(target.snapshot()));
    }

    /** Whether the type refers to clusters, so that it comes after them. */
    static boolean isLate(ResourceType type) {
        return switch (type) {
            case CLUSTER, ENDPOINT, SECRET -> false;
            case LISTENER, ROUTE, VIRTUAL_HOST -> true;
        };
    }

    /** Notes that a response with this version was accepted. */
    void accept(Subscription subscription, String version) {
        subscription.acked = version;
        answered(subscription, true);
    }

    private void answered(Subscription subscription, boolean accepted) {
        if (isLate(subscription.type)) {
            lateAnsweredAt = nanoTime.getAsLong();
        }
        answers.answered(subscription.type, accepted);
    }

    /** Notes that a response with these resources was refused. */
    void refuse(Subscription subscription, String message, Collection<String> names, boolean isTarget) {
        Refusal refusal = refused(subscription, message, names);
        if (isTarget) {
            subscription.refusal = refusal;
        }
    }

    /** Notes that a response with nothing but this live data was refused. */
    void refuseLive(Subscription subscription, String message, Collection<String> names) {
        subscription.liveRefusal = refused(subscription, message, names);
    }

    private Refusal refused(Subscription subscription, String message, Collection<String> names) {
        // What the message says stands at its end, after what nobody should see.
        boolean cuts = message.length() > MAX_MESSAGE_LENGTH || subscription.type == ResourceType.SECRET;
        String words = cuts ? Refusal.summary(message) : message;
        String cut = words.length() > MAX_MESSAGE_LENGTH ? words.substring(0, MAX_MESSAGE_LENGTH) : words;
        subscription.lastError = cut;
        answered(subscription, false);
        return new Refusal(
                subscription.type.typeUrl(),
                cut,
                names.stream().limit(MAX_REFUSED_NAMES).toList());
    }

    Response response(Subscription subscription, String version, Change change) {
        subscription.resourceBytes += change.resourceBytes();
        subscription.sentAt = nanoTime.getAsLong();
        return new Response(
                protocol,
                subscription.type.typeUrl(),
                subscription.type,
                version,
                change,
                nextNonce(),
                target.controlPlane());
    }

    private String nextNonce() {
        return Long.toString(++nonces, Character.MAX_RADIX);
    }

    static void check(Collection<String> names, int total, String typeUrl) {
        if (total > MAX_NAMES) {
            throw new LimitExceeded(
                    "more than " + MAX_NAMES + " resources of " + typeUrl + " are asked for by name on one stream");
        }
        for (String name : names) {
            if (name.length() > MAX_NAME_LENGTH) {
                throw new LimitExceeded("a resource name of " + typeUrl + " has " + name.length()
                        + " characters; at most " + MAX_NAME_LENGTH + " are allowed: " + name.substring(0, 64) + "…");
            }
        }
    }

    /** Answers once that there is nothing of a type that isn't ours, so that the client doesn't wait for it. */
    void receiveUnknown(String typeUrl, String nonce, Set<String> names) {
        UnknownType known = unknown.get(typeUrl);
        if (!nonce.isEmpty()) {
            if (known != null && nonce.equals(known.nonce)) {
                unknown.remove(typeUrl);
            }
        } else if (known == null && unknown.size() < MAX_UNKNOWN_TYPES && typeUrl.length() <= MAX_NAME_LENGTH) {
            check(names, names.size(), typeUrl);
            unknown.put(typeUrl, new UnknownType(Names.of(names).list()));
        }
    }

    private @Nullable Response answerUnknown() {
        for (Map.Entry<String, UnknownType> entry : unknown.entrySet()) {
            UnknownType type = entry.getValue();
            if (type.nonce.isEmpty()) {
                type.nonce = nextNonce();
                List<String> absent = protocol == StreamInfo.Protocol.DELTA ? type.absent : List.of();
                type.absent = List.of();
                return new Response(
                        protocol,
                        entry.getKey(),
                        null,
                        target.content().version(),
                        new Change(List.of(), absent),
                        type.nonce,
                        target.controlPlane());
            }
        }
        return null;
    }

    /** A map with a subscription for each type. */
    static <S extends Subscription> Map<ResourceType, S> forEachType(Function<ResourceType, S> of) {
        Map<ResourceType, S> map = new EnumMap<>(ResourceType.class);
        for (ResourceType type : ResourceType.values()) {
            map.put(type, of.apply(type));
        }
        return Collections.unmodifiableMap(map);
    }

    private static final class UnknownType {
        private List<String> absent;
        private String nonce = "";

        UnknownType(List<String> absent) {
            this.absent = absent;
        }
    }
}
