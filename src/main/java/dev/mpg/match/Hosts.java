package dev.mpg.match;

import dev.mpg.match.Answer.Specificity;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Virtual hosts by their domains. Immutable. Of two with one domain, which Envoy refuses, it has the first.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto">Envoy:
 *     VirtualHost.domains</a>
 */
final class Hosts {
    private static final String WILDCARD = "*";

    private final Map<String, Host> exact = new HashMap<>();
    /** By their length without the wildcard, the longest first; then by what is left of them. */
    private final NavigableMap<Integer, Map<String, Host>> suffixes = new TreeMap<>(Comparator.reverseOrder());

    private final NavigableMap<Integer, Map<String, Host>> prefixes = new TreeMap<>(Comparator.reverseOrder());
    private Optional<Host> any = Optional.empty();

    /** A virtual host, and the domain that fits. */
    record Found(Host host, String domain, Specificity specificity) {}

    Hosts(Collection<Host> hosts) {
        for (Host host : hosts) {
            for (String domain : host.domains()) {
                add(domain.toLowerCase(Locale.ROOT), host);
            }
        }
    }

    private void add(String domain, Host host) {
        int length = domain.length() - 1;
        if (domain.equals(WILDCARD)) {
            any = any.or(() -> Optional.of(host));
        } else if (domain.startsWith(WILDCARD)) {
            suffixes.computeIfAbsent(length, _ -> new HashMap<>()).putIfAbsent(domain.substring(1), host);
        } else if (domain.endsWith(WILDCARD)) {
            prefixes.computeIfAbsent(length, _ -> new HashMap<>()).putIfAbsent(domain.substring(0, length), host);
        } else {
            exact.putIfAbsent(domain, host);
        }
    }

    /**
     * The most specific one. Takes a lookup for each length that wildcard domains have; their wildcard stands for at least one
     * character.
     */
    Optional<Found> find(String requestHost) {
        String host = requestHost.toLowerCase(Locale.ROOT);
        Host found = exact.get(host);
        if (found != null) {
            return Optional.of(new Found(found, host, Specificity.EXACT));
        }
        for (Map.Entry<Integer, Map<String, Host>> ofLength : suffixes.entrySet()) {
            int start = host.length() - ofLength.getKey();
            found = start > 0 ? ofLength.getValue().get(host.substring(start)) : null;
            if (found != null) {
                return Optional.of(new Found(found, WILDCARD + host.substring(start), Specificity.SUFFIX));
            }
        }
        for (Map.Entry<Integer, Map<String, Host>> ofLength : prefixes.entrySet()) {
            int end = ofLength.getKey();
            found = end < host.length() ? ofLength.getValue().get(host.substring(0, end)) : null;
            if (found != null) {
                return Optional.of(new Found(found, host.substring(0, end) + WILDCARD, Specificity.PREFIX));
            }
        }
        return any.map(anyHost -> new Found(anyHost, WILDCARD, Specificity.ANY));
    }
}
