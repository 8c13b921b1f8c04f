package dev.mpg.xds;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Status;

/** Why a stream is refused or ended, for those who read the gateway's log. */
final class Refusals {
    static final Status REPLACED = Status.ABORTED.withDescription(
            "another stream with the same node.id took this one's place: if this goes on, two"
                    + " gateways have the same node.id, give each its own");

    private Refusals() {}

    static Status noNodeId() {
        return Status.UNAUTHENTICATED.withDescription("node.id is missing: set it in the bootstrap");
    }

    static Status noNodeCluster() {
        return Status.UNAUTHENTICATED.withDescription(
                "node.cluster is missing: set it in the bootstrap to the" + " spec.clusterId of the gateway's Proxy");
    }

    static Status badMetadata(IllegalArgumentException e) {
        return Status.INVALID_ARGUMENT.withDescription(e.getMessage());
    }

    static Status unknownCluster(Node node) {
        return unknownCluster(node.getCluster());
    }

    private static Status unknownCluster(String clusterId) {
        return Status.NOT_FOUND.withDescription(
                "cluster '" + clusterId + "' (node.cluster) is not served here: check that a"
                        + " Proxy with spec.clusterId '" + clusterId + "' exists and is placed on this instance");
    }

    static Status draining(String clusterId) {
        return Status.UNAVAILABLE.withDescription("this instance is being relieved of cluster '" + clusterId
                + "' (node.cluster): another one serves it, whose address the gateway has or gets");
    }

    /** To a gateway that {@link Fleet#targetFor} knows nothing for. */
    static Status notServed(Fleet fleet, String gateway) {
        if (!fleet.isServed()) {
            return unknownCluster(fleet.clusterId());
        }
        return Status.NOT_FOUND.withDescription(
                "gateway '" + gateway + "' (node.id) does not belong to the fleet of cluster '" + fleet.clusterId()
                        + "': only a Proxy with gateway.replicas 0 takes gateways that are run elsewhere");
    }
}
