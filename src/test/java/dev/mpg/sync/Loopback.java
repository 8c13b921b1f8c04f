package dev.mpg.sync;

import io.grpc.Server;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Loopback addresses for test servers that go and come back, or must stay away. Each is used by one server only: of
 * 127.0.0.1, whoever connects to anything may get the port meanwhile.
 */
public final class Loopback {
    /** Of the last three bytes of an address, each of which goes from 1 to 254. */
    private static final int VALUES = 254;

    /** Processes that run at the same time are further apart than the servers of one are many. */
    private static final long PROCESS_STRIDE = 4_093;

    private static final AtomicLong NEXT =
            new AtomicLong(ProcessHandle.current().pid() * PROCESS_STRIDE);

    private Loopback() {}

    /** One that was not given out before, in 127.0.0.0/8; elsewhere than on Linux only 127.0.0.1 can be had. */
    public static InetAddress next() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return InetAddress.getLoopbackAddress();
        }
        long number = NEXT.getAndIncrement();
        byte[] bytes = {127, 0, 0, 0};
        for (int i = 1; i < bytes.length; i++) {
            bytes[i] = (byte) (number % VALUES + 1);
            number /= VALUES;
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where a server that has started listens, as host:port. */
    public static String target(Server server) {
        InetSocketAddress address =
                (InetSocketAddress) server.getListenSockets().getFirst();
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
