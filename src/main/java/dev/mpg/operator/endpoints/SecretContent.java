package dev.mpg.operator.endpoints;

import com.google.protobuf.ByteString;
import dev.mpg.compile.LiveData;
import dev.mpg.compile.TlsSecret;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.snapshot.Resource;
import io.fabric8.kubernetes.api.model.Secret;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a Secret is good for. What is wrong with it is said without a byte of what is in it, and without the words of who could
 * not read it, which may quote it.
 *
 * @param resource empty when gateways can't use it
 * @param finding what is wrong; of one that can be used {@link #finding(TlsSecret, Instant)} knows more
 * @param notBefore from when on it is valid
 * @param notAfter until when it is valid
 */
record SecretContent(Optional<Resource> resource, Optional<Finding> finding, Instant notBefore, Instant notAfter) {
    private static final String TLS_TYPE = "kubernetes.io/tls";
    private static final String CERTIFICATE = "tls.crt";
    private static final String KEY = "tls.key";
    private static final String AUTHORITIES = "ca.crt";

    /** What Envoy takes; fewer are easily broken. */
    private static final int MIN_RSA_BITS = 2048;

    private static final Set<Integer> CURVE_BITS = Set.of(256, 384, 521);

    private static final Pattern PEM =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");
    /** An encrypted key of the old format has headers before the content. */
    private static final Pattern ENCRYPTED =
            Pattern.compile("-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type:.*ENCRYPTED");

    /** What can't be used, and why. */
    private static final class Unusable extends Exception {
        private static final long serialVersionUID = 1;

        Unusable(String why) {
            super(why, null, false, false);
        }
    }

    /** A part of a text in PEM. */
    private record Block(String label, ByteString der) {}

    /** Reads and checks it. */
    static SecretContent of(TlsSecret use, Optional<Secret> secret) {
        if (secret.isEmpty()) {
            return none(Reason.SecretNotFound, use.ref() + " does not exist");
        }
        try {
            return use.authorities() ? authorities(use, secret.get()) : certificate(use, secret.get());
        } catch (Unusable e) {
            return none(Reason.SecretInvalid, use.ref() + " " + e.getMessage());
        }
    }

    private static SecretContent none(Reason reason, String found) {
        return new SecretContent(Optional.empty(), Optional.of(new Finding(reason, found)), Instant.MIN, Instant.MAX);
    }

    private static SecretContent authorities(TlsSecret use, Secret secret) throws Unusable {
        ByteString pem = data(secret, AUTHORITIES);
        List<X509Certificate> certificates = certificates(AUTHORITIES, pem);
        return new SecretContent(
                Optional.of(LiveData.authorities(use.ref(), pem)),
                Optional.empty(),
                certificates.stream()
                        .map(certificate -> certificate.getNotBefore().toInstant())
                        .min(Instant::compareTo)
                        .orElseThrow(),
                certificates.stream()
                        .map(certificate -> certificate.getNotAfter().toInstant())
                        .max(Instant::compareTo)
                        .orElseThrow());
    }

    private static SecretContent certificate(TlsSecret use, Secret secret) throws Unusable {
        if (!TLS_TYPE.equals(secret.getType())) {
            throw new Unusable("is of type " + secret.getType() + ", not " + TLS_TYPE);
        }
        ByteString chain = data(secret, CERTIFICATE);
        ByteString key = data(secret, KEY);
        X509Certificate certificate = certificates(CERTIFICATE, chain).getFirst();
        checkSize(certificate.getPublicKey());
        if (!belongTogether(certificate.getPublicKey(), key(key, certificate.getPublicKey()))) {
            throw notTogether();
        }
        return new SecretContent(
                Optional.of(LiveData.certificate(use.ref(), chain, key)),
                Optional.empty(),
                certificate.getNotBefore().toInstant(),
                certificate.getNotAfter().toInstant());
    }

    private static ByteString data(Secret secret, String key) throws Unusable {
        Map<String, String> data = secret.getData();
        String value = data == null ? null : data.get(key);
        if (value == null || value.isEmpty()) {
            throw new Unusable("has no " + key);
        }
        return ByteString.copyFrom(Base64.getMimeDecoder().decode(value));
    }

    private static List<Block> blocks(ByteString pem) {
        return PEM.matcher(pem.toString(StandardCharsets.ISO_8859_1))
                .results()
                .map(block -> new Block(
                        block.group(1),
                        ByteString.copyFrom(Base64.getMimeDecoder().decode(block.group(2)))))
                .toList();
    }

    private static List<X509Certificate> certificates(String key, ByteString pem) throws Unusable {
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Block block : blocks(pem)) {
                if (block.label().equals("CERTIFICATE")) {
                    certificates.add((X509Certificate)
                            factory.generateCertificate(block.der().newInput()));
                }
            }
        } catch (CertificateException | IllegalArgumentException e) {
            throw new Unusable("has a certificate in " + key + " that cannot be read");
        }
        if (certificates.isEmpty()) {
            throw new Unusable("has no certificate in PEM in " + key);
        }
        return certificates;
    }

    /** Those that Envoy takes. */
    private static void checkSize(PublicKey key) throws Unusable {
        boolean taken = switch (key) {
            case RSAPublicKey rsa -> rsa.getModulus().bitLength() >= MIN_RSA_BITS;
            case ECPublicKey ec ->
                CURVE_BITS.contains(ec.getParams().getCurve().getField().getFieldSize());
            default -> false;
        };
        if (!taken) {
            throw new Unusable("has a certificate whose key is neither RSA of " + MIN_RSA_BITS
                    + " bits or more nor ECDSA P-256, P-384 or P-521");
        }
    }

    private static PrivateKey key(ByteString pem, PublicKey ofCertificate) throws Unusable {
        if (ENCRYPTED.matcher(pem.toString(StandardCharsets.ISO_8859_1)).find()) {
            throw new Unusable("has an encrypted key in " + KEY + ": it must be there without a password");
        }
        try {
            for (Block block : blocks(pem)) {
                if (block.label().equals("PRIVATE KEY")) {
                    return key(ofCertificate, block.der());
                } else if (block.label().endsWith(" PRIVATE KEY")) {
                    return key(ofCertificate, Der.pkcs8(ofCertificate, block.der()));
                }
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw notTogether();
        }
        throw new Unusable("has no private key in PEM in " + KEY);
    }

    private static PrivateKey key(PublicKey ofCertificate, ByteString pkcs8) throws GeneralSecurityException {
        return KeyFactory.getInstance(ofCertificate.getAlgorithm())
                .generatePrivate(new PKCS8EncodedKeySpec(pkcs8.toByteArray()));
    }

    private static Unusable notTogether() {
        return new Unusable("has a key in " + KEY + " that is not the one of the first certificate in " + CERTIFICATE);
    }

    private static boolean belongTogether(PublicKey publicKey, PrivateKey privateKey) {
        try {
            Signature signature =
                    Signature.getInstance(publicKey instanceof RSAPublicKey ? "SHA256withRSA" : "SHA256withECDSA");
            byte[] text = BigInteger.ONE.toByteArray();
            signature.initSign(privateKey);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** What is wrong with it at this time. One that isn't valid is used all the same: that is for clients to judge. */
    Optional<Finding> finding(TlsSecret use, Instant now) {
        String what = use.authorities() ? "authority" : "certificate";
        if (now.isAfter(notAfter)) {
            return Optional.of(new Finding(
                    Reason.CertificateExpired,
                    use.ref() + " has " + (use.authorities() ? "no " : "a ") + what
                            + (use.authorities() ? " that is valid since " : " that expired at ") + notAfter));
        } else if (now.isBefore(notBefore)) {
            return Optional.of(new Finding(
                    Reason.CertificateNotYetValid,
                    use.ref() + " has " + (use.authorities() ? "no " : "a ") + what
                            + (use.authorities() ? " that is valid before " : " that is not valid before ")
                            + notBefore));
        }
        return finding;
    }
}
