package dev.mpg.sync;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import java.util.List;

/**
 * What a proxy instance says about the gateways of one Proxy.
 *
 * @param clusterId the Proxy's
 * @param target the version that the instance serves as target
 * @param gateways every connected gateway; of a difference only those that changed
 * @param difference whether this builds upon the report before it on the same stream
 * @param gone of a difference: the gateways that are connected no longer
 */
public record InstanceReport(
        String clusterId, ContentHash target, List<GatewayReport> gateways, boolean difference, List<String> gone) {
    public InstanceReport {
        gateways = List.copyOf(gateways);
        gone = List.copyOf(gone);
    }
}
