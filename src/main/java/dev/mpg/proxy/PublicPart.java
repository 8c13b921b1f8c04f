package dev.mpg.proxy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.Resource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import java.io.InputStream;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What anybody may know of a secret: what a certificate says to all who connect. Its key is nowhere in it.
 *
 * @param certificates in their order; empty also when they can't be read
 * @param privateKey says that there is one; null when there is none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record PublicPart(List<Shown> certificates, @Nullable String privateKey) {
    private static final String REDACTED = "[redacted]";

    /**
     * A certificate.
     *
     * @param names the subject's alternative ones
     * @param notAfter ISO 8601
     */
    record Shown(String subject, List<String> names, String notAfter) {
        static Shown of(X509Certificate certificate) {
            return new Shown(
                    certificate.getSubjectX500Principal().getName(),
                    names(certificate),
                    certificate.getNotAfter().toInstant().toString());
        }

        private static List<String> names(X509Certificate certificate) {
            try {
                Collection<List<?>> names = certificate.getSubjectAlternativeNames();
                return names == null
                        ? List.of()
                        : names.stream()
                                .map(name -> name.get(1))
                                .filter(String.class::isInstance)
                                .map(String.class::cast)
                                .toList();
            } catch (CertificateException e) {
                return List.of();
            }
        }
    }

    static PublicPart of(Resource resource) {
        try {
            Secret secret = Secret.parseFrom(resource.bytes());
            boolean authorities = secret.hasValidationContext();
            InputStream pem = authorities
                    ? secret.getValidationContext()
                            .getTrustedCa()
                            .getInlineBytes()
                            .newInput()
                    : secret.getTlsCertificate()
                            .getCertificateChain()
                            .getInlineBytes()
                            .newInput();
            return new PublicPart(certificates(pem), authorities ? null : REDACTED);
        } catch (InvalidProtocolBufferException e) {
            return new PublicPart(List.of(), REDACTED);
        }
    }

    private static List<Shown> certificates(InputStream pem) {
        try {
            Collection<? extends Certificate> read =
                    CertificateFactory.getInstance("X.509").generateCertificates(pem);
            return read.stream().map(X509Certificate.class::cast).map(Shown::of).toList();
        } catch (CertificateException e) {
            return List.of(); // Its words may quote what it could not read.
        }
    }
}
