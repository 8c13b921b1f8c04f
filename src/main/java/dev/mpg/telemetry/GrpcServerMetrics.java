package dev.mpg.telemetry;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Counts a gRPC server's calls and messages by method, under the names that gRPC's users know. A message costs one increment.
 * Thread-safe.
 *
 * @see <a href="https://github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus">The names</a>
 */
public final class GrpcServerMetrics implements ServerInterceptor {
    private final MeterRegistry registry;
    private final ConcurrentMap<String, OfMethod> methods = new ConcurrentHashMap<>();

    public GrpcServerMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** A server calls interceptors only for methods that it has, so there are few. */
    private OfMethod of(MethodDescriptor<?, ?> method) {
        return methods.computeIfAbsent(method.getFullMethodName(), name -> new OfMethod(method));
    }

    private final class OfMethod {
        private final Tags tags;
        private final Counter started;
        private final Counter received;
        private final Counter sent;

        OfMethod(MethodDescriptor<?, ?> method) {
            tags = Tags.of(
                    "grpc_service", Objects.requireNonNullElse(method.getServiceName(), ""),
                    "grpc_method", Objects.requireNonNullElse(method.getBareMethodName(), ""));
            started = counter("grpc.server.started", "Calls that began", tags);
            received = counter("grpc.server.msg.received", "Messages that clients sent", tags);
            sent = counter("grpc.server.msg.sent", "Messages that were sent to clients", tags);
        }

        private Counter counter(String name, String description, Tags of) {
            return Counter.builder(name).description(description).tags(of).register(registry);
        }

        void handled(Status.Code code) {
            counter("grpc.server.handled", "Calls that ended, by status code", tags.and("grpc_code", code.name()))
                    .increment();
        }
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        OfMethod method = of(call.getMethodDescriptor());
        method.started.increment();
        // A client can cancel what the server has closed before it hears of that.
        AtomicBoolean handled = new AtomicBoolean();
        ServerCall<Q, A> counted = new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendMessage(A message) {
                method.sent.increment();
                super.sendMessage(message);
            }

            @Override
            public void close(Status status, Metadata trailers) {
                if (handled.compareAndSet(false, true)) {
                    method.handled(status.getCode());
                }
                super.close(status, trailers);
            }
        };
        return new SimpleForwardingServerCallListener<>(next.startCall(counted, headers)) {
            @Override
            public void onMessage(Q message) {
                method.received.increment();
                super.onMessage(message);
            }

            @Override
            public void onCancel() {
                if (handled.compareAndSet(false, true)) {
                    method.handled(Status.Code.CANCELLED);
                }
                super.onCancel();
            }
        };
    }
}
