package dev.mpg.sync;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** What the proxy's end counts. */
final class ClientMeters {
    final Counter blobBytes;
    final Counter hashMismatches;
    final Counter refused;
    final Counter reconnects;

    ClientMeters(MeterRegistry registry) {
        blobBytes = Counter.builder("mpg.sync.received.blob.bytes")
                .description("Bytes of resources received from the Master and verified")
                .register(registry);
        hashMismatches = Counter.builder("mpg.sync.hash.mismatches")
                .description("Blobs dropped because their SHA-256 is none that was asked for")
                .register(registry);
        refused = Counter.builder("mpg.sync.refused")
                .description("Assignments that could not be resolved, verified or persisted; the earlier one stayed")
                .register(registry);
        reconnects = Counter.builder("mpg.sync.reconnects")
                .description("Streams to the Master that ended, or could not be opened, and were tried again")
                .register(registry);
    }
}
