package dev.mpg.e2e;

import dev.mpg.snapshot.ResourceType;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The delta xDS streams of many gateways that are run elsewhere. Each goes where its Proxy's gateways are sent; when its stream
 * ends it goes to where they are sent then, and says what it has. They ACK everything, and share a connection per instance.
 * Thread-safe.
 */
final class RoamingGateways implements AutoCloseable {
    /** As in the bootstrap of an Envoy: between an end and the next try. */
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);
    /** An instance that hasn't answered for so long isn't there: clusters are answered also when nothing is new. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final Duration KEEPALIVE = Duration.ofSeconds(2);

    private final Function<String, Optional<String>> address;
    private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();
    private final List<Gateway> gateways = new ArrayList<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    /** @param address where the gateways of a cluster are sent, {@code host:port}; empty while that isn't known. Must be quick */
    RoamingGateways(Function<String, Optional<String>> address) {
        this.address = address;
    }

    /** One more, that has nothing yet. */
    void connect(String clusterId, String id) {
        Gateway gateway =
                new Gateway(Node.newBuilder().setId(id).setCluster(clusterId).build());
        synchronized (gateways) {
            gateways.add(gateway);
        }
        gateway.open();
    }

    private List<Gateway> all() {
        synchronized (gateways) {
            return List.copyOf(gateways);
        }
    }

    /** How many there are. */
    int size() {
        return all().size();
    }

    /** How many have a stream that was answered, by cluster id and then by address. */
    Map<String, Map<String, Long>> streams() {
        Map<String, Map<String, Long>> streams = new TreeMap<>();
        all().forEach(gateway -> gateway.at()
                .ifPresent(at -> streams.computeIfAbsent(gateway.node.getCluster(), _ -> new TreeMap<>())
                        .merge(at, 1L, Long::sum)));
        return streams;
    }

    /** How many hold a listener and the clusters that go with it. */
    long configured() {
        return all().stream().filter(Gateway::isConfigured).count();
    }

    /** What happened to them since {@link #begin}. */
    record Moves(long reconnects, long resources, Duration last, Duration longestGap) {}

    /** Forgets what happened so far. */
    void begin() {
        long now = System.nanoTime();
        all().forEach(gateway -> gateway.begin(now));
    }

    /** Streams that came after one that had ended, resources received, when the last one came, the longest time between. */
    Moves moves() {
        return all().stream()
                .map(Gateway::moves)
                .reduce(
                        new Moves(0, 0, Duration.ZERO, Duration.ZERO),
                        (one, other) -> new Moves(
                                one.reconnects + other.reconnects,
                                one.resources + other.resources,
                                later(one.last, other.last),
                                later(one.longestGap, other.longestGap)));
    }

    private static Duration later(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private ManagedChannel channel(String to) {
        return channels.computeIfAbsent(
                to,
                target -> NettyChannelBuilder.forTarget(target)
                        .usePlaintext()
                        .keepAliveTime(KEEPALIVE.toMillis(), TimeUnit.MILLISECONDS)
                        .keepAliveTimeout(KEEPALIVE.toMillis(), TimeUnit.MILLISECONDS)
                        .build());
    }

    private void after(Duration pause, Runnable task) {
        try {
            var _ = timer.schedule(task, pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closed) {
            // Nobody needs it any more.
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
        channels.values().forEach(ManagedChannel::shutdownNow);
    }

    /** One gateway, from stream to stream. */
    private final class Gateway {
        private final Node node;
        /** Versions on the wire by name. */
        private final Map<ResourceType, Map<String, String>> has = new EnumMap<>(ResourceType.class);

        private Optional<String> at = Optional.empty();
        private boolean wasAnswered;
        private long began = System.nanoTime();
        private long ended;
        private Moves moves = new Moves(0, 0, Duration.ZERO, Duration.ZERO);

        Gateway(Node node) {
            this.node = node;
        }

        synchronized Optional<String> at() {
            return at;
        }

        synchronized boolean isConfigured() {
            return !has.getOrDefault(ResourceType.LISTENER, Map.of()).isEmpty()
                    && !has.getOrDefault(ResourceType.CLUSTER, Map.of()).isEmpty();
        }

        synchronized void begin(long now) {
            began = now;
            moves = new Moves(0, 0, Duration.ZERO, Duration.ZERO);
        }

        synchronized Moves moves() {
            return moves;
        }

        void open() {
            address.apply(node.getCluster()).ifPresentOrElse(to -> new Stream(to).start(), this::openLater);
        }

        private void openLater() {
            after(
                    Duration.ofMillis(
                            ThreadLocalRandom.current().nextLong(SHORTEST_PAUSE.toMillis(), LONGEST_PAUSE.toMillis())),
                    this::open);
        }

        private synchronized void received(String from, DeltaDiscoveryResponse response) {
            long now = System.nanoTime();
            boolean again = wasAnswered && at.isEmpty();
            moves = new Moves(
                    moves.reconnects + (again ? 1 : 0),
                    moves.resources + response.getResourcesCount(),
                    again ? Duration.ofNanos(now - began) : moves.last,
                    again ? later(moves.longestGap, Duration.ofNanos(now - ended)) : moves.longestGap);
            at = Optional.of(from);
            wasAnswered = true;
            ResourceType.ofTypeUrl(response.getTypeUrl()).ifPresent(type -> {
                Map<String, String> versions = has.computeIfAbsent(type, _ -> new TreeMap<>());
                response.getResourcesList()
                        .forEach(resource -> versions.put(resource.getName(), resource.getVersion()));
                response.getRemovedResourcesList().forEach(versions::remove);
            });
        }

        private synchronized void lost() {
            if (at.isPresent()) {
                ended = System.nanoTime();
                at = Optional.empty();
            }
        }

        private synchronized DeltaDiscoveryRequest.Builder subscription(ResourceType type) {
            return DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(type.typeUrl())
                    .addResourceNamesSubscribe("*")
                    .putAllInitialResourceVersions(has.getOrDefault(type, Map.of()));
        }

        /** One of its streams. Its messages come one after the other. */
        private final class Stream implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
            private final String to;
            private ClientCallStreamObserver<DeltaDiscoveryRequest> requests;
            private volatile boolean answered;

            Stream(String to) {
                this.to = to;
            }

            void start() {
                var _ = AggregatedDiscoveryServiceGrpc.newStub(channel(to)).deltaAggregatedResources(this);
                send(subscription(ResourceType.CLUSTER).setNode(node));
                send(subscription(ResourceType.LISTENER));
                send(subscription(ResourceType.ROUTE));
                send(subscription(ResourceType.VIRTUAL_HOST));
                after(PATIENCE, () -> {
                    if (!answered) {
                        requests.cancel("no answer", null);
                    }
                });
            }

            private synchronized void send(DeltaDiscoveryRequest.Builder request) {
                requests.onNext(request.build());
            }

            @Override
            public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> call) {
                requests = call;
            }

            @Override
            public void onNext(DeltaDiscoveryResponse response) {
                answered = true;
                received(to, response);
                send(DeltaDiscoveryRequest.newBuilder()
                        .setTypeUrl(response.getTypeUrl())
                        .setResponseNonce(response.getNonce()));
            }

            @Override
            public void onError(Throwable error) {
                end();
            }

            @Override
            public void onCompleted() {
                end();
            }

            private void end() {
                answered = true;
                lost();
                openLater();
            }
        }
    }
}
