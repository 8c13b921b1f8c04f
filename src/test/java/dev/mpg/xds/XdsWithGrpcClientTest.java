package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.xds.Configs.assignment;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.listener;
import static dev.mpg.xds.Configs.route;
import static dev.mpg.xds.Configs.snapshot;
import static dev.mpg.xds.Configs.with;
import static dev.mpg.xds.Configs.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.StringValue;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Snapshot;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.NameResolverRegistry;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.xds.XdsNameResolverProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** gRPC's own xDS client, without an Envoy: {@code xds:///shop.example.com}. */
class XdsWithGrpcClientTest {
    private static final String SCHEME = "xds-of-this-test";
    private static final MethodDescriptor<StringValue, StringValue> WHO =
            MethodDescriptor.<StringValue, StringValue>newBuilder()
                    .setType(MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName("test.Service/Who")
                    .setRequestMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
                    .setResponseMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
                    .build();

    private Fixture fixture;
    private Server a;
    private Server b;
    private XdsNameResolverProvider resolver;

    @BeforeEach
    void serve() throws IOException {
        fixture = new Fixture();
        a = service("a");
        b = service("b");
        resolver = XdsNameResolverProvider.createForTest(
                SCHEME,
                Map.of(
                        "node", Map.of("id", "client-0", "cluster", "shop"),
                        "xds_servers",
                                List.of(Map.of(
                                        "server_uri",
                                        "127.0.0.1:" + fixture.port(),
                                        "channel_creds",
                                        List.of(Map.of("type", "insecure")),
                                        "server_features",
                                        List.of("xds_v3")))));
        NameResolverRegistry.getDefaultRegistry().register(resolver);
    }

    @AfterEach
    void stop() {
        NameResolverRegistry.getDefaultRegistry().deregister(resolver);
        a.shutdownNow();
        b.shutdownNow();
        fixture.close();
    }

    private static Server service(String name) throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder("test.Service")
                        .addMethod(WHO, ServerCalls.asyncUnaryCall((request, response) -> {
                            response.onNext(StringValue.of(name));
                            response.onCompleted();
                        }))
                        .build())
                .build()
                .start();
    }

    private static String call(ManagedChannel channel) {
        return ClientCalls.blockingUnaryCall(
                        channel,
                        WHO,
                        CallOptions.DEFAULT.withWaitForReady().withDeadlineAfter(30, TimeUnit.SECONDS),
                        StringValue.getDefaultInstance())
                .getValue();
    }

    private static ManagedChannel dial(String name) {
        return NettyChannelBuilder.forTarget(SCHEME + ":///" + name)
                .usePlaintext()
                .build();
    }

    private Snapshot shop() {
        return snapshot(
                cluster("a", 1_000),
                endpoints("a", a.getPort()),
                cluster("b", 1_000),
                endpoints("b", b.getPort()),
                listener("http", 80, "main"),
                route("main"),
                host("main", "shop.example.com", "a"));
    }

    @Test
    void aClientIsServedAndFollowsChanges() {
        Snapshot shop = shop();
        fixture.xds.assign(assignment("shop", shop));
        ManagedChannel channel = dial("shop.example.com");
        try {
            assertThat(call(channel)).isEqualTo("a");
            fixture.awaitState("shop", State.CURRENT, shop);
            Snapshot next =
                    with(without(without(shop, CLUSTER, "a"), ENDPOINT, "a"), host("main", "shop.example.com", "b"));
            fixture.xds.assign(assignment("shop", next));
            fixture.awaitState("shop", State.CURRENT, next);
            await().until(() -> call(channel), "b"::equals);
            assertThat(fixture.xds.streams("shop"))
                    .extracting(StreamInfo::protocol)
                    .containsExactly(StreamInfo.Protocol.SOTW);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void aProcessMayDialSeveralTargets() {
        Snapshot shop = with(shop(), host("main", "b.example.com", "b"));
        fixture.xds.assign(assignment("shop", shop));
        ManagedChannel first = dial("shop.example.com");
        ManagedChannel second = dial("b.example.com");
        try {
            assertThat(call(first)).isEqualTo("a");
            assertThat(call(second)).isEqualTo("b");
            fixture.awaitState("shop", State.CURRENT, shop);
            assertThat(fixture.xds.gateways("shop")).hasSize(1);
            assertThat(fixture.xds.streams("shop")).hasSize(2);
        } finally {
            first.shutdownNow();
            second.shutdownNow();
        }
    }
}
