package dev.mpg.e2e;

import dev.mpg.testing.SelfSigned;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** A client's connection over TLS, which has been greeted by a server that has the certificate that the client trusts. */
final class SecureConnection implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 5_000;

    private final SSLSocket socket;
    private final BufferedReader in;

    private SecureConnection(SSLSocket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    /**
     * Connects to a gateway.
     *
     * @param host that is asked for (SNI)
     * @throws IOException when the gateway has another certificate, or refuses the connection
     */
    static SecureConnection to(
            String address, int port, String host, SelfSigned trusted, List<String> alpn, String... versions)
            throws IOException, GeneralSecurityException {
        SSLSocket socket = (SSLSocket) trusted.trusting().getSocketFactory().createSocket();
        boolean greeted = false;
        try {
            socket.connect(new InetSocketAddress(address, port), PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(host)));
            parameters.setApplicationProtocols(alpn.toArray(String[]::new));
            if (versions.length > 0) {
                parameters.setProtocols(versions);
            }
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            SecureConnection connection = new SecureConnection(socket);
            greeted = true;
            return connection;
        } finally {
            if (!greeted) {
                socket.close();
            }
        }
    }

    String alpn() {
        return socket.getApplicationProtocol();
    }

    /** The status of the answer to a GET in HTTP/1.1, which leaves the connection open. */
    int get(String host, String path) throws IOException {
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        int status = Integer.parseInt(line().split(" ", -1)[1]);
        int length = 0;
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.startsWith("content-length: ")) {
                length = Integer.parseInt(header.substring("content-length: ".length()));
            }
        }
        for (int i = 0; i < length; i++) {
            int _ = in.read();
        }
        return status;
    }

    private String line() throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new IOException("the connection was closed");
        }
        return line;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
