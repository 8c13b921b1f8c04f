package dev.mpg.compile;

import dev.mpg.config.Backend;
import dev.mpg.config.Listener;
import dev.mpg.config.Origin;
import dev.mpg.config.Route;
import dev.mpg.config.TrafficConfig;
import dev.mpg.config.TrafficConfig.EnvoyPatch;
import dev.mpg.snapshot.ResourceType;
import java.util.List;
import java.util.stream.Stream;

/** What of a spec makes a resource. Found when it is asked for: of the resources that a config compiles to few ever are. */
public final class Origins {
    private Origins() {}

    /**
     * The parts of the spec that make a resource: the patch on it, then what it is compiled from, in the order written.
     *
     * @return for a listener {@code spec.listeners[i]}, a cluster {@code spec.backends[i]}, its load assignment
     *     {@code spec.backends[i].endpoints}, a Service's each {@code spec.backends[i].service} that names it, a Secret's each
     *     {@code spec.listeners[i].tls.certificates[j]} and {@code spec.backends[i].tls} that names it, a virtual host
     *     each {@code spec.routes[i]} that has its host name, the route configuration {@code spec.listeners}; before it
     *     {@code spec.envoyPatches[i]}. Empty when the config neither compiles to such a resource nor refers to one of
     *     {@link LiveData}
     */
    public static List<Origin> of(TrafficConfig config, ResourceType type, String name) {
        List<Origin> compiled = compiledFrom(config, type, name).toList();
        return compiled.isEmpty()
                ? List.of()
                : Stream.concat(patches(config, type, name).map(EnvoyPatch::origin), compiled.stream())
                        .toList();
    }

    /** The patch on the resource, if there is one. */
    static Stream<EnvoyPatch> patches(TrafficConfig config, ResourceType type, String name) {
        return config.envoyPatches().stream()
                .filter(patch ->
                        Patches.type(patch.type()) == type && patch.name().equals(name));
    }

    private static Stream<Origin> compiledFrom(TrafficConfig config, ResourceType type, String name) {
        return switch (type) {
            case CLUSTER ->
                config.backends().stream()
                        .filter(backend -> backend.name().equals(name))
                        .map(Backend::origin);
            case ENDPOINT ->
                config.backends().stream()
                        .filter(backend -> Clusters.loadAssignmentName(backend)
                                .filter(name::equals)
                                .isPresent())
                        .map(backend ->
                                backend.origin().field(backend.service().isPresent() ? "service" : "endpoints"));
            case LISTENER ->
                config.listeners().stream()
                        .filter(listener -> listener.name().equals(name))
                        .map(Listener::origin);
            case ROUTE ->
                config.listeners().stream()
                        .limit(name.equals(Routes.CONFIGURATION_NAME) ? 1 : 0)
                        .map(listener -> new Origin(listener.origin().object(), "spec.listeners"));
            case VIRTUAL_HOST -> routes(config, name).map(Route::origin);
            case SECRET ->
                secrets(config).filter(use -> use.name().equals(name)).map(SecretUse::origin);
        };
    }

    /** Those that a virtual host consists of. */
    static Stream<Route> routes(TrafficConfig config, String virtualHost) {
        return config.routes().stream()
                .filter(route -> !config.listeners().isEmpty()
                        && route.hostnames().stream()
                                .map(Routes::virtualHostName)
                                .anyMatch(virtualHost::equals));
    }

    /**
     * The names of all resources of a type that the config compiles to, in the order in which the spec has their origins.
     * Those of {@link LiveData} to which it refers are among them.
     */
    static Stream<String> names(TrafficConfig config, ResourceType type) {
        return switch (type) {
            case CLUSTER -> config.backends().stream().map(Backend::name);
            case ENDPOINT ->
                config.backends().stream()
                        .flatMap(backend -> Clusters.loadAssignmentName(backend).stream())
                        .distinct();
            case LISTENER -> config.listeners().stream().map(Listener::name);
            case ROUTE -> config.listeners().stream().limit(1).map(listener -> Routes.CONFIGURATION_NAME);
            case VIRTUAL_HOST ->
                config.routes().stream()
                        .filter(route -> !config.listeners().isEmpty())
                        .flatMap(route -> route.hostnames().stream())
                        .distinct()
                        .map(Routes::virtualHostName);
            case SECRET -> secrets(config).map(SecretUse::name).distinct();
        };
    }

    /** Where a Secret is referred to. */
    private record SecretUse(String name, Origin origin) {}

    private static Stream<SecretUse> secrets(TrafficConfig config) {
        Stream<SecretUse> certificates = config.listeners().stream()
                .flatMap(listener -> listener.tls().stream())
                .flatMap(tls -> tls.certificates().stream())
                .map(certificate -> new SecretUse(LiveData.name(certificate.secret()), certificate.origin()));
        Stream<SecretUse> authorities = config.backends().stream()
                .flatMap(backend -> backend.policy().tls().flatMap(Backend.Tls::authorities).stream()
                        .map(secret -> new SecretUse(
                                LiveData.authoritiesName(secret),
                                backend.origin().field("tls"))));
        return Stream.concat(certificates, authorities);
    }
}
