package dev.mpg.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.api.ProxySpec.PatchOp;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the gateways of one fleet should do with requests: valid, with all defaults filled in, knowing neither Kubernetes
 * nor, but for the patches, Envoy. Immutable.
 *
 * @param clusterId name of the config plane
 * @param listeners in the order written
 * @param routes in the order written
 * @param backends in the order written; every {@link BackendRef} names one of them
 * @param envoyPatches in the order written; no two have one target. Whether they apply shows when the rest is compiled
 */
public record TrafficConfig(
        String clusterId,
        List<Listener> listeners,
        List<Route> routes,
        List<Backend> backends,
        List<EnvoyPatch> envoyPatches) {
    public TrafficConfig {
        listeners = List.copyOf(listeners);
        routes = List.copyOf(routes);
        backends = List.copyOf(backends);
        envoyPatches = List.copyOf(envoyPatches);
    }

    /** A config without patches. */
    public TrafficConfig(String clusterId, List<Listener> listeners, List<Route> routes, List<Backend> backends) {
        this(clusterId, listeners, routes, backends, List.of());
    }

    /** A port, 1 to 65535, on which every gateway takes HTTP requests. */
    public record Listener(String name, int port, Origin origin) {}

    /**
     * Sends the requests that fit to backends.
     *
     * @param hostnames lower-case host names, perhaps with a leading {@code *.}; {@code *} alone is every host. Never empty
     * @param paths a request fits when any of these does. Never empty
     * @param backendRefs in the order written. Never empty; when all weights are 0 requests are answered with 500
     * @param requestTimeout zero: no limit; empty: the gateway's default
     */
    public record Route(
            String name,
            List<String> hostnames,
            List<PathMatch> paths,
            List<BackendRef> backendRefs,
            Optional<Duration> requestTimeout,
            Origin origin) {
        public Route {
            hostnames = List.copyOf(hostnames);
            paths = List.copyOf(paths);
            backendRefs = List.copyOf(backendRefs);
        }
    }

    /** How a path, without its query, is matched. */
    public sealed interface PathMatch {
        /** The path that is compared with, beginning with a slash. */
        String path();

        /** The whole path. */
        record Exact(String path) implements PathMatch {}

        /** Whole path elements: {@code /foo} fits {@code /foo} and {@code /foo/bar}, not {@code /foobar}. */
        record Prefix(String path) implements PathMatch {}
    }

    /** A backend's share of requests: weight / sum of the weights. */
    public record BackendRef(String backend, int weight, Origin origin) {}

    /**
     * An upstream service.
     *
     * @param endpoints as written; empty when there is a service
     * @param service whose endpoints these are, whatever they are at the moment: they are no part of the config
     */
    public record Backend(
            String name,
            List<Endpoint> endpoints,
            Optional<ServiceRef> service,
            CircuitBreaker circuitBreaker,
            Origin origin) {
        public Backend {
            endpoints = List.copyOf(endpoints);
        }

        /** One whose endpoints are written down. */
        public Backend(String name, List<Endpoint> endpoints, CircuitBreaker circuitBreaker, Origin origin) {
            this(name, endpoints, Optional.empty(), circuitBreaker, origin);
        }
    }

    /**
     * A port of a Kubernetes Service.
     *
     * @param port the Service's, 1 to 65535; its endpoints may listen on another
     */
    public record ServiceRef(String namespace, String name, int port) {}

    /** An address of an upstream service. {@code host} is an IP address. */
    public record Endpoint(String host, int port) {}

    /** Limits per gateway, 0 to 2³²−1; empty: the gateway's default. */
    public record CircuitBreaker(
            OptionalLong maxConnections,
            OptionalLong maxPendingRequests,
            OptionalLong maxParallelRequests,
            OptionalLong maxParallelRetries) {
        /** No limit is set. */
        public static final CircuitBreaker NONE = new CircuitBreaker(
                OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
    }

    /**
     * A JSON Patch (RFC 6902) on the Envoy resource of this type and name, which is the resource's in xDS.
     *
     * @param operations done in order. Never empty
     */
    public record EnvoyPatch(EnvoyResource type, String name, List<Operation> operations, Origin origin) {
        public EnvoyPatch {
            operations = List.copyOf(operations);
        }
    }

    /**
     * One operation of a patch.
     *
     * @param path a JSON Pointer (RFC 6901)
     * @param from a JSON Pointer; there for move and copy
     * @param value there for add, replace and test; perhaps JSON's null. Nobody changes it
     */
    public record Operation(PatchOp op, String path, Optional<String> from, Optional<JsonNode> value, Origin origin) {}
}
