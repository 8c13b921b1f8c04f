package dev.mpg.gateway;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where something listens.
 *
 * @param host an IPv4 or IPv6 address or a DNS name, without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {
    private static final Pattern WRITTEN =
            Pattern.compile("\\[([0-9a-fA-F:.]+)]:(\\d{1,5})|([^\\s:\\[\\]]+):(\\d{1,5})");
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    public HostPort {
        if (host.isEmpty() || port < 1 || port > 65535) {
            throw new IllegalArgumentException("not an address to connect to: host '" + host + "', port " + port);
        }
    }

    /**
     * Reads {@code host:port}; an IPv6 address stands in brackets.
     *
     * @throws IllegalArgumentException when {@code written} is something else
     */
    public static HostPort parse(String written) {
        Matcher matcher = WRITTEN.matcher(written);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + written + "' is not an address: write host:port, such as 10.0.0.7:18000 or [fd00::7]:18000");
        }
        boolean ipv6 = matcher.group(1) != null;
        return new HostPort(matcher.group(ipv6 ? 1 : 3), Integer.parseInt(matcher.group(ipv6 ? 2 : 4)));
    }

    /** Whether the host is an address, so that nobody needs to ask DNS for it. */
    public boolean isIpAddress() {
        return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
