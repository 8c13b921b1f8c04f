package dev.mpg.cli;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads IP:PORT, an address to listen on: {@code 127.0.0.1:18000}, {@code [::1]:18000}, {@code localhost:18000}, or
 * {@code 0.0.0.0:18000} for every address of the machine. Port 0 takes any free one.
 */
final class SocketAddressConverter implements ITypeConverter<InetSocketAddress> {
    private static final int MAX_PORT = 65_535;
    /** All four numbers: Java would take 1.2.3 for 1.2.0.3. */
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(?:\\.\\d{1,3}){3}");

    @Override
    public InetSocketAddress convert(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw wrong(text);
        }
        return new InetSocketAddress(address(text, text.substring(0, colon)), port(text, text.substring(colon + 1)));
    }

    private static InetAddress address(String text, String host) {
        if (host.equals("localhost")) {
            return InetAddress.getLoopbackAddress();
        }
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (!bracketed && !IPV4.matcher(host).matches()) {
            throw wrong(text);
        }
        try {
            return InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host);
        } catch (IllegalArgumentException e) {
            throw wrong(text);
        }
    }

    private static int port(String text, String port) {
        try {
            int number = Integer.parseInt(port);
            if (number >= 0 && number <= MAX_PORT) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw wrong(text);
        }
        throw wrong(text);
    }

    private static TypeConversionException wrong(String text) {
        return new TypeConversionException(
                "'" + text + "' is not IP:PORT, such as 127.0.0.1:18000, [::1]:18000 or 0.0.0.0:18000");
    }
}
