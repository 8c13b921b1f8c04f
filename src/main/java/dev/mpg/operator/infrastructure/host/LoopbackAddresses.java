package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Loopback addresses of one network {@code 127.x.0.0/16}, one per process, so that all can listen on the same ports.
 * Thread-safe.
 */
final class LoopbackAddresses {
    private static final Pattern NETWORK = Pattern.compile("127\\.(\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])");

    private final String network;
    private final Set<String> taken = new HashSet<>();

    /**
     * @param network its first two numbers, such as {@code 127.80}
     * @throws IllegalArgumentException when it isn't such
     */
    LoopbackAddresses(String network) {
        if (!NETWORK.matcher(network).matches()) {
            throw new IllegalArgumentException(
                    "'" + network + "' is not the beginning of a loopback network: write two numbers, such as 127.80");
        }
        this.network = network;
    }

    /**
     * The lowest address that nobody has here and on which nobody else listens on any of the ports.
     *
     * @throws IllegalStateException when all are taken
     */
    synchronized String take(Collection<Integer> ports) {
        for (int third = 0; third <= 255; third++) {
            for (int fourth = 1; fourth <= 254; fourth++) {
                String address = network + "." + third + "." + fourth;
                if (!taken.contains(address) && isFree(address, ports)) {
                    taken.add(address);
                    return address;
                }
            }
        }
        throw new IllegalStateException("all addresses of " + network + ".0.0/16 are taken");
    }

    /** Remembers an address that was taken earlier, of this network or another. */
    synchronized void keep(String address) {
        taken.add(address);
    }

    synchronized void release(String address) {
        taken.remove(address);
    }

    /** Whether nobody listens on the ports. An address that this system doesn't have is free: its user will be told. */
    static boolean isFree(String address, Collection<Integer> ports) {
        for (int port : ports) {
            try (ServerSocket probe = new ServerSocket()) {
                probe.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
            } catch (BindException e) {
                String reason = e.getMessage();
                if (reason == null || !reason.contains("assign requested address")) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }
}
