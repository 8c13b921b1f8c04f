package dev.mpg.config;

import dev.mpg.api.BackendSpec;
import dev.mpg.config.Backend.ActiveHealthCheck;
import dev.mpg.config.Backend.CircuitBreaker;
import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Backend.Endpoints;
import dev.mpg.config.Backend.HashKey;
import dev.mpg.config.Backend.HttpCheck;
import dev.mpg.config.Backend.LoadBalancer;
import dev.mpg.config.Backend.OutlierDetection;
import dev.mpg.config.Backend.Policy;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.Backend.SubjectName;
import dev.mpg.config.Backend.TcpKeepalive;
import dev.mpg.config.Backend.Tls;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads {@code spec.backends}. */
final class BackendReader {
    private static final Duration TEN_MILLISECONDS = Duration.ofMillis(10);
    private static final Duration NINE_HOURS = Duration.ofHours(9);

    /** Java alone is laxer than Envoy: it takes 010.0.0.1, 10.1, [::1] and fe80::1%eth0. */
    private static final Pattern IP_ADDRESS =
            Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private static final Pattern CHECKED_PATH = Pattern.compile("/[!-~]*");

    private final Findings findings;

    /** An endpoint, however its address is spelled. */
    private record Address(InetAddress host, int port) {}

    BackendReader(Findings findings) {
        this.findings = findings;
    }

    Backend read(BackendSpec from, Origin origin) {
        return new Backend(findings.name(from.name(), origin), endpoints(from, origin), policy(from, origin), origin);
    }

    private Endpoints endpoints(BackendSpec from, Origin origin) {
        Set<Address> seen = new HashSet<>();
        List<Endpoint> written = findings.each(
                from.endpoints(), origin.field("endpoints"), (endpoint, at) -> endpoint(endpoint, at, seen));
        Optional<Endpoints> service = Optional.ofNullable(from.service())
                .map(ref -> new Endpoints.OfService(service(ref, origin.field("service"))));
        Optional<Endpoints> dns = Optional.ofNullable(from.dns()).map(name -> name(name, origin.field("dns")));
        List<String> given = Stream.of(
                        from.endpoints() == null ? "" : "endpoints",
                        service.isPresent() ? "a service" : "",
                        dns.isPresent() ? "a dns name" : "")
                .filter(one -> !one.isEmpty())
                .toList();
        if (given.isEmpty()) {
            findings.add(origin, "it has neither endpoints nor a service nor a dns name", "give one of them");
        } else if (given.size() > 1) {
            findings.add(
                    origin,
                    given.size() == 2
                            ? "it has both " + String.join(" and ", given)
                            : "it has " + String.join(", ", given),
                    "leave one of them");
        }
        return service.or(() -> dns).orElseGet(() -> new Endpoints.Written(written));
    }

    private Endpoints name(BackendSpec.DnsName from, Origin origin) {
        return new Endpoints.OfName(
                findings.hostname(
                        findings.required(from.hostname(), origin.field("hostname"), "x"), origin.field("hostname")),
                findings.port(from.port(), origin));
    }

    private ServiceRef service(BackendSpec.ServiceRef from, Origin origin) {
        return new ServiceRef(
                origin.object().namespace(), findings.name(from.name(), origin), findings.port(from.port(), origin));
    }

    private Endpoint endpoint(BackendSpec.Endpoint from, Origin origin, Set<Address> seen) {
        String host = findings.required(from.host(), origin.field("host"), "");
        int port = findings.port(from.port(), origin);
        Optional<InetAddress> address = ipAddress(host);
        if (from.host() != null && address.isEmpty()) {
            findings.add(
                    origin.field("host"),
                    "'" + host + "' is not an IP address",
                    "give an IPv4 or IPv6 address, such as 10.0.0.7 or 2001:db8::7");
        }
        if (address.isPresent() && !seen.add(new Address(address.get(), port))) {
            findings.add(origin, host + " port " + port + " is listed twice", "list each endpoint once");
        }
        return new Endpoint(host, port);
    }

    private static Optional<InetAddress> ipAddress(String host) {
        try {
            return IP_ADDRESS.matcher(host).matches() ? Optional.of(InetAddress.ofLiteral(host)) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private Policy policy(BackendSpec from, Origin origin) {
        return new Policy(
                from.protocol() == BackendSpec.Protocol.HTTP2,
                Optional.ofNullable(from.tls()).map(tls -> tls(tls, origin.field("tls"))),
                circuitBreaker(from.circuitBreaker(), origin.field("circuitBreaker")),
                Optional.ofNullable(from.healthCheck())
                        .flatMap(check -> Optional.ofNullable(check.active()))
                        .map(active ->
                                active(active, origin.field("healthCheck").field("active"))),
                Optional.ofNullable(from.healthCheck())
                        .flatMap(check -> Optional.ofNullable(check.passive()))
                        .map(passive ->
                                passive(passive, origin.field("healthCheck").field("passive"))),
                loadBalancer(from.loadBalancer(), origin.field("loadBalancer")),
                duration(
                        from.connectTimeout(),
                        Policy.DEFAULT.connectTimeout(),
                        Findings.MILLISECOND,
                        origin.field("connectTimeout")),
                Optional.ofNullable(from.tcpKeepalive())
                        .map(probes -> keepalive(probes, origin.field("tcpKeepalive"))));
    }

    /** Up to an hour. */
    private Duration duration(@Nullable String text, Duration otherwise, Duration min, Origin origin) {
        return findings.duration(text, min, Findings.HOUR, origin).orElse(otherwise);
    }

    private Tls tls(BackendSpec.TLS from, Origin origin) {
        String hostname = findings.hostname(
                findings.required(from.hostname(), origin.field("hostname"), "x"), origin.field("hostname"));
        List<SubjectName> names =
                findings.each(from.subjectAltNames(), origin.field("subjectAltNames"), this::subjectName);
        return new Tls(
                hostname,
                Optional.ofNullable(from.caSecretName())
                        .map(name -> ListenerReader.secret(findings, name, origin.field("caSecretName"))),
                names.isEmpty() ? List.of(new SubjectName(false, hostname)) : names);
    }

    private SubjectName subjectName(String text, Origin origin) {
        boolean isUri = text.contains("://");
        if (isUri ? !isUri(text) : !Findings.isHostnameOrWildcard(text) || text.startsWith("*")) {
            findings.add(
                    origin,
                    "'" + text + "' is not a name in the DNS or a URI",
                    "write it like api.example.com or spiffe://example.com/api");
        }
        return new SubjectName(isUri, text);
    }

    private static boolean isUri(String text) {
        try {
            return new URI(text).isAbsolute();
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private CircuitBreaker circuitBreaker(BackendSpec.@Nullable CircuitBreaker from, Origin origin) {
        if (from == null) {
            return CircuitBreaker.NONE;
        }
        return new CircuitBreaker(
                findings.limit(from.maxConnections(), 0, origin.field("maxConnections")),
                findings.limit(from.maxPendingRequests(), 0, origin.field("maxPendingRequests")),
                findings.limit(from.maxParallelRequests(), 0, origin.field("maxParallelRequests")),
                findings.limit(from.maxParallelRetries(), 0, origin.field("maxParallelRetries")),
                findings.limit(from.maxRequestsPerConnection(), 1, origin.field("maxRequestsPerConnection")),
                findings.limit(
                        from.perEndpoint() == null ? null : from.perEndpoint().maxConnections(),
                        0,
                        origin.field("perEndpoint").field("maxConnections")));
    }

    private ActiveHealthCheck active(BackendSpec.ActiveHealthCheck from, Origin origin) {
        return new ActiveHealthCheck(
                from.type() == BackendSpec.HealthCheckType.TCP ? noHttp(from, origin) : Optional.of(http(from, origin)),
                duration(from.timeout(), Duration.ofSeconds(1), Findings.MILLISECOND, origin.field("timeout")),
                duration(from.interval(), Duration.ofSeconds(3), TEN_MILLISECONDS, origin.field("interval")),
                findings.inRange(from.unhealthyThreshold(), 3, 1, 100, origin.field("unhealthyThreshold")),
                findings.inRange(from.healthyThreshold(), 1, 1, 100, origin.field("healthyThreshold")));
    }

    /** The API server fills in the path. */
    private Optional<HttpCheck> noHttp(BackendSpec.ActiveHealthCheck from, Origin origin) {
        if (from.hostname() != null) {
            findings.add(
                    origin.field("hostname"), "it is there, and the type is TCP", "remove it, or make the type HTTP");
        }
        if (from.expectedStatuses() != null && !from.expectedStatuses().isEmpty()) {
            findings.add(
                    origin.field("expectedStatuses"),
                    "it is there, and the type is TCP",
                    "remove it, or make the type HTTP");
        }
        return Optional.empty();
    }

    private HttpCheck http(BackendSpec.ActiveHealthCheck from, Origin origin) {
        String path = from.path() == null ? "/" : from.path();
        if (!CHECKED_PATH.matcher(path).matches()) {
            findings.add(
                    origin.field("path"),
                    "'" + path + "' is not a path",
                    "begin it with a slash and use visible ASCII characters");
        }
        SortedSet<Integer> statuses =
                new TreeSet<>(findings.each(from.expectedStatuses(), origin.field("expectedStatuses"), (status, at) ->
                        (int) findings.inRange(status, 100, 599, at)));
        return new HttpCheck(
                path,
                Optional.ofNullable(from.hostname()).map(name -> findings.hostname(name, origin.field("hostname"))),
                statuses.isEmpty() ? new TreeSet<>(List.of(200)) : statuses);
    }

    private OutlierDetection passive(BackendSpec.PassiveHealthCheck from, Origin origin) {
        return new OutlierDetection(
                findings.limit(from.consecutive5xxErrors(), 0, origin.field("consecutive5xxErrors"))
                        .orElse(5),
                findings.limit(from.consecutiveGatewayErrors(), 0, origin.field("consecutiveGatewayErrors"))
                        .orElse(0),
                duration(from.interval(), Duration.ofSeconds(3), TEN_MILLISECONDS, origin.field("interval")),
                duration(
                        from.baseEjectionTime(),
                        Duration.ofSeconds(30),
                        TEN_MILLISECONDS,
                        origin.field("baseEjectionTime")),
                findings.percent(from.maxEjectionPercent(), 10, origin.field("maxEjectionPercent")));
    }

    private LoadBalancer loadBalancer(BackendSpec.@Nullable LoadBalancer from, Origin origin) {
        if (from == null) {
            return Policy.DEFAULT.loadBalancer();
        }
        BackendSpec.LoadBalancerType type = from.type() == null ? BackendSpec.LoadBalancerType.RoundRobin : from.type();
        Optional<Duration> slowStart =
                findings.duration(from.slowStart(), Findings.SECOND, Findings.HOUR, origin.field("slowStart"));
        if (slowStart.isPresent()
                && type != BackendSpec.LoadBalancerType.RoundRobin
                && type != BackendSpec.LoadBalancerType.LeastRequest) {
            findings.add(
                    origin.field("slowStart"), "type " + type + " has no slow start", "use RoundRobin or LeastRequest");
        }
        boolean hashes = type == BackendSpec.LoadBalancerType.ConsistentHash;
        if (hashes != (from.consistentHash() != null)) {
            findings.add(
                    origin.field("consistentHash"),
                    hashes ? "it is missing" : "it is there, and the type is " + type,
                    hashes ? "say what requests must have in common" : "remove it, or make the type ConsistentHash");
        }
        return switch (type) {
            case RoundRobin -> new LoadBalancer.RoundRobin(slowStart);
            case LeastRequest -> new LoadBalancer.LeastRequest(slowStart);
            case Random -> new LoadBalancer.Random();
            case ConsistentHash ->
                from.consistentHash() == null
                        ? new LoadBalancer.Random()
                        : consistentHash(from.consistentHash(), origin.field("consistentHash"));
        };
    }

    private LoadBalancer consistentHash(BackendSpec.ConsistentHash from, Origin origin) {
        BackendSpec.HashBy by = findings.required(from.type(), origin.field("type"), BackendSpec.HashBy.SourceIP);
        Optional<Duration> ttl =
                findings.duration(from.ttl(), Findings.SECOND, Findings.DAY.multipliedBy(365), origin.field("ttl"));
        if (ttl.isPresent() && by != BackendSpec.HashBy.Cookie) {
            findings.add(
                    origin.field("ttl"), "it is there, and the type is " + by, "remove it, or make the type Cookie");
        }
        if (by == BackendSpec.HashBy.SourceIP && from.name() != null) {
            findings.add(origin.field("name"), "it is there, and the type is SourceIP", "remove it");
        }
        HashKey key = switch (by) {
            case SourceIP -> new HashKey.SourceIp();
            case Header ->
                new HashKey.Header(findings.token(from.name(), origin.field("name"), "a header")
                        .toLowerCase(Locale.ROOT));
            case Cookie -> new HashKey.Cookie(findings.token(from.name(), origin.field("name"), "a cookie"), ttl);
        };
        return new LoadBalancer.ConsistentHash(
                key,
                from.algorithm() != BackendSpec.HashAlgorithm.RingHash,
                Optional.ofNullable(from.maxLoadPercent())
                        .map(percent -> (int) findings.inRange(percent, 100, 1000, origin.field("maxLoadPercent"))));
    }

    private TcpKeepalive keepalive(BackendSpec.TcpKeepalive from, Origin origin) {
        return new TcpKeepalive(
                Optional.ofNullable(from.probes())
                        .map(probes -> (int) findings.inRange(probes, 1, 127, origin.field("probes"))),
                wholeSeconds(from.idleTime(), origin.field("idleTime")),
                wholeSeconds(from.interval(), origin.field("interval")));
    }

    /** The system counts them in seconds. */
    private Optional<Duration> wholeSeconds(@Nullable String text, Origin origin) {
        Optional<Duration> duration = findings.duration(text, Findings.SECOND, NINE_HOURS, origin);
        if (duration.filter(one -> one.toMillis() % 1000 != 0).isPresent()) {
            findings.add(origin, text + " is not a whole number of seconds", "write it like 30s");
        }
        return duration;
    }
}
