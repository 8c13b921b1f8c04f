package dev.mpg.xds;

import java.time.Instant;
import java.util.List;

/**
 * One open stream, as people look at it when they ask why a gateway doesn't have a config. Immutable.
 *
 * @param gateway its {@code node.id}
 * @param bindAddress the address that replaces the host of its listeners; empty when none does
 * @param types what it has asked for on this stream, in xDS order
 */
public record StreamInfo(
        String gateway, Protocol protocol, Instant connectedAt, String bindAddress, List<OfType> types) {
    public StreamInfo {
        types = List.copyOf(types);
    }

    /** The variant of xDS that a stream speaks. */
    public enum Protocol {
        DELTA,
        SOTW
    }

    /**
     * A stream's state for one type.
     *
     * @param type the message's simple name, e.g. {@code Listener}
     * @param wildcard whether it wants all resources of the type
     * @param names how many resources it has asked for by name
     * @param acked the version text of the last response that it accepted; empty when there is none
     * @param pendingNonce of the response that it has not answered yet; empty when there is none
     * @param lastError its own words when it last refused a response; empty when it never did
     * @param resourceBytes bytes of resources sent to it
     */
    public record OfType(
            String type,
            boolean wildcard,
            int names,
            String acked,
            String pendingNonce,
            String lastError,
            long resourceBytes) {}
}
