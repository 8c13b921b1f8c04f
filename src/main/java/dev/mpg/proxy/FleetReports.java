package dev.mpg.proxy;

import dev.mpg.sync.SyncClient;
import dev.mpg.xds.FleetListener;
import java.util.function.Consumer;

/**
 * Tells the Master what the gateways of each served Proxy run, whenever that changes. Made before the two that it connects,
 * because the xDS server needs it to be made; what changes before {@link #to} is told after it.
 */
final class FleetReports implements FleetListener, AutoCloseable {
    private final Changes changes;
    private volatile Consumer<String> told = clusterId -> {};

    FleetReports() {
        this.changes = new Changes("reports", clusterId -> told.accept(clusterId));
    }

    /** Begins to report to the Master. */
    void to(ServingSink sink, SyncClient master) {
        told = clusterId -> sink.assignment(clusterId)
                .ifPresent(served -> master.report(clusterId, served.target().version(), sink.gateways(clusterId)));
        sink.assignments().forEach(served -> changes.note(served.clusterId()));
    }

    @Override
    public void changed(String clusterId) {
        changes.note(clusterId);
    }

    @Override
    public void close() {
        changes.close();
    }
}
