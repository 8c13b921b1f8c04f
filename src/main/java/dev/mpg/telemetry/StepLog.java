package dev.mpg.telemetry;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * The log of each step that changes of a Proxy make: at DEBUG, and at INFO for the Proxies that somebody wants to see so. Of the
 * whole process, as levels are. Thread-safe.
 */
public final class StepLog {
    private static final Logger LOG = LoggerFactory.getLogger(StepLog.class);
    private static final Set<String> SHOWN = ConcurrentHashMap.newKeySet();

    private StepLog() {}

    /** Shows the steps of this cluster id from now on, or doesn't. */
    public static void show(String clusterId, boolean shown) {
        if (shown ? SHOWN.add(clusterId) : SHOWN.remove(clusterId)) {
            LOG.info("Proxy {}: {}", clusterId, shown ? "each step is logged" : "steps are logged no longer");
        }
    }

    /** Shows the steps of these cluster ids from now on, and of no others. */
    public static void showOnly(Set<String> clusterIds) {
        clusterIds.forEach(clusterId -> show(clusterId, true));
        SHOWN.stream()
                .filter(clusterId -> !clusterIds.contains(clusterId))
                .forEach(clusterId -> show(clusterId, false));
    }

    /** Whether a step of this cluster id would be logged: for what takes some work to tell. */
    public static boolean isOn(Logger log, String clusterId) {
        return log.isEnabledForLevel(level(clusterId));
    }

    /** A line about a step of this cluster id; does nothing when it isn't to be logged. */
    public static LoggingEventBuilder of(Logger log, String clusterId) {
        LoggingEventBuilder line = log.atLevel(level(clusterId));
        return MDC.get(LogKeys.CLUSTER_ID) == null ? line.addKeyValue(LogKeys.CLUSTER_ID, clusterId) : line;
    }

    private static Level level(String clusterId) {
        return SHOWN.contains(clusterId) ? Level.INFO : Level.DEBUG;
    }
}
