package dev.mpg.sync;

/** An instance's open stream, as whoever decides sees it. Thread-safe; may send on the calling thread, never blocks. */
public interface InstanceStream {
    /** What {@link SyncAuthority#clusterIds} says about this instance has changed. */
    void placementChanged();

    /** What {@link SyncAuthority#publication} says about this instance and cluster id has changed. */
    void assignmentChanged(String clusterId);

    /** A newer stream of the same instance has come: this one ends. */
    void replaced();
}
