package dev.mpg.xds;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.sync.Loopback;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import io.envoyproxy.envoy.service.accesslog.v3.AccessLogServiceGrpc;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AccessLogsTest {
    private static final String FATAL = "fatal";

    private final Queue<String> heard = new ConcurrentLinkedQueue<>();
    private final AccessLogs logs =
            new AccessLogs((clusterId, gateway) -> clusterId.equals("shop"), new AccessLogs.Listener() {
                @Override
                public void requests(String clusterId, String gateway, List<HTTPAccessLogEntry> requests) {
                    if (requests.getFirst().getCommonProperties().getRouteName().equals(FATAL)) {
                        throw new IllegalStateException("a request that the listener fails on");
                    }
                    requests.forEach(request -> heard.add(clusterId + "/" + gateway + ": request "
                            + request.getCommonProperties().getRouteName()));
                }

                @Override
                public void connections(String clusterId, String gateway, List<TCPAccessLogEntry> connections) {
                    connections.forEach(connection -> heard.add(clusterId + "/" + gateway + ": connection"));
                }
            });
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(Loopback.next(), 0))
                .addService(logs.service())
                .build()
                .start();
        channel = NettyChannelBuilder.forTarget(Loopback.target(server))
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.shutdownNow();
        logs.close();
    }

    /** A gateway's stream. */
    private final class Stream implements StreamObserver<StreamAccessLogsResponse> {
        final StreamObserver<StreamAccessLogsMessage> messages =
                AccessLogServiceGrpc.newStub(channel).streamAccessLogs(this);
        volatile Status end;

        Stream(String clusterId, String gateway) {
            messages.onNext(StreamAccessLogsMessage.newBuilder()
                    .setIdentifier(StreamAccessLogsMessage.Identifier.newBuilder()
                            .setNode(Node.newBuilder().setCluster(clusterId).setId(gateway)))
                    .build());
        }

        void request(String route) {
            messages.onNext(StreamAccessLogsMessage.newBuilder()
                    .setHttpLogs(StreamAccessLogsMessage.HTTPAccessLogEntries.newBuilder()
                            .addLogEntry(HTTPAccessLogEntry.newBuilder()
                                    .setCommonProperties(
                                            AccessLogCommon.newBuilder().setRouteName(route))))
                    .build());
        }

        @Override
        public void onNext(StreamAccessLogsResponse response) {}

        @Override
        public void onError(Throwable t) {
            end = Status.fromThrowable(t);
        }

        @Override
        public void onCompleted() {
            end = Status.OK;
        }
    }

    @Test
    void whatAGatewayLogsIsHeardUnderItsName() {
        Stream stream = new Stream("shop", "gw-0");
        stream.request("a");
        stream.messages.onNext(StreamAccessLogsMessage.newBuilder()
                .setTcpLogs(StreamAccessLogsMessage.TCPAccessLogEntries.newBuilder()
                        .addLogEntry(TCPAccessLogEntry.getDefaultInstance()))
                .build());
        stream.messages.onCompleted();
        await().until(() -> stream.end != null);
        assertThat(stream.end.isOk()).isTrue();
        assertThat(heard).containsExactly("shop/gw-0: request a", "shop/gw-0: connection");
        assertThat(logs.streams()).isZero();
    }

    @Test
    void whoIsNotServedIsRefused() {
        Stream stream = new Stream("other", "gw-0");
        await().until(() -> stream.end != null);
        assertThat(stream.end.getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(stream.end.getDescription()).contains("gateway 'gw-0' (node.id) of cluster 'other' (node.cluster)");
        assertThat(logs.streams()).isZero();
    }

    @Test
    void aStreamThatTheListenerFailsOnIsForgotten() {
        Stream stream = new Stream("shop", "gw-0");
        stream.request(FATAL);
        await().until(() -> stream.end != null && logs.streams() == 0);
        assertThat(stream.end.isOk()).isFalse();
    }

    @Test
    void aMessageLargerThanAnyEnvoySendsEndsItsStream() {
        Stream stream = new Stream("shop", "gw-0");
        stream.request("r".repeat(AccessLogs.MAX_BYTES));
        await().until(() -> stream.end != null);
        assertThat(stream.end.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(heard).isEmpty();
        assertThat(logs.streams()).isZero();
    }

    @Test
    void aGatewayHasOnlySoManyStreamsUntilOneEnds() {
        List<Stream> streams = IntStream.range(0, AccessLogs.STREAMS + 1)
                .mapToObj(i -> new Stream("shop", "gw-0"))
                .toList();
        await().until(() -> streams.stream().anyMatch(stream -> stream.end != null));
        Stream refused = streams.stream()
                .filter(stream -> stream.end != null)
                .findFirst()
                .orElseThrow();
        assertThat(refused.end.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(refused.end.getDescription()).contains("gateway 'gw-0' (node.id) of cluster 'shop'");
        Stream other = new Stream("shop", "gw-1");
        other.request("a");
        await().until(() -> heard.contains("shop/gw-1: request a"));
        assertThat(streams).filteredOn(stream -> stream.end != null).containsExactly(refused);

        logs.end("shop", "gw-0", Status.UNAVAILABLE);
        await().until(() -> streams.stream().allMatch(stream -> stream.end != null));
        Stream again = new Stream("shop", "gw-0");
        again.request("b");
        await().until(() -> heard.contains("shop/gw-0: request b"));
        assertThat(again.end).isNull();
        assertThat(logs.streams()).isEqualTo(2);
    }

    @Test
    void streamsEndWithTheInstance() {
        Stream stream = new Stream("shop", "gw-0");
        await().until(() -> logs.streams() == 1);
        logs.close();
        await().until(() -> stream.end != null);
        assertThat(stream.end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }

    /** Nothing is lost that a gateway could send; but 400 messages take 20 windows, the first of which is under way. */
    @Test
    void messagesOfAllGatewaysAreReadAtABoundedPaceEachInItsTurn() {
        long start = System.nanoTime();
        List<Stream> streams = IntStream.range(0, 4)
                .mapToObj(i -> new Stream("shop", "gw-" + i))
                .toList();
        for (int i = 0; i < 99; i++) {
            for (Stream stream : streams) {
                stream.request("r");
            }
        }
        await().until(() -> heard.size() == 396);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(1_700));
        List<String> half = heard.stream().limit(200).toList();
        assertThat(streams)
                .allSatisfy(stream -> assertThat(half).contains("shop/gw-" + streams.indexOf(stream) + ": request r"));
    }
}
