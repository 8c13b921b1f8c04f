package dev.mpg.snapshot;

import java.util.Optional;

/**
 * The xDS resource types of which a config or live data consist, in the order in which Envoy wants additions (clusters before
 * what refers to them). Secrets have no place in that order: Envoy asks for each by name when it gets what refers to it, and
 * keeps that warming meanwhile.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol">xDS protocol, eventual consistency</a>
 */
public enum ResourceType {
    CLUSTER(1, "type.googleapis.com/envoy.config.cluster.v3.Cluster"),
    ENDPOINT(2, "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"),
    LISTENER(3, "type.googleapis.com/envoy.config.listener.v3.Listener"),
    ROUTE(4, "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"),
    VIRTUAL_HOST(5, "type.googleapis.com/envoy.config.route.v3.VirtualHost"),
    /** Live data only: a certificate with its key, or authorities. Never on disk, in a log or on a page. */
    SECRET(6, "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret");

    private final int number;
    private final String typeUrl;

    ResourceType(int number, String typeUrl) {
        this.number = number;
        this.typeUrl = typeUrl;
    }

    /** Part of the version's definition and of ConfigSync: never changes, never is used again for another type. */
    public int number() {
        return number;
    }

    /** How xDS names the type. */
    public String typeUrl() {
        return typeUrl;
    }

    /** The message's simple name, as people know it: {@code Listener}. */
    public String messageName() {
        return typeUrl.substring(typeUrl.lastIndexOf('.') + 1);
    }

    /** The type with this xDS type URL, empty when it is none of ours. */
    public static Optional<ResourceType> ofTypeUrl(String typeUrl) {
        for (ResourceType type : values()) {
            if (type.typeUrl.equals(typeUrl)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** The type with this {@link #number()}, empty when there is none: a newer peer may know more. */
    public static Optional<ResourceType> ofNumber(int number) {
        for (ResourceType type : values()) {
            if (type.number == number) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
