package dev.mpg.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.mpg.api.BackendSpec;
import dev.mpg.api.ListenerSpec;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.RouteSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Specs of which little is asked. */
public final class Specs {
    private static final YAMLMapper YAML = new YAMLMapper();

    private Specs() {}

    /** As it is written. Every field must be one that there is. */
    public static ProxySpec of(String yaml) {
        try {
            return YAML.readValue(yaml, ProxySpec.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Of a Proxy with so many gateways, or the default. */
    public static ProxySpec proxy(
            @Nullable Integer gateways,
            @Nullable List<ListenerSpec> listeners,
            @Nullable List<RouteSpec> routes,
            @Nullable List<BackendSpec> backends) {
        return new ProxySpec(
                null,
                null,
                gateways == null ? null : new ProxySpec.Gateway(gateways),
                listeners,
                routes,
                backends,
                null,
                null,
                null,
                null);
    }

    /** Takes plain HTTP. */
    public static ListenerSpec listener(String name, int port) {
        return new ListenerSpec(name, port, null, null, null, null, null, null);
    }

    /** Of one address. */
    public static BackendSpec backend(String name, String host, int port) {
        return new BackendSpec(
                name,
                List.of(new BackendSpec.Endpoint(host, port)),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /** What comes for these hosts, or all, goes to these backends. */
    public static RouteSpec route(
            String name,
            @Nullable List<String> hostnames,
            @Nullable List<RouteSpec.Match> matches,
            List<RouteSpec.BackendRef> backendRefs,
            @Nullable String requestTimeout) {
        return new RouteSpec(
                name,
                hostnames,
                matches,
                null,
                backendRefs,
                requestTimeout == null ? null : new RouteSpec.Timeouts(requestTimeout, null, null),
                null,
                null,
                null);
    }

    /** Of paths with this prefix. */
    public static RouteSpec.Match prefix(String path) {
        return new RouteSpec.Match(new RouteSpec.PathMatch(RouteSpec.PathMatchType.PathPrefix, path), null, null, null);
    }
}
