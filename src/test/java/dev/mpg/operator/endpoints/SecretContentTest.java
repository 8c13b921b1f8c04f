package dev.mpg.operator.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.compile.LiveData;
import dev.mpg.compile.TlsSecret;
import dev.mpg.config.SecretRef;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.testing.SelfSigned;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SecretContentTest {
    private static final String TLS = "kubernetes.io/tls";
    private static final SecretRef REF = new SecretRef("edge", "shop-tls");
    private static final TlsSecret CERTIFICATE = new TlsSecret(REF, false);
    private static final TlsSecret AUTHORITIES = new TlsSecret(REF, true);

    @TempDir
    private static Path folder;

    private static SelfSigned good;
    private static SelfSigned other;
    private static SelfSigned rsa;
    private static SelfSigned weak;

    @BeforeAll
    static void makeCertificates() throws Exception {
        good = create("good");
        other = create("other");
        rsa = create("rsa", "-keyalg", "RSA", "-keysize", "2048");
        weak = create("weak", "-keyalg", "RSA", "-keysize", "1024");
    }

    private static SelfSigned create(String name, String... options) throws Exception {
        return SelfSigned.create(Files.createDirectory(folder.resolve(name)), name + ".example.com", options);
    }

    private static SecretContent content(TlsSecret use, String type, Map<String, String> data) {
        Map<String, String> encoded = new HashMap<>();
        data.forEach((key, value) ->
                encoded.put(key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
        return SecretContent.of(
                use,
                Optional.of(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("edge")
                        .withName("shop-tls")
                        .endMetadata()
                        .withType(type)
                        .withData(encoded)
                        .build()));
    }

    private static Map<String, String> pair(String certificate, String key) {
        return Map.of("tls.crt", certificate, "tls.key", key);
    }

    @Test
    void aCertificateWithItsKeyIsHandedOutAsItIs() throws Exception {
        SecretContent content = content(CERTIFICATE, TLS, pair(good.certificate() + other.certificate(), good.key()));
        assertThat(content.finding(CERTIFICATE, Instant.now())).isEmpty();
        Secret secret = Secret.parseFrom(content.resource().orElseThrow().bytes());
        assertThat(secret.getName()).isEqualTo("edge/shop-tls");
        assertThat(secret.getTlsCertificate()
                        .getCertificateChain()
                        .getInlineBytes()
                        .toStringUtf8())
                .isEqualTo(good.certificate() + other.certificate());
        assertThat(secret.getTlsCertificate().getPrivateKey().getInlineBytes().toStringUtf8())
                .isEqualTo(good.key());
        assertThat(content.toString()).doesNotContain(good.key().substring(40, 60), "PRIVATE");
    }

    @Test
    void authoritiesMayBeInASecretOfAnyType() throws Exception {
        SecretContent content = content(AUTHORITIES, "Opaque", Map.of("ca.crt", good.certificate()));
        assertThat(content.finding(AUTHORITIES, Instant.now())).isEmpty();
        Secret secret = Secret.parseFrom(content.resource().orElseThrow().bytes());
        assertThat(secret.getName()).isEqualTo("edge/shop-tls#ca.crt");
        assertThat(secret.getValidationContext().getTrustedCa().getInlineBytes().toStringUtf8())
                .isEqualTo(good.certificate());
    }

    @Test
    void rsaAndTheOldFormatsOfKeysAreTaken() throws Exception {
        assertThat(content(CERTIFICATE, TLS, pair(rsa.certificate(), rsa.key())).resource())
                .isPresent();
        for (SelfSigned identity : List.of(good, rsa)) {
            String old = openssl(identity.key());
            assertThat(old).containsPattern("BEGIN (RSA|EC) PRIVATE KEY");
            assertThat(content(CERTIFICATE, TLS, pair(identity.certificate(), old))
                            .resource())
                    .isPresent();
            assertThat(content(CERTIFICATE, TLS, pair(other.certificate(), old)).resource())
                    .isEmpty();
        }
    }

    /** The same key as OpenSSL used to write it. */
    private static String openssl(String key) throws Exception {
        Path file = Files.writeString(folder.resolve("key.pem"), key);
        Process openssl = new ProcessBuilder("openssl", "pkey", "-in", file.toString(), "-traditional").start();
        return new String(openssl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    static Stream<Arguments> unusable() throws Exception {
        String certificate = good.certificate();
        String key = good.key();
        return Stream.of(
                Arguments.of("Opaque", pair(certificate, key), "is of type Opaque, not kubernetes.io/tls"),
                Arguments.of(TLS, Map.of("tls.key", key), "has no tls.crt"),
                Arguments.of(TLS, Map.of("tls.crt", certificate), "has no tls.key"),
                Arguments.of(TLS, pair("secret words", key), "has no certificate in PEM in tls.crt"),
                Arguments.of(TLS, pair(key, key), "has no certificate in PEM in tls.crt"),
                Arguments.of(
                        TLS,
                        pair("-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n", key),
                        "has a certificate in tls.crt that cannot be read"),
                Arguments.of(TLS, pair(certificate, "secret words"), "has no private key in PEM in tls.key"),
                Arguments.of(TLS, pair(certificate, certificate), "has no private key in PEM in tls.key"),
                Arguments.of(
                        TLS,
                        pair(certificate, key.replace("PRIVATE", "ENCRYPTED PRIVATE")),
                        "has an encrypted key in tls.key: it must be there without a password"),
                Arguments.of(
                        TLS,
                        pair(certificate, other.key()),
                        "has a key in tls.key that is not the one of the first certificate in tls.crt"),
                Arguments.of(
                        TLS,
                        pair(other.certificate() + certificate, key),
                        "has a key in tls.key that is not the one of the first certificate in tls.crt"),
                Arguments.of(
                        TLS,
                        pair(rsa.certificate(), key),
                        "has a key in tls.key that is not the one of the first certificate in tls.crt"),
                Arguments.of(
                        TLS,
                        pair(weak.certificate(), weak.key()),
                        "has a certificate whose key is neither RSA of 2048 bits or more nor ECDSA P-256, P-384 or P-521"));
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("unusable")
    void whatCannotBeUsedIsSaidWithoutAByteOfIt(String type, Map<String, String> data, String found) {
        SecretContent content = content(CERTIFICATE, type, data);
        assertThat(content.resource()).isEmpty();
        assertThat(content.finding(CERTIFICATE, Instant.now()))
                .contains(new Finding(Reason.SecretInvalid, "edge/shop-tls " + found));
    }

    @Test
    void oneThatIsNotThereIsNotFound() {
        assertThat(SecretContent.of(CERTIFICATE, Optional.empty()).finding())
                .contains(new Finding(Reason.SecretNotFound, "edge/shop-tls does not exist"));
    }

    @Test
    void oneThatIsNotValidIsUsedAndSaidToBeSo() throws Exception {
        SecretContent content = content(CERTIFICATE, TLS, pair(good.certificate(), good.key()));
        Duration year = Duration.ofDays(365);
        assertThat(content.finding(CERTIFICATE, Instant.now().plus(year)))
                .contains(new Finding(
                        Reason.CertificateExpired,
                        "edge/shop-tls has a certificate that expired at " + content.notAfter()));
        assertThat(content.finding(CERTIFICATE, Instant.now().minus(year)))
                .contains(new Finding(
                        Reason.CertificateNotYetValid,
                        "edge/shop-tls has a certificate that is not valid before " + content.notBefore()));
        assertThat(content.resource()).isPresent();
        SecretContent authorities = content(AUTHORITIES, "Opaque", Map.of("ca.crt", good.certificate()));
        assertThat(authorities
                        .finding(AUTHORITIES, Instant.now().plus(year))
                        .orElseThrow()
                        .found())
                .startsWith("edge/shop-tls has no authority that is valid since ");
        assertThat(LiveData.authorities(REF, ByteString.copyFromUtf8(good.certificate())))
                .isEqualTo(authorities.resource().orElseThrow());
    }
}
