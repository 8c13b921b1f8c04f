package dev.mpg.proxy;

import dev.mpg.sync.SyncClient;
import dev.mpg.xds.LoadReports;
import dev.mpg.xds.XdsServer;
import dev.mpg.xds.XdsServer.WaveTraffic;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the Master, once a second and only when there is something new, what the traffic of open waves is like. */
final class TrafficReports implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TrafficReports.class);
    private static final long PACE_MILLIS = LoadReports.WAVE_INTERVAL.toMillis();

    private final XdsServer xds;
    private final SyncClient master;
    private final Map<String, WaveTraffic> told = new HashMap<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("traffic").factory());

    TrafficReports(XdsServer xds, SyncClient master) {
        this.xds = xds;
        this.master = master;
        var _ = thread.scheduleWithFixedDelay(this::tell, PACE_MILLIS, PACE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void tell() {
        try {
            told.keySet().retainAll(xds.clusters());
            for (String clusterId : xds.clusters()) {
                xds.traffic(clusterId).ifPresent(traffic -> {
                    if (!traffic.equals(told.put(clusterId, traffic))) {
                        master.traffic(clusterId, traffic.wave(), traffic.seen());
                    }
                });
            }
        } catch (RuntimeException e) {
            log.error("the traffic of open waves could not be told", e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
