package dev.mpg.placement;

import java.util.List;

/**
 * A Proxy and where it is, as its status has it. Immutable.
 *
 * @param id unique among the Proxies of the pool; equal ids have equal ties, in any JVM
 * @param weight gateways in its fleet; less than 1 counts as 1
 * @param instances the primary first, then the standbys; empty when it isn't placed
 */
public record PlacedProxy(String id, int weight, List<String> instances) {
    public PlacedProxy {
        weight = Math.max(1, weight);
        instances = List.copyOf(instances);
    }
}
