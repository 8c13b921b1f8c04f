package dev.mpg.config;

import dev.mpg.api.ListenerSpec;
import dev.mpg.config.Listener.AccessLog;
import dev.mpg.config.Listener.Certificate;
import dev.mpg.config.Listener.HttpsRedirect;
import dev.mpg.config.Listener.Tls;
import dev.mpg.config.Listener.TlsVersion;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code spec.listeners}. */
final class ListenerReader {
    static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int HTTPS_PORT = 443;
    private static final int MOVED_PERMANENTLY = 301;
    private static final List<String> ALPN = List.of("h2", "http/1.1");

    private final Findings findings;

    ListenerReader(Findings findings) {
        this.findings = findings;
    }

    Listener read(ListenerSpec from, Origin origin) {
        boolean https = from.protocol() == ListenerSpec.Protocol.HTTPS;
        if (https && from.tls() == null) {
            findings.add(origin.field("tls"), "it is missing, and the protocol is HTTPS", "add it with a certificate");
        } else if (!https && from.tls() != null) {
            findings.add(
                    origin.field("tls"),
                    "it is there, and the protocol is HTTP",
                    "remove it, or make the protocol HTTPS");
        }
        if (https && from.httpsRedirect() != null) {
            findings.add(origin.field("httpsRedirect"), "the listener is HTTPS already", "remove it");
        }
        return new Listener(
                findings.name(from.name(), origin),
                findings.port(from.port(), origin),
                Optional.ofNullable(from.tls()).map(tls -> tls(tls, origin.field("tls"))),
                Optional.ofNullable(from.httpsRedirect())
                        .map(redirect -> httpsRedirect(redirect, origin.field("httpsRedirect"))),
                Boolean.TRUE.equals(from.proxyProtocol()),
                findings.limit(from.maxConnections(), 1, origin.field("maxConnections")),
                Optional.ofNullable(from.accessLog()).map(log -> new AccessLog(format(log, origin))),
                origin);
    }

    private Optional<String> format(ListenerSpec.AccessLog from, Origin listener) {
        if (from.format() != null && from.format().chars().anyMatch(c -> c < ' ')) {
            findings.add(
                    listener.field("accessLog").field("format"),
                    "it has line breaks or other control characters",
                    "write it in one line; one is added at the end");
        }
        return Optional.ofNullable(from.format()).map(line -> line + "\n");
    }

    private HttpsRedirect httpsRedirect(ListenerSpec.HttpsRedirect from, Origin origin) {
        return new HttpsRedirect(
                from.port() == null ? HTTPS_PORT : findings.port(from.port(), origin),
                redirectStatus(findings, from.statusCode(), MOVED_PERMANENTLY, origin.field("statusCode")));
    }

    static int redirectStatus(Findings findings, @Nullable Integer value, int otherwise, Origin origin) {
        if (value != null && !REDIRECTS.contains(value)) {
            findings.add(origin, value + " is not the status of a redirect", "use 301, 302, 303, 307 or 308");
        }
        return value == null ? otherwise : value;
    }

    private Tls tls(ListenerSpec.TLS from, Origin origin) {
        Origin at = origin.field("certificates");
        if (from.certificates() == null || from.certificates().isEmpty()) {
            findings.add(at, "there is no certificate", "name at least one Secret");
        }
        Map<String, Origin> takenBy = new HashMap<>();
        List<Certificate> certificates =
                findings.each(from.certificates(), at, (one, where) -> certificate(one, where, takenBy));
        List<String> alpn = findings.each(from.alpn(), origin.field("alpn"), (protocol, where) -> {
            if (!ALPN.contains(protocol)) {
                findings.add(where, "'" + protocol + "' is not a protocol that is spoken here", "use h2 or http/1.1");
            }
            return protocol;
        });
        if (new HashSet<>(alpn).size() < alpn.size()) {
            findings.add(origin.field("alpn"), "a protocol is there twice", "name each once");
        }
        return new Tls(
                certificates,
                from.minVersion() == ListenerSpec.Version.V1_3 ? TlsVersion.V1_3 : TlsVersion.V1_2,
                alpn.isEmpty() ? ALPN : alpn);
    }

    private Certificate certificate(ListenerSpec.Certificate from, Origin origin, Map<String, Origin> takenBy) {
        Origin at = origin.field("hostnames");
        List<String> hostnames = findings.each(from.hostnames(), at, (hostname, where) -> {
            String read = hostname.toLowerCase(Locale.ROOT);
            if (!Findings.isHostnameOrWildcard(read)) {
                findings.add(
                        where,
                        "'" + hostname + "' is not a host name",
                        "write it like shop.example.com or *.example.com; without hostnames it is for all others");
            }
            claim(read, where, takenBy);
            return read;
        });
        if (hostnames.isEmpty()) {
            claim("", origin, takenBy);
        }
        return new Certificate(secret(findings, from.secretName(), origin.field("secretName")), hostnames, origin);
    }

    private void claim(String hostname, Origin origin, Map<String, Origin> takenBy) {
        Origin other = takenBy.putIfAbsent(hostname, origin);
        if (other != null) {
            findings.add(
                    origin,
                    (hostname.isEmpty() ? "clients that ask for no other name" : hostname) + " has the certificate of "
                            + other.field() + " already",
                    "name it once in a listener");
        }
    }

    /** In the namespace of the object that is read. */
    static SecretRef secret(Findings findings, @Nullable String name, Origin origin) {
        String read = findings.required(name, origin, "x");
        if (!Findings.isHostnameOrWildcard(read) || read.startsWith("*")) {
            findings.add(origin, "'" + name + "' is not the name of a Secret", "use a-z, 0-9, - and .");
        }
        return new SecretRef(origin.object().namespace(), read);
    }
}
