package dev.mpg.compile;

import com.google.protobuf.Message;
import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Backend.Endpoints;
import dev.mpg.config.Problem;
import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns a config into the Envoy resources that make gateways behave so. Equal configs give equal bytes, in any JVM. Each
 * message is marshalled here and nowhere else.
 */
public final class Compiler {
    private Compiler() {}

    /** The resources of this config, patched. Only its patches can make it one that doesn't compile. */
    public static Compilation compile(TrafficConfig config) {
        List<Resource> resources = unpatched(config);
        List<Problem> problems = Patches.apply(config, resources);
        return problems.isEmpty()
                ? new Compilation.Compiled(Snapshot.of(resources))
                : new Compilation.Refused(problems);
    }

    private static List<Resource> unpatched(TrafficConfig config) {
        List<Resource> resources = new ArrayList<>();
        config.backends().forEach(backend -> {
            resources.add(resource(ResourceType.CLUSTER, backend.name(), Clusters.cluster(backend)));
            if (backend.endpoints() instanceof Endpoints.Written(List<Endpoint> endpoints)) {
                resources.add(resource(
                        ResourceType.ENDPOINT, backend.name(), Clusters.loadAssignment(backend.name(), endpoints)));
            }
        });
        config.listeners()
                .forEach(listener -> resources.add(resource(
                        ResourceType.LISTENER, listener.name(), Listeners.listener(listener, config.routes()))));
        if (!config.listeners().isEmpty()) {
            resources.add(resource(ResourceType.ROUTE, Routes.CONFIGURATION_NAME, Routes.configuration()));
            Routes.virtualHosts(config.routes(), config.backends())
                    .forEach(host -> resources.add(resource(ResourceType.VIRTUAL_HOST, host.getName(), host)));
        }
        return resources;
    }

    static Resource resource(ResourceType type, String name, Message message) {
        return Resource.of(type, name, Marshalling.bytes(message));
    }
}
