package dev.mpg.xds;

import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.snapshot;
import static dev.mpg.xds.Configs.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Status;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.telemetry.TraceContext;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A gateway that refuses a version on trial is put back on stable, without anybody being asked. */
class ReflexTest {
    private static final Snapshot STABLE = snapshot(cluster("a", 100), cluster("b", 100));
    private static final Snapshot TARGET = with(STABLE, cluster("a", 200));

    private Fixture fixture;
    private ManagedChannel channel;

    @BeforeEach
    void serve() throws IOException {
        fixture = new Fixture();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", fixture.port())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        fixture.close();
    }

    private static Assignment wave(int number, String... cohort) {
        return new Assignment("shop", Optional.of(STABLE), TARGET, new Cohort(number, List.of(cohort)), List.of(), "");
    }

    private List<GatewayReport> reports(State state, Snapshot snapshot) {
        return fixture.xds.gateways("shop").stream()
                .filter(report -> report.state() == state && report.version().equals(snapshot.version()))
                .toList();
    }

    private void awaitReport(String gateway, State state, Snapshot snapshot) {
        await(gateway + " is " + state)
                .untilAsserted(() -> assertThat(reports(state, snapshot))
                        .extracting(GatewayReport::gateway)
                        .contains(gateway));
    }

    @ParameterizedTest
    @EnumSource
    void a_refusal_is_answered_with_stable(StreamInfo.Protocol protocol) throws InterruptedException {
        fixture.xds.assign(wave(1, "g-1"));
        Client client = Client.connect(protocol, channel, "g-1");
        assertThat(client.next()).isEqualTo(TARGET.version().hex());
        client.refuse("no");
        assertThat(client.next()).isEqualTo(STABLE.version().hex());
        client.accept();

        awaitReport("g-1", State.REJECTED, TARGET);
        assertThat(fixture.xds.gateways("shop").getFirst().refusals())
                .extracting(GatewayReport.Refusal::message)
                .containsExactly("no");
        assertThat(fixture.xds.refused("shop")).isEqualTo(fixture.xds.gateways("shop"));
    }

    @ParameterizedTest
    @EnumSource
    void each_gateway_that_moves_makes_a_span_of_the_change(StreamInfo.Protocol protocol) throws InterruptedException {
        fixture.xds.assign(wave(1));
        Client accepts = Client.connect(protocol, channel, "g-1");
        accepts.next();
        accepts.accept();
        awaitReport("g-1", State.CURRENT, STABLE);
        Client refuses = Client.connect(protocol, channel, "g-2");
        refuses.next();
        refuses.accept();
        awaitReport("g-2", State.CURRENT, STABLE);

        SpanContext change = TraceContext.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                .orElseThrow();
        fixture.xds.assign(wave(2, "g-1", "g-2"), change);
        fixture.xds.assign(wave(2, "g-1", "g-2").withLive(snapshot(endpoints("a", 1))));
        accepts.next();
        accepts.accept();
        awaitReport("g-1", State.CURRENT, TARGET);
        refuses.next();
        refuses.refuse("no");
        refuses.next();
        refuses.accept();
        awaitReport("g-2", State.REJECTED, TARGET);

        assertThat(fixture.tracing.recent(change.getTraceId()))
                .as("being put back is no move to the target")
                .satisfiesExactly(
                        moved -> {
                            assertThat(moved.getName()).isEqualTo("gateway.apply");
                            assertThat(moved.getParentSpanId()).isEqualTo(change.getSpanId());
                            assertThat(moved.getStatus()).isEqualTo(StatusData.unset());
                            assertThat(moved.getAttributes().get(AttributeKey.stringKey("mpg.gateway")))
                                    .isEqualTo("g-1");
                        },
                        refused ->
                                assertThat(refused.getStatus()).isEqualTo(StatusData.create(StatusCode.ERROR, "no")));
    }

    @ParameterizedTest
    @EnumSource
    void another_wave_asks_again(StreamInfo.Protocol protocol) throws InterruptedException {
        fixture.xds.assign(wave(1, "g-1"));
        Client client = Client.connect(protocol, channel, "g-1");
        client.next();
        client.refuse("no");
        client.next();
        client.accept();
        awaitReport("g-1", State.REJECTED, TARGET);

        fixture.xds.assign(wave(2, "g-1"));
        assertThat(client.next()).isEqualTo(TARGET.version().hex());
        client.accept();
        awaitReport("g-1", State.CURRENT, TARGET);
        assertThat(fixture.xds.refused("shop")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void a_member_of_the_cohort_that_comes_after_the_refusal_gets_stable(StreamInfo.Protocol protocol)
            throws InterruptedException {
        fixture.xds.assign(wave(1, "g-1", "g-2", "g-3"));
        Client refusing = Client.connect(protocol, channel, "g-1");
        refusing.next();
        Client has = Client.connect(protocol, channel, "g-2");
        assertThat(has.next()).isEqualTo(TARGET.version().hex());
        has.accept();
        awaitReport("g-2", State.CURRENT, TARGET);
        refusing.refuse("no");
        assertThat(refusing.next()).isEqualTo(STABLE.version().hex());

        Client late = Client.connect(protocol, channel, "g-3");
        assertThat(late.next()).isEqualTo(STABLE.version().hex());
        late.accept();
        awaitReport("g-3", State.CURRENT, STABLE);
        assertThat(reports(State.CURRENT, TARGET))
                .as("who had it keeps it")
                .extracting(GatewayReport::gateway)
                .containsExactly("g-2");
    }

    @ParameterizedTest
    @EnumSource
    void the_refusal_counts_though_the_gateway_leaves_and_comes_back(StreamInfo.Protocol protocol)
            throws InterruptedException {
        fixture.xds.assign(wave(1, "g-1"));
        Client client = Client.connect(protocol, channel, "g-1");
        client.next();
        client.refuse("no");
        client.next();
        client.leave();
        await().untilAsserted(() -> assertThat(fixture.xds.gateways("shop")).isEmpty());
        assertThat(fixture.xds.refused("shop")).hasSize(1);

        Client back = Client.connect(protocol, channel, "g-1");
        assertThat(back.next()).isEqualTo(STABLE.version().hex());
        back.accept();
        awaitReport("g-1", State.REJECTED, TARGET);
    }

    @Test
    void a_process_that_takes_over_remembers_what_was_refused() throws Exception {
        fixture.xds.assign(wave(1, "g-1", "g-2"));
        Client client = Client.connect(StreamInfo.Protocol.DELTA, channel, "g-1");
        client.next();
        client.refuse("no");
        client.next();
        List<GatewayReport> refused = fixture.xds.refused("shop");

        fixture.restart(ALL_STABLE);
        fixture.xds.assign(wave(1, "g-1", "g-2"));
        fixture.xds.recall("shop", refused);
        for (String gateway : List.of("g-1", "g-2")) {
            Client back = Client.connect(StreamInfo.Protocol.DELTA, channel, gateway);
            assertThat(back.next()).isEqualTo(STABLE.version().hex());
            back.accept();
        }
        awaitReport("g-1", State.REJECTED, TARGET);
        awaitReport("g-2", State.CURRENT, STABLE);
    }

    private static final Assignment ALL_STABLE = new Assignment("shop", Optional.of(STABLE), STABLE, List.of(), "");

    /** A gateway's stream for clusters, in either protocol. */
    private abstract static class Client {
        /** Versions of the snapshots that responses are of. */
        private final BlockingQueue<String> versions = new LinkedBlockingQueue<>();

        static Client connect(StreamInfo.Protocol protocol, ManagedChannel channel, String id) {
            Node node = Node.newBuilder().setId(id).setCluster("shop").build();
            return switch (protocol) {
                case DELTA -> new Delta(channel, node);
                case SOTW -> new Sotw(channel, node);
            };
        }

        String next() throws InterruptedException {
            String version = versions.poll(20, TimeUnit.SECONDS);
            if (version == null) {
                throw new AssertionError("no response within 20 s");
            }
            return version;
        }

        /** The last response. */
        abstract void accept();

        /** The last response. */
        abstract void refuse(String message);

        abstract void leave();

        static Status refusal(String message) {
            return Status.newBuilder().setCode(13).setMessage(message).build();
        }

        private static final class Delta extends Client {
            private final StreamObserver<DeltaDiscoveryRequest> requests;
            private volatile String nonce = "";

            Delta(ManagedChannel channel, Node node) {
                requests = AggregatedDiscoveryServiceGrpc.newStub(channel)
                        .deltaAggregatedResources(new Responses<DeltaDiscoveryResponse>() {
                            @Override
                            public void onNext(DeltaDiscoveryResponse response) {
                                nonce = response.getNonce();
                                Delta.super.versions.add(response.getSystemVersionInfo());
                            }
                        });
                requests.onNext(request().setNode(node).build());
            }

            private DeltaDiscoveryRequest.Builder request() {
                return DeltaDiscoveryRequest.newBuilder()
                        .setTypeUrl(ResourceType.CLUSTER.typeUrl())
                        .setResponseNonce(nonce);
            }

            @Override
            void accept() {
                requests.onNext(request().build());
            }

            @Override
            void refuse(String message) {
                requests.onNext(request().setErrorDetail(refusal(message)).build());
            }

            @Override
            void leave() {
                requests.onCompleted();
            }
        }

        private static final class Sotw extends Client {
            private final StreamObserver<DiscoveryRequest> requests;
            private volatile String nonce = "";
            private volatile String offered = "";
            private String accepted = "";

            Sotw(ManagedChannel channel, Node node) {
                requests = AggregatedDiscoveryServiceGrpc.newStub(channel)
                        .streamAggregatedResources(new Responses<DiscoveryResponse>() {
                            @Override
                            public void onNext(DiscoveryResponse response) {
                                nonce = response.getNonce();
                                offered = response.getVersionInfo();
                                Sotw.super.versions.add(response.getVersionInfo());
                            }
                        });
                requests.onNext(request().setNode(node).build());
            }

            private DiscoveryRequest.Builder request() {
                return DiscoveryRequest.newBuilder()
                        .setTypeUrl(ResourceType.CLUSTER.typeUrl())
                        .setVersionInfo(accepted)
                        .setResponseNonce(nonce);
            }

            @Override
            void accept() {
                accepted = offered;
                requests.onNext(request().build());
            }

            @Override
            void refuse(String message) {
                requests.onNext(request().setErrorDetail(refusal(message)).build());
            }

            @Override
            void leave() {
                requests.onCompleted();
            }
        }

        private abstract static class Responses<T> implements StreamObserver<T> {
            @Override
            public void onError(Throwable error) {}

            @Override
            public void onCompleted() {}
        }
    }
}
