package dev.mpg.sync;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Refuses ConfigSync while another Master leads: {@code UNAVAILABLE: standing by for …}. An instance that hears it knows
 * that a Master is alive that may lead soon, and asks again sooner than one that finds nobody. Thread-safe.
 */
public final class Standby implements ServerInterceptor {
    private static final String WORDS = "standing by for ";

    private final Supplier<Optional<String>> leader;

    /**
     * @param leader who leads in place of this one, for people; empty when this one does
     */
    public Standby(Supplier<Optional<String>> leader) {
        this.leader = leader;
    }

    /** What an operator says of itself while another one leads. */
    public static String words(String leader) {
        return WORDS + leader;
    }

    static boolean isIn(Status status) {
        return status.getCode() == Status.Code.UNAVAILABLE
                && status.getDescription() != null
                && status.getDescription().startsWith(WORDS);
    }

    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
            ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
        Optional<String> other = leader.get();
        if (other.isEmpty()) {
            return next.startCall(call, headers);
        }
        call.close(Status.UNAVAILABLE.withDescription(words(other.get())), new Metadata());
        return new ServerCall.Listener<>() {};
    }
}
