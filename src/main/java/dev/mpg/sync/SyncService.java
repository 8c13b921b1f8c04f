package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.sync.v1.ConfigSyncGrpc;
import dev.mpg.sync.v1.FromProxy;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/** The Master's end of ConfigSync. */
public final class SyncService implements BindableService {
    private static final MethodDescriptor<FromProxy, ByteString> SYNC = ConfigSyncGrpc.getSyncMethod().toBuilder(
                    ConfigSyncGrpc.getSyncMethod().getRequestMarshaller(), Frames.MARSHALLER)
            .build();

    private final SyncAuthority authority;
    private final Meters meters;

    public SyncService(SyncAuthority authority, MeterRegistry registry) {
        this.authority = authority;
        this.meters = new Meters(registry);
    }

    @Override
    public ServerServiceDefinition bindService() {
        ServiceDescriptor service = ServiceDescriptor.newBuilder(ConfigSyncGrpc.SERVICE_NAME)
                .addMethod(SYNC)
                .build();
        return ServerServiceDefinition.builder(service)
                .addMethod(SYNC, ServerCalls.asyncBidiStreamingCall(this::sync))
                .build();
    }

    private StreamObserver<FromProxy> sync(StreamObserver<ByteString> responses) {
        return new ServerStream((ServerCallStreamObserver<ByteString>) responses, authority, meters);
    }

    /** What the streams of a Master count together. */
    static final class Meters {
        final AtomicInteger streams = new AtomicInteger();
        final Counter pushes;
        final Counter retried;
        final Counter rejected;
        final Counter manifestBytes;
        final Counter blobBytes;

        private Meters(MeterRegistry registry) {
            Gauge.builder("mpg.sync.streams", streams, AtomicInteger::get)
                    .description("Open streams of proxy instances")
                    .register(registry);
            pushes = pushes(registry, "sent");
            retried = pushes(registry, "retried");
            rejected = pushes(registry, "rejected");
            manifestBytes = Counter.builder("mpg.sync.manifest.bytes")
                    .description("Bytes of assignments sent to proxy instances")
                    .register(registry);
            blobBytes = Counter.builder("mpg.sync.blob.bytes")
                    .description("Bytes of resources sent to proxy instances")
                    .register(registry);
        }
    }

    /**
     * Counts assignments, per instance, with this result. A rejected one was sent, and is sent again: that is retried, and not
     * counted as sent.
     */
    public static Counter pushes(MeterRegistry registry, String result) {
        return Counter.builder("mpg.master.pushes")
                .description(
                        "Assignments to proxy instances: sent; skipped because the instance has that very one; rejected"
                                + " by an instance that could not take it; retried, whole, after that")
                .tag("result", result)
                .register(registry);
    }
}
