package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecReader;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** What follows from a Proxy alone. */
public final class Proxies {
    private static final int DEFAULT_REPLICAS = 1;

    private Proxies() {}

    /** The cluster id that the Proxy asks for. */
    public static String clusterId(Proxy proxy) {
        return SpecReader.clusterId(ref(proxy), proxy.getSpec());
    }

    /** {@code node.id}s of the gateways that are run for the Proxy; empty when they are run elsewhere. */
    static List<String> members(Proxy proxy) {
        var gateway = proxy.getSpec().gateway();
        int replicas = gateway == null || gateway.replicas() == null ? DEFAULT_REPLICAS : gateway.replicas();
        return IntStream.range(0, replicas)
                .mapToObj(ordinal -> proxy.getMetadata().getName() + "-" + ordinal)
                .toList();
    }

    /**
     * Which Proxy has a cluster id that several ask for: the oldest. Creation times are whole seconds, so among equal ones it
     * is the one that has it already, and only then the first by name.
     *
     * @param hasIt whether a Proxy has it already
     */
    static Comparator<Proxy> precedence(Predicate<Proxy> hasIt) {
        return Comparator.comparing((Proxy proxy) -> proxy.getMetadata().getCreationTimestamp())
                .thenComparing(proxy -> !hasIt.test(proxy))
                .thenComparing(proxy -> ref(proxy).path());
    }

    /** Whether its status says that it has the cluster id which it asks for. */
    static boolean saysItHasClusterId(Proxy proxy) {
        return proxy.getStatus() != null
                && clusterId(proxy).equals(proxy.getStatus().clusterId())
                && proxy.getStatus().conditions() != null
                && proxy.getStatus().conditions().stream()
                        .noneMatch(condition -> "ClusterIdConflict".equals(condition.getReason()));
    }

    static ObjectRef ref(Proxy proxy) {
        return new ObjectRef(
                "Proxy", proxy.getMetadata().getNamespace(), proxy.getMetadata().getName());
    }
}
