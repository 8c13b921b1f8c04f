package dev.mpg.proxy;

import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.AssignmentSink;
import dev.mpg.xds.FleetListener;
import dev.mpg.xds.XdsServer;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps on disk, then serves, what the Master sends. */
final class ServingSink implements AssignmentSink {
    private static final Logger log = LoggerFactory.getLogger(ServingSink.class);

    private final AssignmentStore store;
    private final XdsServer xds;
    private final FleetListener served;
    private final Executor housekeeper;
    private volatile Optional<String> keepError = Optional.empty();
    private volatile Optional<String> forgetError = Optional.empty();

    /**
     * @param served told the cluster id of each assignment from when it is served
     * @param housekeeper runs what nobody waits for
     */
    ServingSink(AssignmentStore store, XdsServer xds, FleetListener served, Executor housekeeper) {
        this.store = store;
        this.xds = xds;
        this.served = served;
        this.housekeeper = housekeeper;
    }

    /** Serves what is on disk. */
    void serveHeld() {
        store.assignments().forEach(this::serve);
    }

    @Override
    public Map<String, Set<ContentHash>> holdings() {
        return store.holdings();
    }

    @Override
    public Optional<Snapshot> snapshot(String clusterId, ContentHash version) {
        return store.snapshot(clusterId, version);
    }

    @Override
    public void assign(Assignment assignment) {
        try {
            store.put(assignment);
        } catch (UncheckedIOException e) {
            keepError = Optional.ofNullable(e.getMessage());
            // It may have failed for want of space.
            tidy();
            throw e;
        }
        keepError = Optional.empty();
        serve(assignment);
        tidySoon();
    }

    private void serve(Assignment assignment) {
        xds.assign(assignment);
        log.info(
                "Proxy {}: target {}, stable {}",
                assignment.clusterId(),
                assignment.target(),
                assignment
                        .stable()
                        .map(Snapshot::version)
                        .map(ContentHash::abbreviated)
                        .orElse("none"));
        served.changed(assignment.clusterId());
    }

    /** Stops serving whatever the disk does: where it fails, only the forgetting waits, for the next time. */
    @Override
    public void retain(Set<String> clusterIds) {
        for (String clusterId : xds.clusters()) {
            if (!clusterIds.contains(clusterId)) {
                xds.release(clusterId);
                log.info("Proxy {} is not placed here any more: released", clusterId);
            }
        }
        try {
            store.retain(clusterIds);
            forgetError = Optional.empty();
        } catch (UncheckedIOException e) {
            forgetError = Optional.ofNullable(e.getMessage());
            log.warn("Proxies that are not served any more are still on disk: {}", e.getMessage());
        }
        tidySoon();
    }

    private void tidySoon() {
        if (store.worthTidying()) {
            housekeeper.execute(this::tidy);
        }
    }

    private void tidy() {
        try {
            store.tidy();
        } catch (UncheckedIOException e) {
            log.warn("unused config still takes space on disk: {}", e.getMessage());
        }
    }

    /** Why the last assignment could not be kept on disk or deleted, else what else is wrong with the disk. */
    Optional<String> diskError() {
        return keepError.or(() -> forgetError).or(store::problem);
    }
}
