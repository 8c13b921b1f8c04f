package dev.mpg.operator.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs proxy instances and gateways. Every method is idempotent, returns without waiting for a process to become ready,
 * and may be called from any thread.
 */
public interface Infrastructure extends AutoCloseable {

    /**
     * Makes the pool of a Scheduler {@code instances} strong; instances are named {@code <scheduler>-<ordinal>}.
     *
     * @return one entry per wanted instance, by ordinal
     */
    List<Workload> ensurePool(String scheduler, int instances);

    /** Takes down every instance of the pool, and what they kept. The pool is listed until the last is gone. */
    void removePool(String scheduler);

    /** Makes the fleet so. Gateways are named {@code <proxy name>-<ordinal>}, which is their {@code node.id}. */
    List<Workload> ensureFleet(Fleet fleet);

    /** Takes down every gateway of the fleet, and what they kept. The fleet is listed until the last is gone. */
    void removeFleet(String clusterId);

    /** Cluster ids of all fleets that run here, those that an earlier operator started too. */
    List<String> fleets();

    /** Names of all Schedulers whose pools run here, those that an earlier operator started too. */
    List<String> pools();

    /** Adds one who is told when a workload starts, ends, fails or is gone. */
    void onChange(ChangeListener listener);

    /**
     * Ports that no listener can have, because every gateway itself listens there. The same for as long as this lives.
     */
    Set<Integer> reservedPorts();

    /**
     * Ends what should not outlive the operator: it was asked to end. Nothing is started any more. Does nothing when it
     * was closed or {@link #release released} before.
     */
    @Override
    void close();

    /**
     * Lets go without ending anything: for an operator that cannot go on, and should not take the traffic with it. Nothing
     * is started or ended any more, and the next operator takes over what runs. Does nothing when it was released or
     * {@link #close closed} before.
     */
    void release();

    /**
     * The gateways of one Proxy.
     *
     * @param clusterId the Proxy's cluster id, their {@code node.cluster}
     * @param proxyName the Proxy's name, which begins the gateways' names
     * @param replicas how many
     * @param xdsAddresses host:port of the instances that serve the Proxy, best first; empty while there is none yet: then
     *     running gateways are left as they are and missing ones are not started
     */
    record Fleet(String clusterId, String proxyName, int replicas, List<String> xdsAddresses) {}

    /**
     * One proxy instance or gateway.
     *
     * @param name as the interface's methods name it
     * @param running whether its process (or pod) runs
     * @param host where it listens: an IP address; null while none is known
     * @param ports its own ports by name: {@code xds} and {@code debug} of an instance, {@code admin} of a gateway
     * @param failure why it ended the last time, for people, with the log's last lines; null when it never failed, or has
     *     run well for a while since. So it is set while it crashes again and again, also in the moments when it runs, and
     *     its text stays the same as far as the reason does
     */
    record Workload(
            String name,
            boolean running,
            @Nullable String host,
            Map<String, Integer> ports,
            @Nullable String failure) {
        public Workload {
            ports = Map.copyOf(ports);
        }
    }

    /** Told of changes; must return at once. */
    interface ChangeListener {
        /** A workload of this Scheduler's pool changed. */
        void poolChanged(String scheduler);

        /** A gateway of this cluster id's fleet changed. */
        void fleetChanged(String clusterId);
    }
}
