package dev.mpg.xds;

/** Hears of fleets whose gateways' reports may have changed. */
@FunctionalInterface
public interface FleetListener {
    /**
     * {@link XdsServer#gateways} of this cluster may answer otherwise than before. Called from any thread, outside of locks,
     * and must not block: note the id, read later.
     */
    void changed(String clusterId);
}
