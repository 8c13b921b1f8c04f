package dev.mpg.config;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A port, 1 to 65535, on which every gateway takes HTTP requests. Immutable.
 *
 * @param tls empty: plain
 * @param httpsRedirect there: every request is answered so, and routes are not asked
 * @param proxyProtocol whether connections begin with the PROXY protocol
 * @param maxConnections of one gateway, 1 to 2³²−1; empty: no limit
 * @param accessLog empty: nothing is written
 */
public record Listener(
        String name,
        int port,
        Optional<Tls> tls,
        Optional<HttpsRedirect> httpsRedirect,
        boolean proxyProtocol,
        OptionalLong maxConnections,
        Optional<AccessLog> accessLog,
        Origin origin) {

    /** One that takes plain HTTP and has nothing else. */
    public Listener(String name, int port, Origin origin) {
        this(name, port, Optional.empty(), Optional.empty(), false, OptionalLong.empty(), Optional.empty(), origin);
    }

    /**
     * What is spoken over TLS.
     *
     * @param certificates in the order of their host names; no host name is named twice, and at most one has none. Never empty
     * @param alpn h2 and http/1.1, or one of them, the most wanted first. Never empty
     */
    public record Tls(List<Certificate> certificates, TlsVersion minVersion, List<String> alpn) {
        public Tls {
            certificates = certificates.stream()
                    .sorted(Comparator.comparing(Certificate::firstHostname))
                    .toList();
            alpn = List.copyOf(alpn);
        }
    }

    /**
     * A certificate with its key.
     *
     * @param hostnames for which clients get it, in lower case, perhaps with a leading {@code *.}, sorted; empty: for all others
     */
    public record Certificate(SecretRef secret, List<String> hostnames, Origin origin) {
        public Certificate {
            hostnames = hostnames.stream().distinct().sorted().toList();
        }

        /** Of the sorted ones; * when there is none. */
        public String firstHostname() {
            return hostnames.isEmpty() ? "*" : hostnames.getFirst();
        }
    }

    /** The oldest version that is spoken. */
    public enum TlsVersion {
        V1_2,
        V1_3
    }

    /**
     * Where clients should come instead.
     *
     * @param status 301, 302, 303, 307 or 308
     */
    public record HttpsRedirect(int port, int status) {}

    /**
     * A line on standard output for each request.
     *
     * @param format with Envoy's command operators and a line break; empty: Envoy's own
     */
    public record AccessLog(Optional<String> format) {}
}
