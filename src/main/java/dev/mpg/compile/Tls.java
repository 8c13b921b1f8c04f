package dev.mpg.compile;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.mpg.config.Backend;
import dev.mpg.config.Backend.SubjectName;
import dev.mpg.config.Listener;
import dev.mpg.config.Listener.TlsVersion;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher.SanType;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsParameters;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;

/** TLS with clients and with backends. Certificates and keys are no part of it: gateways ask for them by name (SDS). */
final class Tls {
    private static final String SOCKET = "envoy.transport_sockets.tls";

    /** Where the images of Envoy, and most of Linux, have what the system trusts. */
    private static final String SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

    /**
     * How long what is new waits for its secret before others stop waiting for it: a gateway that starts serves no listener
     * before all are ready, asks for none before its clusters are, and ACKs no other change of clusters before. By itself it
     * would give each 15 s. Without its secret nothing is plain: the listener ends such connections, the cluster has 503, until
     * it comes.
     */
    private static final Duration PATIENCE = Durations.fromSeconds(3);

    private Tls() {}

    /** With clients of a listener that get this certificate. */
    static TransportSocket withClients(Listener.Tls tls, Listener.Certificate certificate) {
        DownstreamTlsContext context = DownstreamTlsContext.newBuilder()
                .setCommonTlsContext(CommonTlsContext.newBuilder()
                        .setTlsParams(
                                TlsParameters.newBuilder().setTlsMinimumProtocolVersion(version(tls.minVersion())))
                        .addAllAlpnProtocols(tls.alpn())
                        .addTlsCertificateSdsSecretConfigs(secret(LiveData.name(certificate.secret()))))
                .build();
        return TransportSocket.newBuilder()
                .setName(SOCKET)
                .setTypedConfig(Marshalling.any(context))
                .build();
    }

    private static TlsProtocol version(TlsVersion version) {
        return switch (version) {
            case V1_2 -> TlsProtocol.TLSv1_2;
            case V1_3 -> TlsProtocol.TLSv1_3;
        };
    }

    static TransportSocket toBackend(Backend.Tls tls, boolean http2) {
        CertificateValidationContext.Builder validation = CertificateValidationContext.newBuilder();
        tls.names().forEach(name -> validation.addMatchTypedSubjectAltNames(matcher(name)));
        // As a client Envoy speaks no more than 1.2 by itself.
        CommonTlsContext.Builder common = CommonTlsContext.newBuilder()
                .setTlsParams(TlsParameters.newBuilder().setTlsMaximumProtocolVersion(TlsProtocol.TLSv1_3));
        if (tls.authorities().isPresent()) {
            common.setCombinedValidationContext(CombinedCertificateValidationContext.newBuilder()
                    .setDefaultValidationContext(validation)
                    .setValidationContextSdsSecretConfig(
                            secret(LiveData.authoritiesName(tls.authorities().get()))));
        } else {
            common.setValidationContext(
                    validation.setTrustedCa(DataSource.newBuilder().setFilename(SYSTEM_AUTHORITIES)));
        }
        if (http2) {
            common.addAlpnProtocols("h2");
        }
        UpstreamTlsContext context = UpstreamTlsContext.newBuilder()
                .setSni(tls.hostname())
                .setCommonTlsContext(common)
                .build();
        return TransportSocket.newBuilder()
                .setName(SOCKET)
                .setTypedConfig(Marshalling.any(context))
                .build();
    }

    private static SubjectAltNameMatcher matcher(SubjectName name) {
        return SubjectAltNameMatcher.newBuilder()
                .setSanType(name.isUri() ? SanType.URI : SanType.DNS)
                .setMatcher(StringMatcher.newBuilder().setExact(name.value()))
                .build();
    }

    private static SdsSecretConfig secret(String name) {
        return SdsSecretConfig.newBuilder()
                .setName(name)
                .setSdsConfig(ConfigSources.ADS.toBuilder().setInitialFetchTimeout(PATIENCE))
                .build();
    }
}
