package dev.mpg.operator.infrastructure.host;

import java.util.Map;

/** What runs here. */
enum Kind {
    /** A proxy instance: {@code xds}, where it serves gateways, and {@code debug}, its HTTP endpoints. */
    INSTANCE("instances", Map.of("xds", 18000, "debug", 18001)),

    /** A gateway: {@code admin}, Envoy's own interface. The Proxy's listeners have the ports that it names. */
    GATEWAY("gateways", Map.of("admin", 9901));

    private final String folder;

    @SuppressWarnings("ImmutableEnumChecker") // Map.of is immutable
    private final Map<String, Integer> ports;

    Kind(String folder, Map<String, Integer> ports) {
        this.folder = folder;
        this.ports = ports;
    }

    /** The name of the folder of all processes of this kind. */
    String folder() {
        return folder;
    }

    /** The same for every process of this kind, each having an address of its own. */
    Map<String, Integer> ports() {
        return ports;
    }

    int port(String name) {
        Integer port = ports.get(name);
        if (port == null) {
            throw new IllegalArgumentException(this + " has no port called " + name);
        }
        return port;
    }
}
