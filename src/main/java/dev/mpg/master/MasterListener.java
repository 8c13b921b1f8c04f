package dev.mpg.master;

/** Is told that something has changed, to look at what it is now. Must not block; called while no lock is held. */
public interface MasterListener {
    /** {@link Master#fleet} of this cluster id has changed. */
    void fleetChanged(String clusterId);

    /** This instance has connected, disconnected, or left {@link Master#instances}. */
    void instanceChanged(String instance);
}
