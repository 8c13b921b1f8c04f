package dev.mpg.telemetry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;

/** An address on which a server of ours should listen can't be had, most often since another process has it. */
public final class CannotListenException extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    /**
     * @param option the command's option that gives the address
     */
    public CannotListenException(InetSocketAddress address, String option, IOException cause) {
        super("cannot listen on " + text(address) + ": " + reason(cause) + "; choose another " + option, cause);
    }

    private static String reason(IOException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return String.valueOf(cause.getMessage());
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress() == null
                ? address.getHostString()
                : address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
