package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.SpecReader;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What follows from a Proxy alone. */
public final class Proxies {
    private static final int DEFAULT_REPLICAS = 1;

    /** The Proxy that asked for a cluster id first has it. */
    static final Comparator<Proxy> OLDEST_FIRST = Comparator.comparing(
                    (Proxy proxy) -> proxy.getMetadata().getCreationTimestamp())
            .thenComparing(proxy -> ResourceID.fromResource(proxy).toString());

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

    static ObjectRef ref(Proxy proxy) {
        return new ObjectRef(
                "Proxy", proxy.getMetadata().getNamespace(), proxy.getMetadata().getName());
    }
}
