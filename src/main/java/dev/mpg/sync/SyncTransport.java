package dev.mpg.sync;

import io.github.resilience4j.core.IntervalFunction;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelOption;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Servers and channels with what ConfigSync needs: message limits, and keepalive so that a vanished peer is noticed. */
public final class SyncTransport {
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
    private static final Duration FIRST_RETRY = Duration.ofMillis(100);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);
    private static final double RETRY_MULTIPLIER = 2;
    private static final double RETRY_JITTER = 0.5;
    /** The last one whose interval stays below the longest one with its jitter: 6.4 s ± 50 %. */
    private static final int LAST_GROWING_RETRY = 7;

    private SyncTransport() {}

    /** A server at this address, in plaintext, not started yet. */
    public static Server server(InetSocketAddress address, BindableService service) {
        return NettyServerBuilder.forAddress(address)
                .maxInboundMessageSize(SyncLimits.MAX_MESSAGE_BYTES)
                .keepAliveTime(SyncLimits.KEEPALIVE_TIME.toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(SyncLimits.KEEPALIVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                // Half of what clients use, so that a late timer doesn't look like an abuse.
                .permitKeepAliveTime(SyncLimits.KEEPALIVE_TIME.toMillis() / 2, TimeUnit.MILLISECONDS)
                .addService(service)
                .build();
    }

    /** A channel to this target (host:port, or with a resolver's scheme), in plaintext. It connects when it is used. */
    public static ManagedChannel channel(String target) {
        return NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .maxInboundMessageSize(SyncLimits.MAX_MESSAGE_BYTES)
                .keepAliveTime(SyncLimits.KEEPALIVE_TIME.toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(SyncLimits.KEEPALIVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .build();
    }

    /**
     * What makes channels to these targets, as {@link #channel} does.
     *
     * @param targets separated by commas
     */
    public static List<Supplier<ManagedChannel>> channels(String targets) {
        return Arrays.stream(targets.split(",", -1))
                .<Supplier<ManagedChannel>>map(target -> () -> channel(target))
                .toList();
    }

    /**
     * How long to wait before attempt n + 1 (n from 1), in milliseconds: 0.1 s, doubled each time, up to 10 s, each ± 50 %
     * so that instances that lost their Master together don't come back together.
     */
    public static IntervalFunction backoff() {
        IntervalFunction growing =
                IntervalFunction.ofExponentialRandomBackoff(FIRST_RETRY, RETRY_MULTIPLIER, RETRY_JITTER, LONGEST_RETRY);
        // It cuts at the longest interval after the jitter, so beyond this attempt all instances would wait exactly
        // that.
        return attempt -> growing.apply(Math.min(attempt, LAST_GROWING_RETRY));
    }
}
