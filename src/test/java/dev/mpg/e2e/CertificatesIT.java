package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.mpg.api.ProxyStatus;
import dev.mpg.testing.SelfSigned;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Certificates and authorities in Secrets reach gateways at once, and make no version. */
class CertificatesIT extends OperatorTest {
    private static final int PORT = 8443;
    private static final String OTHER = "other.example.com";
    private static final List<String> HTTP_1 = List.of("http/1.1");

    /** On the curve that Envoy, as a client, takes by default over TLS 1.2. */
    private SelfSigned create(String host) throws Exception {
        return SelfSigned.create(Files.createTempDirectory(state, "keys"), host, "-groupname", "secp256r1");
    }

    private String secureShop(int timeoutSeconds) {
        return shop(1, "one", timeoutSeconds)
                .replace("  listeners: [{name: http, port: 8080}]\n", """
                  listeners:
                  - {name: http, port: 8080}
                  - name: https
                    port: %d
                    protocol: HTTPS
                    tls:
                      minVersion: V1_3
                      certificates:
                      - {secretName: shop, hostnames: [%s]}
                      - {secretName: other, hostnames: [%s]}
                """.formatted(PORT, HOST, OTHER));
    }

    private SecureConnection connect(String host, SelfSigned trusted, List<String> alpn, String... versions)
            throws Exception {
        return SecureConnection.to(
                host(proxy().getStatus().addresses().getFirst()), PORT, host, trusted, alpn, versions);
    }

    private int get(String host, SelfSigned trusted) throws Exception {
        try (SecureConnection connection = connect(host, trusted, HTTP_1)) {
            return connection.get(host, "/checkout");
        }
    }

    private void awaitAnswer(String host, SelfSigned trusted) {
        await(host + " is served with its certificate")
                .atMost(SOON)
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> get(host, trusted) == 200);
    }

    private void awaitReason(String reason) {
        await("ResolvedRefs is " + reason)
                .atMost(SOON)
                .untilAsserted(
                        () -> assertThat(condition("ResolvedRefs").getReason()).isEqualTo(reason));
    }

    @Test
    void each_host_has_its_certificate_and_a_renewed_one_disturbs_nothing() throws Exception {
        SelfSigned shop = create(HOST);
        SelfSigned other = create(OTHER);
        apply(shop.secret(namespace, "shop"));
        apply(other.secret(namespace, "other"));
        apply(secureShop(3));
        waitProgrammed();
        awaitAnswer(HOST, shop);
        awaitAnswer(OTHER, other);
        awaitReason("ResolvedRefs");
        assertThatThrownBy(() -> connect(OTHER, shop, HTTP_1)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> connect(HOST, shop, HTTP_1, "TLSv1.2")).isInstanceOf(IOException.class);
        try (SecureConnection both = connect(HOST, shop, List.of("http/1.1", "h2"));
                SecureConnection old = connect(HOST, shop, HTTP_1)) {
            assertThat(both.alpn()).isEqualTo("h2");
            assertThat(old.alpn()).isEqualTo("http/1.1");
        }
        ProxyStatus before = proxy().getStatus();
        double listeners = proxyMetrics().sum("mpg_xds_resources_total{type=\"Listener\"}");

        SelfSigned renewed = create(HOST);
        AtomicInteger answered = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        ScheduledExecutorService clients = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().factory());
        try (SecureConnection earlier = connect(HOST, shop, HTTP_1)) {
            var _ = clients.scheduleWithFixedDelay(
                    () -> (is200(OTHER, other) && is200(HOST, shop, renewed) ? answered : failed).incrementAndGet(),
                    0,
                    20,
                    TimeUnit.MILLISECONDS);
            assertThat(earlier.get(HOST, "/checkout")).isEqualTo(200);
            await().atMost(SOON).until(() -> answered.get() > 5);
            apply(renewed.secret(namespace, "shop"));
            awaitAnswer(HOST, renewed);
            int now = answered.get();
            await().atMost(SOON).until(() -> answered.get() > now + 5);
            assertThat(earlier.get(HOST, "/checkout"))
                    .as("on an earlier connection")
                    .isEqualTo(200);
        } finally {
            clients.shutdownNow();
        }

        assertThat(failed).hasValue(0);
        assertThat(proxy().getStatus().versions()).isEqualTo(before.versions());
        assertThat(proxyMetrics().sum("mpg_xds_resources_total{type=\"Listener\"}"))
                .isEqualTo(listeners);
    }

    /** With any of these certificates. */
    private boolean is200(String host, SelfSigned... trusted) {
        for (SelfSigned each : trusted) {
            try {
                if (get(host, each) == 200) {
                    return true;
                }
            } catch (Exception e) {
                // Perhaps the other one.
            }
        }
        return false;
    }

    @Test
    void one_that_is_missing_holds_up_nothing_and_is_taken_when_it_comes() throws Exception {
        SelfSigned shop = create(HOST);
        SelfSigned other = create(OTHER);
        apply(shop.secret(namespace, "shop"));
        apply(secureShop(3));
        waitProgrammed();
        awaitReason("SecretNotFound");
        assertThat(condition("ResolvedRefs").getMessage())
                .startsWith("1 of 2 secrets are not as they should be: " + namespace + "/other does not exist;");
        awaitAnswer(HOST, shop);
        assertThatThrownBy(() -> connect(OTHER, other, HTTP_1)).isInstanceOf(IOException.class);
        ProxyStatus before = proxy().getStatus();

        apply(other.secret(namespace, "other"));

        awaitReason("ResolvedRefs");
        awaitAnswer(OTHER, other);
        assertThat(proxy().getStatus().versions()).isEqualTo(before.versions());
    }

    @Test
    void a_backend_is_trusted_only_by_its_authority() throws Exception {
        SelfSigned identity = create("localhost");
        try (Upstream secure = Upstream.secure("secure", identity.serving())) {
            apply(create("localhost").authority(namespace, "authorities"));
            apply(shop(1, "two", 3)
                    .replace("endpoints: [{host: 127.0.0.1, port: %d}]".formatted(two.port()), """
                            endpoints: [{host: 127.0.0.1, port: %d}]
                                tls: {hostname: localhost, caSecretName: authorities}
                            """.formatted(
                                    secure.port())));
            waitProgrammed();
            await().atMost(SOON).until(() -> answers().stream().allMatch(answer -> answer.startsWith("503")));
            assertThat(condition("ResolvedRefs").getReason()).isEqualTo("ResolvedRefs");

            apply(identity.authority(namespace, "authorities"));
            await().atMost(SOON).untilAsserted(() -> assertThat(answers()).containsExactly("200 secure"));
        }
    }
}
