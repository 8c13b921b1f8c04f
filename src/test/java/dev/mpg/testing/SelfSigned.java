package dev.mpg.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate for a host, {@code localhost} unless said otherwise, that nobody has signed but itself, and its key. */
public final class SelfSigned {
    private static final char[] PASSWORD = "password".toCharArray();
    private static final String ALIAS = "gateway";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final KeyStore keys;

    private SelfSigned(KeyStore keys) {
        this.keys = keys;
    }

    /** As the JDK's own tool makes it, into a file in this folder. */
    public static SelfSigned create(Path folder) throws IOException, GeneralSecurityException, InterruptedException {
        return create(folder, "localhost");
    }

    /** The same for this host name. */
    public static SelfSigned create(Path folder, String host, String... options)
            throws IOException, GeneralSecurityException, InterruptedException {
        Path file = folder.resolve("keys.p12");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                ALIAS,
                "-dname",
                "CN=" + host,
                "-ext",
                "SAN=dns:" + host,
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD)));
        command.addAll(List.of(options));
        Process keytool = new ProcessBuilder(command).inheritIO().start();
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool ended with " + keytool.exitValue());
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        return new SelfSigned(keys);
    }

    /** For a client that trusts this certificate alone. */
    public SSLContext trusting() throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry(ALIAS, keys.getCertificate(ALIAS));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    /** For a server that has this certificate. */
    public SSLContext serving() throws GeneralSecurityException {
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        return context;
    }

    /** A Secret of type {@code kubernetes.io/tls} with it, as YAML. */
    public String secret(String namespace, String name) throws GeneralSecurityException {
        return """
                apiVersion: v1
                kind: Secret
                metadata: {name: %s, namespace: %s}
                type: kubernetes.io/tls
                data: {tls.crt: %s, tls.key: %s}
                """.formatted(name, namespace, base64(certificate()), base64(key()));
    }

    /** A Secret by which it is trusted, as YAML. */
    public String authority(String namespace, String name) throws GeneralSecurityException {
        return """
                apiVersion: v1
                kind: Secret
                metadata: {name: %s, namespace: %s}
                data: {ca.crt: %s}
                """.formatted(name, namespace, base64(certificate()));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** The {@code envoyPatches} of a Proxy's spec, indented by two, by which a listener takes nothing but TLS. */
    public String envoyPatches(String listener) throws IOException, GeneralSecurityException {
        return """
                  envoyPatches:
                  - type: Listener
                    name: %s
                    operations:
                    - op: add
                      path: /filter_chains/0/transport_socket
                      value:
                        name: envoy.transport_sockets.tls
                        typed_config:
                          '@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                          common_tls_context:
                            tls_certificates:
                            - certificate_chain: {inline_string: %s}
                              private_key: {inline_string: %s}
                """.formatted(listener, JSON.writeValueAsString(certificate()), JSON.writeValueAsString(key()));
    }

    /** Of the certificate, as Envoy prints it. */
    public String serialNumber() throws GeneralSecurityException {
        String digits =
                ((X509Certificate) keys.getCertificate(ALIAS)).getSerialNumber().toString(16);
        return digits.length() % 2 == 0 ? digits : "0" + digits;
    }

    /** As PEM. */
    public String certificate() throws GeneralSecurityException {
        return pem("CERTIFICATE", keys.getCertificate(ALIAS).getEncoded());
    }

    /** The private key as PEM. */
    public String key() throws GeneralSecurityException {
        return pem("PRIVATE KEY", keys.getKey(ALIAS, PASSWORD).getEncoded());
    }

    private static String pem(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + type + "-----\n";
    }
}
