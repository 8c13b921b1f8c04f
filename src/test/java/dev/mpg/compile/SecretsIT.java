package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import dev.mpg.api.Proxy;
import dev.mpg.config.Manifests;
import dev.mpg.config.SecretRef;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import dev.mpg.testing.SelfSigned;
import dev.mpg.xds.XdsServer;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What real Envoy makes of secrets that come late, change and go. */
class SecretsIT {
    private static final SecretRef CERTIFICATE = new SecretRef("edge", "shop-tls");
    private static final SecretRef AUTHORITIES = new SecretRef("edge", "backends");

    @TempDir
    private Path folder;

    private final XdsServer xds = new XdsServer(new SimpleMeterRegistry(), changed -> {});
    private Server server;
    private SelfSigned identity;

    @BeforeEach
    void serve() throws Exception {
        identity = SelfSigned.create(folder);
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(xds.service())
                .build()
                .start();
    }

    @AfterEach
    void stop() {
        server.shutdownNow();
    }

    private static Snapshot config() {
        return Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners:
                  - name: https
                    port: 18443
                    protocol: HTTPS
                    tls:
                      certificates: [{secretName: shop-tls}]
                  - {name: http, port: 18080}
                  routes: [{name: shop, backendRefs: [{name: shop}]}]
                  backends:
                  - name: shop
                    endpoints: [{host: 127.0.0.1, port: 1}]
                    tls: {hostname: shop.example.com, caSecretName: backends}
                """, Proxy.class))));
    }

    private void assign(Resource... live) {
        xds.assign(
                new Assignment("shop", Optional.empty(), config(), List.of(), "").withLive(Snapshot.of(List.of(live))));
    }

    private Resource certificate() throws Exception {
        return LiveData.certificate(
                CERTIFICATE, ByteString.copyFromUtf8(identity.certificate()), ByteString.copyFromUtf8(identity.key()));
    }

    private Resource authorities() throws Exception {
        return LiveData.authorities(AUTHORITIES, ByteString.copyFromUtf8(identity.certificate()));
    }

    @ParameterizedTest
    @EnumSource
    void whatWaitsForASecretHoldsUpNothingElse(Api api) throws Exception {
        assign();
        try (Envoy envoy = Envoy.start(folder, new Envoy.Node("gateway-0", "shop", api, server.getPort(), ""))) {
            // Envoy's own wait for a cluster is 15 s.
            awaitServing(envoy);
            assign(certificate(), authorities());
            awaitCertificate(envoy);
            awaitCurrent();

            identity = SelfSigned.create(Files.createDirectory(folder.resolve("second")));
            assign(certificate(), authorities());
            awaitCertificate(envoy);
            List<String> complaints = envoy.complaints();
            assign(authorities());
            identity = SelfSigned.create(Files.createDirectory(folder.resolve("third")));
            assign(authorities());
            await().untilAsserted(() -> assertThat(serials(envoy, "ca_cert")).containsExactly(identity.serialNumber()));

            assertThat(serials(envoy, "cert_chain")).as("it keeps what it had").hasSize(1);
            assertThat(envoy.complaints()).isEqualTo(complaints);
            awaitCurrent();
        }
    }

    /** By itself Envoy would give the cluster 15 s, and then the listener. */
    private static void awaitServing(Envoy envoy) {
        await().atMost(Duration.ofSeconds(12)).until(() -> envoy.stat("listener_manager.workers_started") == 1);
    }

    private void awaitCurrent() {
        await().untilAsserted(() -> assertThat(xds.gateways("shop"))
                .extracting(GatewayReport::state, GatewayReport::refusals)
                .containsExactly(tuple(State.CURRENT, List.of())));
    }

    private void awaitCertificate(Envoy envoy) {
        await().untilAsserted(() -> {
            assertThat(serials(envoy, "cert_chain")).containsExactly(identity.serialNumber());
            assertThat(serials(envoy, "ca_cert")).containsExactly(identity.serialNumber());
        });
    }

    /** @param kind {@code cert_chain} or {@code ca_cert} */
    private static List<String> serials(Envoy envoy, String kind) throws Exception {
        List<String> serials = new ArrayList<>();
        for (JsonNode certificates :
                new ObjectMapper().readTree(envoy.get("/certs")).path("certificates")) {
            certificates
                    .path(kind)
                    .forEach(certificate ->
                            serials.add(certificate.path("serial_number").asText()));
        }
        return serials;
    }
}
