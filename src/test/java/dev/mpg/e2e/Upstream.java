package dev.mpg.e2e;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/** An upstream service that answers with its name. */
final class Upstream implements AutoCloseable {
    private final HttpServer server;

    private Upstream(HttpServer server) {
        this.server = server;
    }

    static Upstream named(String name) {
        return answering(200, name);
    }

    /** One at an address that Kubernetes takes for an endpoint's: it must not be a loopback one. */
    static Upstream pod(String name) {
        return answering(outsideLoopback(), 200, name);
    }

    private static InetAddress outsideLoopback() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> address instanceof Inet4Address
                            && !address.isLoopbackAddress()
                            && !address.isLinkLocalAddress())
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("this machine has no IPv4 address but loopback"));
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that speaks nothing but TLS. */
    static Upstream secure(String name, SSLContext context) {
        try {
            HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(context));
            return answering(server, 200, name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that answers every request with this status. */
    static Upstream failing(int status) {
        return answering(status, "failing");
    }

    private static Upstream answering(int status, String name) {
        return answering(InetAddress.getLoopbackAddress(), status, name);
    }

    private static Upstream answering(InetAddress at, int status, String name) {
        try {
            return answering(HttpServer.create(new InetSocketAddress(at, 0), 0), status, name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Upstream answering(HttpServer server, int status, String name) {
        byte[] body = name.getBytes(StandardCharsets.UTF_8);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        return new Upstream(server);
    }

    String host() {
        return server.getAddress().getAddress().getHostAddress();
    }

    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
