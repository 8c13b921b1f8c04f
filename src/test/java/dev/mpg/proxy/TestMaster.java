package dev.mpg.proxy;

import dev.mpg.master.Fleet;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.master.MasterListener;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.Loopback;
import dev.mpg.sync.Order;
import dev.mpg.sync.SyncTransport;
import io.grpc.Server;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;

/** A real Master and its ConfigSync server, which places every Proxy on one instance, unless it's told otherwise. */
final class TestMaster implements AutoCloseable {
    static final String INSTANCE = "default-0";

    private final Master master;
    private final Server server;
    private final String address;

    private TestMaster(Master master, Server server, String address) {
        this.master = master;
        this.server = server;
        this.address = address;
    }

    /** One at an address of its own. */
    static TestMaster start() throws IOException {
        Master master = new Master(new SimpleMeterRegistry(), new MasterListener() {
            @Override
            public void fleetChanged(String clusterId) {}

            @Override
            public void instanceChanged(String instance) {}
        });
        Server server = SyncTransport.server(new InetSocketAddress(Loopback.next(), 0), master.service())
                .start();
        return new TestMaster(master, server, Loopback.target(server));
    }

    /** Where it listens, as host:port; nobody does once it is closed. */
    String address() {
        return address;
    }

    void publish(Assignment... assignments) {
        for (Assignment assignment : assignments) {
            master.publish(Order.of(assignment), Set.of(INSTANCE));
        }
        master.placementComplete();
    }

    /** Places a Proxy on these instances, and on no other. */
    void place(Assignment assignment, Set<String> instances) {
        master.publish(Order.of(assignment), instances);
        master.placementComplete();
    }

    /** Has the gateways of a Proxy leave these of its instances. */
    void drain(String clusterId, Set<String> instances) {
        master.drain(clusterId, instances);
    }

    /** Whether the instance has an open stream. */
    boolean connected() {
        return master.instances().stream().anyMatch(Instance::connected);
    }

    void withdraw(String clusterId) {
        master.withdraw(clusterId);
    }

    /** Versions that the instance says are on its disk. */
    Set<ContentHash> held(String clusterId) {
        return master.fleet(clusterId).heldVersions();
    }

    List<GatewayReport> gateways(String clusterId) {
        return master.fleet(clusterId).gateways();
    }

    Fleet fleet(String clusterId) {
        return master.fleet(clusterId);
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
