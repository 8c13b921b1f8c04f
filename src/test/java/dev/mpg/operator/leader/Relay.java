package dev.mpg.operator.leader;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URL;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Passes bytes on to a server, until it hangs: then connections stay, and nothing comes through, as in a network that fails. */
final class Relay implements AutoCloseable {
    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final URL server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile boolean hanging;

    Relay(URL server) throws IOException {
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    String url() {
        return server.getProtocol() + "://127.0.0.1:" + listening.getLocalPort();
    }

    void hang() {
        hanging = true;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Socket upstream = new Socket(server.getHost(), server.getPort());
                sockets.addAll(List.of(client, upstream));
                Thread.ofVirtual().start(() -> copy(client, upstream));
                Thread.ofVirtual().start(() -> copy(upstream, client));
            }
        } catch (IOException closed) {
            // the test is over
        }
    }

    private void copy(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[8192];
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                if (!hanging) {
                    out.write(bytes, 0, count);
                }
            }
        } catch (IOException closed) {
            // one of them is gone
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
