package dev.mpg.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Passes bytes between a client and the API server, TLS untouched, and can be cut. Whoever uses {@link #kubeconfig}
 * goes through it. Thread-safe.
 */
final class ApiServerRelay implements AutoCloseable {
    private static final Pattern SERVER = Pattern.compile("server: (https://\\S+)");

    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final URI server;
    private final Path kubeconfig;
    private volatile boolean cut;

    private ApiServerRelay(URI server, ServerSocket listener, Path kubeconfig) {
        this.server = server;
        this.listener = listener;
        this.kubeconfig = kubeconfig;
    }

    /**
     * Starts one.
     *
     * @param original says where the API server is
     * @param kubeconfig the file to write, the same but for that
     */
    static ApiServerRelay start(Path original, Path kubeconfig) {
        try {
            String config = Files.readString(original);
            Matcher found = SERVER.matcher(config);
            if (!found.find()) {
                throw new IllegalStateException("no server in " + original);
            }
            ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Files.writeString(
                    kubeconfig, config.replace(found.group(1), "https://127.0.0.1:" + listener.getLocalPort()));
            ApiServerRelay relay = new ApiServerRelay(URI.create(found.group(1)), listener, kubeconfig);
            Thread.ofVirtual().start(relay::accept);
            return relay;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path kubeconfig() {
        return kubeconfig;
    }

    /** From now on the API server is away: what is open breaks, and nothing new works. */
    void cut() {
        cut = true;
        sockets.forEach(ApiServerRelay::close);
    }

    /** The API server is back. */
    void pass() {
        cut = false;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                sockets.add(client);
                if (cut) {
                    close(client);
                    continue;
                }
                Socket upstream = new Socket(server.getHost(), server.getPort());
                sockets.add(upstream);
                Thread.ofVirtual().start(() -> pass(client, upstream));
                Thread.ofVirtual().start(() -> pass(upstream, client));
            } catch (IOException e) {
                // The listener was closed, or one connection failed: its client sees that.
            }
        }
    }

    private static void pass(Socket from, Socket to) {
        byte[] buffer = new byte[16 * 1024];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            // One side is gone: so is the other.
        } finally {
            close(from);
            close(to);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(ApiServerRelay::close);
    }
}
