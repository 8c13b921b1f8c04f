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
import java.util.function.BiFunction;

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

    /** The most specific one. Takes a lookup for each length that wildcard domains have and that the host has too. */
    Optional<Found> find(String requestHost) {
        String host = requestHost.toLowerCase(Locale.ROOT);
        return Optional.ofNullable(exact.get(host))
                .map(found -> new Found(found, host, Specificity.EXACT))
                .or(() -> longest(suffixes, host, (text, length) -> text.substring(text.length() - length))
                        .map(fit -> new Found(fit.getValue(), WILDCARD + fit.getKey(), Specificity.SUFFIX)))
                .or(() -> longest(prefixes, host, (text, length) -> text.substring(0, length))
                        .map(fit -> new Found(fit.getValue(), fit.getKey() + WILDCARD, Specificity.PREFIX)))
                .or(() -> any.map(found -> new Found(found, WILDCARD, Specificity.ANY)));
    }

    /** The wildcard stands for at least one character. */
    private static Optional<Map.Entry<String, Host>> longest(
            NavigableMap<Integer, Map<String, Host>> wildcards, String host, BiFunction<String, Integer, String> part) {
        for (Map.Entry<Integer, Map<String, Host>> ofLength :
                wildcards.tailMap(host.length(), false).entrySet()) {
            String key = part.apply(host, ofLength.getKey());
            Host found = ofLength.getValue().get(key);
            if (found != null) {
                return Optional.of(Map.entry(key, found));
            }
        }
        return Optional.empty();
    }
}
