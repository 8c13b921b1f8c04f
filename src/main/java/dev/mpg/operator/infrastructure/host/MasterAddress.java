package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;

/**
 * Where the Master of this machine listens when nobody says: port 18100 of a loopback address of its own, chosen once and
 * kept in the state folder, so that proxy instances find an operator that was started again.
 */
public final class MasterAddress {
    private static final String NETWORK = "127.78";
    private static final int PORT = 18_100;
    private static final String FILE = "master-address";

    private MasterAddress() {}

    /** The address kept in this folder; else a free one, which is kept from now on. */
    public static InetSocketAddress of(Path state) throws IOException {
        Path file = state.resolve(FILE);
        if (!Files.exists(file)) {
            OwnerOnly.createFolders(state);
            Path complete = state.resolve(FILE + ".new");
            OwnerOnly.createFile(complete);
            Files.writeString(complete, new LoopbackAddresses(NETWORK).take(Set.of(PORT)), StandardCharsets.UTF_8);
            Files.move(complete, file, StandardCopyOption.ATOMIC_MOVE);
        }
        String host = Files.readString(file).strip();
        try {
            return new InetSocketAddress(InetAddress.ofLiteral(host), PORT);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " holds '" + host + "', which is no IP address; delete the file", e);
        }
    }
}
