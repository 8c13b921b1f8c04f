package dev.mpg.master;

import static dev.mpg.sync.Patience.await;

import dev.mpg.sync.Loopback;
import dev.mpg.sync.MemorySink;
import dev.mpg.sync.SyncClient;
import dev.mpg.sync.SyncTransport;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** A Master and proxy instances that talk over loopback. The Master can be restarted: then it knows nothing. */
final class SyncRig {
    private static final long RETRY_MILLIS = 10;

    final List<String> changedFleets = new CopyOnWriteArrayList<>();
    volatile boolean listenerFails;
    final List<String> changedInstances = new CopyOnWriteArrayList<>();
    private final List<Runnable> opened = Collections.synchronizedList(new ArrayList<>());
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    Master master = newMaster();
    private final InetAddress address = Loopback.next();
    private Server server = serve(0);

    private Master newMaster() {
        return new Master(meters, new MasterListener() {
            @Override
            public void fleetChanged(String clusterId) {
                if (listenerFails) {
                    throw new IllegalStateException("the listener fails");
                }
                changedFleets.add(clusterId);
            }

            @Override
            public void instanceChanged(String instance) {
                changedInstances.add(instance);
            }
        });
    }

    private Server serve(int port) {
        try {
            return SyncTransport.server(new InetSocketAddress(address, port), master.service())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Another Master takes over, at the same address. */
    void restartMaster() throws InterruptedException {
        int port = server.getPort();
        server.shutdownNow().awaitTermination();
        meters = new SimpleMeterRegistry();
        master = newMaster();
        // A server that has ended can hold its port a moment longer.
        server = await().ignoreExceptionsInstanceOf(UncheckedIOException.class)
                .until(() -> serve(port), started -> true);
    }

    ManagedChannel channel() {
        return SyncTransport.channel(Loopback.target(server));
    }

    /** Starts an instance and waits until it is connected. */
    SyncClient proxy(String instance, MemorySink sink) {
        ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
        String target = Loopback.target(server);
        SyncClient client = new SyncClient(
                SyncTransport.channels(target),
                new SyncClient.Identity(instance, instance + ":18000", instance + ":9901"),
                sink,
                scheduler,
                attempt -> RETRY_MILLIS,
                new SimpleMeterRegistry(),
                Clock.systemUTC());
        opened.add(scheduler::shutdown);
        opened.add(client::close);
        client.start();
        await().until(() -> connected(instance));
        return client;
    }

    /** A hand-driven instance. */
    RawInstance raw() {
        RawInstance raw = new RawInstance(channel());
        opened.add(raw::close);
        return raw;
    }

    boolean connected(String instance) {
        return master.instances().stream().anyMatch(known -> known.name().equals(instance) && known.connected());
    }

    Fleet.Serving serving(String clusterId, String instance) {
        return Optional.ofNullable(master.fleet(clusterId).instances().get(instance))
                .orElseThrow();
    }

    double blobBytes() {
        return meters.counter("mpg.sync.blob.bytes").count();
    }

    double manifestBytes() {
        return meters.counter("mpg.sync.manifest.bytes").count();
    }

    double pushes(String result) {
        return meters.counter("mpg.master.pushes", "result", result).count();
    }

    double configChanges() {
        return meters.counter("mpg.master.config.changes").count();
    }

    void stop() throws InterruptedException {
        opened.reversed().forEach(Runnable::run);
        server.shutdownNow().awaitTermination();
    }
}
