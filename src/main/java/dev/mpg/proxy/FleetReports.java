package dev.mpg.proxy;

import dev.mpg.sync.SyncClient;
import dev.mpg.xds.FleetListener;
import dev.mpg.xds.XdsServer;
import java.util.function.Consumer;

/**
 * Tells the Master what the gateways of each served Proxy run, whenever that changes. Made before the two that it connects,
 * because the xDS server needs it to be made; what changes before {@link #to} is told after it.
 */
final class FleetReports implements FleetListener, AutoCloseable {
    private final AssignmentStore store;
    private final Changes changes;
    private volatile Consumer<String> told = clusterId -> {};

    FleetReports(AssignmentStore store) {
        this.store = store;
        this.changes = new Changes("reports", clusterId -> told.accept(clusterId));
    }

    /** Begins to report what {@code xds} knows to the Master. */
    void to(XdsServer xds, SyncClient master) {
        told = clusterId -> store.assignment(clusterId)
                .ifPresent(served -> master.report(clusterId, served.target().version(), xds.gateways(clusterId)));
        store.assignments().forEach(served -> changes.note(served.clusterId()));
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
