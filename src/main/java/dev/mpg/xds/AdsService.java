package dev.mpg.xds;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The gRPC service: admits gateways to their fleets by their first request. */
final class AdsService implements BindableService {
    private final Function<String, @Nullable Fleet> fleets;
    private final Clock clock;
    private final Marshalling marshalling;
    private final XdsMetrics metrics;
    private final Consumer<String> changed;
    private final Draining draining;
    /** Of the whole JVM, and gone with it. */
    private final ScheduledExecutorService timer = ForkJoinPool.commonPool();

    AdsService(
            Function<String, @Nullable Fleet> fleets,
            Clock clock,
            Marshalling marshalling,
            XdsMetrics metrics,
            Consumer<String> changed,
            Draining draining) {
        this.fleets = fleets;
        this.clock = clock;
        this.marshalling = marshalling;
        this.metrics = metrics;
        this.changed = changed;
        this.draining = draining;
    }

    @Override
    public ServerServiceDefinition bindService() {
        return ServerServiceDefinition.builder(AggregatedDiscoveryServiceGrpc.SERVICE_NAME)
                .addMethod(
                        Wire.DELTA,
                        ServerCalls.asyncBidiStreamingCall(call -> new Requests<>(
                                (ServerCallStreamObserver<ByteString>) call,
                                StreamInfo.Protocol.DELTA,
                                DeltaDiscoveryRequest::getNode,
                                fleet -> new DeltaSession(
                                        fleet::diff, fleet::shared, metrics::answered, System::nanoTime))))
                .addMethod(
                        Wire.SOTW,
                        ServerCalls.asyncBidiStreamingCall(call -> new Requests<>(
                                (ServerCallStreamObserver<ByteString>) call,
                                StreamInfo.Protocol.SOTW,
                                DiscoveryRequest::getNode,
                                fleet -> new SotwSession(fleet::shared, metrics::answered, System::nanoTime))))
                .build();
    }

    /** What comes from one gateway. gRPC calls this from one thread at a time. */
    private final class Requests<Q> implements StreamObserver<Q> {
        private final ServerCallStreamObserver<ByteString> call;
        private final StreamInfo.Protocol protocol;
        private final Function<Q, Node> nodeOf;
        private final Function<Fleet, Session<Q>> sessionIn;
        private @Nullable AdsStream<Q> stream;
        private boolean refused;

        Requests(
                ServerCallStreamObserver<ByteString> call,
                StreamInfo.Protocol protocol,
                Function<Q, Node> nodeOf,
                Function<Fleet, Session<Q>> sessionIn) {
            this.call = call;
            this.protocol = protocol;
            this.nodeOf = nodeOf;
            this.sessionIn = sessionIn;
            call.setOnReadyHandler(() -> {
                AdsStream<Q> open = stream;
                if (open != null) {
                    open.refresh();
                }
            });
            // One of these comes at the end of every call, however it ends.
            call.setOnCancelHandler(() -> end(Status.CANCELLED));
            call.setOnCloseHandler(() -> end(Status.CANCELLED));
        }

        @Override
        public void onNext(Q request) {
            AdsStream<Q> open = stream;
            if (open == null && !refused) {
                open = admit(nodeOf.apply(request));
                stream = open;
            }
            if (open != null) {
                open.receive(request);
            }
        }

        private @Nullable AdsStream<Q> admit(Node node) {
            if (node.getId().isEmpty()) {
                return refuse(Refusals.noNodeId());
            } else if (node.getCluster().isEmpty()) {
                return refuse(Refusals.noNodeCluster());
            }
            Fleet fleet = fleets.apply(node.getCluster());
            if (fleet == null) {
                return refuse(Refusals.unknownCluster(node));
            }
            Target target = fleet.targetFor(node.getId());
            if (target == null) {
                return refuse(Refusals.notServed(fleet, node.getId()));
            }
            BindAddress address;
            try {
                address = BindAddress.of(node);
            } catch (IllegalArgumentException e) {
                return refuse(Refusals.badMetadata(e));
            }
            Session<Q> session = sessionIn.apply(fleet);
            session.retarget(target);
            AdsStream<Q> admitted = new AdsStream<>(
                    fleet,
                    node,
                    address,
                    clock.instant(),
                    protocol,
                    session,
                    call,
                    marshalling,
                    metrics,
                    timer,
                    changed);
            admitted.begin();
            draining.joined(admitted, fleet);
            return admitted;
        }

        private @Nullable AdsStream<Q> refuse(Status status) {
            refused = true;
            call.onError(status.asRuntimeException());
            return null;
        }

        @Override
        public void onError(Throwable t) {
            end(Status.CANCELLED);
        }

        @Override
        public void onCompleted() {
            if (stream == null && !refused) {
                refused = true;
                call.onCompleted();
            }
            end(Status.OK);
        }

        private void end(Status status) {
            AdsStream<Q> open = stream;
            if (open != null) {
                open.end(status);
            }
        }
    }
}
