package dev.mpg.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.api.ProxySpec.PatchOp;
import java.util.List;
import java.util.Optional;

/**
 * What the gateways of one fleet should do with requests: valid, with all defaults filled in, knowing neither Kubernetes
 * nor, but for the patches, Envoy. Immutable.
 *
 * @param clusterId name of the config plane
 * @param listeners in the order written
 * @param routes in the order written
 * @param backends in the order written; every {@link Route.BackendRef} and mirror names one of them
 * @param envoyPatches in the order written; no two have one target. Whether they apply shows when the rest is compiled
 * @param tests in the order written; they change nothing of what is compiled
 */
public record TrafficConfig(
        String clusterId,
        List<Listener> listeners,
        List<Route> routes,
        List<Backend> backends,
        List<EnvoyPatch> envoyPatches,
        List<ConfigTest> tests) {
    public TrafficConfig {
        listeners = List.copyOf(listeners);
        routes = List.copyOf(routes);
        backends = List.copyOf(backends);
        envoyPatches = List.copyOf(envoyPatches);
        tests = List.copyOf(tests);
    }

    /** A config without patches and tests. */
    public TrafficConfig(String clusterId, List<Listener> listeners, List<Route> routes, List<Backend> backends) {
        this(clusterId, listeners, routes, backends, List.of(), List.of());
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
