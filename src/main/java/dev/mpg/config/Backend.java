package dev.mpg.config;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;

/**
 * An upstream service, and how it is used. Immutable.
 *
 * @param policy how it is used; of equal ones the endpoints make the difference
 */
public record Backend(String name, Endpoints endpoints, Policy policy, Origin origin) {

    /** One whose endpoints are written down, and that is used as Envoy does by itself. */
    public Backend(String name, List<Endpoint> endpoints, Origin origin) {
        this(name, new Endpoints.Written(endpoints), Policy.DEFAULT, origin);
    }

    /** The Service whose endpoints these are. */
    public Optional<ServiceRef> service() {
        return endpoints instanceof Endpoints.OfService(ServiceRef service) ? Optional.of(service) : Optional.empty();
    }

    /** Where requests go. */
    public sealed interface Endpoints {
        /** As written, in this order; none: requests are answered with 503. */
        record Written(List<Endpoint> list) implements Endpoints {
            public Written {
                list = List.copyOf(list);
            }
        }

        /** Whatever they are at the moment: they are no part of the config. */
        record OfService(ServiceRef service) implements Endpoints {}

        /** The addresses of a name in the DNS, in lower case, which gateways look up: IPv4, else IPv6. */
        record OfName(String hostname, int port) implements Endpoints {}
    }

    /**
     * A port of a Kubernetes Service.
     *
     * @param port the Service's, 1 to 65535; its endpoints may listen on another
     */
    public record ServiceRef(String namespace, String name, int port) {}

    /** An address of an upstream service. {@code host} is an IP address. */
    public record Endpoint(String host, int port) {}

    /**
     * How an upstream service is used.
     *
     * @param http2 whether HTTP/2 is spoken, with or without TLS; else HTTP/1.1
     * @param tls empty: plain
     * @param connectTimeout 1 ms to 1 h
     */
    public record Policy(
            boolean http2,
            Optional<Tls> tls,
            CircuitBreaker circuitBreaker,
            Optional<ActiveHealthCheck> activeHealthCheck,
            Optional<OutlierDetection> outlierDetection,
            LoadBalancer loadBalancer,
            Duration connectTimeout,
            Optional<TcpKeepalive> tcpKeepalive) {
        /** Nothing is asked for. */
        public static final Policy DEFAULT = new Policy(
                false,
                Optional.empty(),
                CircuitBreaker.NONE,
                Optional.empty(),
                Optional.empty(),
                new LoadBalancer.RoundRobin(Optional.empty()),
                Duration.ofSeconds(5),
                Optional.empty());
    }

    /**
     * TLS to the backend, whose certificate is always checked.
     *
     * @param hostname that is asked for (SNI), in lower case
     * @param authorities a Secret whose {@code ca.crt} has those that are trusted; empty: the system's
     * @param names one of which the certificate must have, sorted. Never empty
     */
    public record Tls(String hostname, Optional<SecretRef> authorities, List<SubjectName> names) {
        public Tls {
            names = names.stream()
                    .distinct()
                    .sorted(Comparator.comparing(SubjectName::value))
                    .toList();
        }
    }

    /** A name that a certificate may have: in the DNS, or a URI. */
    public record SubjectName(boolean isUri, String value) {}

    /** Limits per gateway, 0 to 2³²−1 (of requests per connection 1); empty: the gateway's default. */
    public record CircuitBreaker(
            OptionalLong maxConnections,
            OptionalLong maxPendingRequests,
            OptionalLong maxParallelRequests,
            OptionalLong maxParallelRetries,
            OptionalLong maxRequestsPerConnection,
            OptionalLong maxConnectionsPerEndpoint) {
        /** No limit is set. */
        public static final CircuitBreaker NONE = new CircuitBreaker(
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    /**
     * Each gateway asks each endpoint.
     *
     * @param http empty: a connection is enough
     * @param timeout 1 ms to 1 h
     * @param interval 10 ms to 1 h
     */
    public record ActiveHealthCheck(
            Optional<HttpCheck> http,
            Duration timeout,
            Duration interval,
            int unhealthyThreshold,
            int healthyThreshold) {}

    /**
     * What is asked for.
     *
     * @param hostname empty: the backend's name
     * @param statuses good ones, 100 to 599. Never empty
     */
    public record HttpCheck(String path, Optional<String> hostname, SortedSet<Integer> statuses) {}

    /**
     * Endpoints that answer badly get no requests for a while.
     *
     * @param consecutive5xx 0 to 2³²−1; 0: doesn't matter
     * @param consecutiveGatewayErrors the same of 502, 503 and 504
     * @param interval 10 ms to 1 h, as is {@code baseEjectionTime}
     * @param maxEjectionPercent 0 to 100
     */
    public record OutlierDetection(
            long consecutive5xx,
            long consecutiveGatewayErrors,
            Duration interval,
            Duration baseEjectionTime,
            int maxEjectionPercent) {}

    /** How an endpoint is chosen. */
    public sealed interface LoadBalancer {
        /**
         * One after the other.
         *
         * @param slowStart until a new endpoint has its full share, 1 s to 1 h
         */
        record RoundRobin(Optional<Duration> slowStart) implements LoadBalancer {}

        /** Of two at random the one with fewer requests under way. */
        record LeastRequest(Optional<Duration> slowStart) implements LoadBalancer {}

        /** Any. */
        record Random() implements LoadBalancer {}

        /**
         * The same for requests that have the same key.
         *
         * @param maglev else a ring
         * @param maxLoadPercent of the average load, 100 to 1000; empty: no bound
         */
        record ConsistentHash(HashKey key, boolean maglev, Optional<Integer> maxLoadPercent) implements LoadBalancer {}
    }

    /** What requests have in common that go to one endpoint. */
    public sealed interface HashKey {
        /** The client's address. */
        record SourceIp() implements HashKey {}

        /** The value of a header, whose name is in lower case. */
        record Header(String name) implements HashKey {}

        /**
         * The value of a cookie; a client that has none gets one.
         *
         * @param ttl at least 1 s; empty: until the browser is closed
         */
        record Cookie(String name, Optional<Duration> ttl) implements HashKey {}
    }

    /** As the system's socket options; empty: the system's default. */
    public record TcpKeepalive(Optional<Integer> probes, Optional<Duration> idleTime, Optional<Duration> interval) {}
}
