package dev.mpg.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Value;
import dev.mpg.snapshot.Resource;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import java.net.InetAddress;

/**
 * The address on which a gateway's listeners bind instead of their own, where several gateways share one host. The
 * listener's bytes stay as they are and are followed by a listener with only that address: protobuf merges embedded messages
 * when it parses, so port and all else remain.
 *
 * @param literal an IP address; empty: listeners stay as they are
 * @see <a href="https://protobuf.dev/programming-guides/encoding/#last-one-wins">Last one wins</a>
 */
record BindAddress(String literal) {
    static final BindAddress NONE = new BindAddress("");

    /** Where a node says it. */
    static final String METADATA = "mpg.dev/bind-address";

    /** What the node wants. Throws IllegalArgumentException, with a text for the client, when it isn't an IP address. */
    static BindAddress of(Node node) {
        Value value = node.getMetadata().getFieldsMap().get(METADATA);
        if (value == null) {
            return NONE;
        }
        String literal = value.getStringValue();
        try {
            return new BindAddress(InetAddress.ofLiteral(literal).getHostAddress());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "node.metadata[\"" + METADATA + "\"] is '" + literal + "' but must be an IPv4 or IPv6 address", e);
        }
    }

    /** The listener's bytes with this address. Listeners that have no socket address stay as they are. */
    ByteString apply(Resource listener) {
        if (literal.isEmpty() || !hasSocketAddress(listener)) {
            return listener.bytes();
        }
        return listener.bytes()
                .concat(Listener.newBuilder()
                        .setAddress(Address.newBuilder()
                                .setSocketAddress(SocketAddress.newBuilder().setAddress(literal)))
                        .build()
                        .toByteString());
    }

    private static boolean hasSocketAddress(Resource listener) {
        try {
            return Listener.parseFrom(listener.bytes()).getAddress().hasSocketAddress();
        } catch (InvalidProtocolBufferException e) {
            return false; // The gateway will refuse it, in its own words.
        }
    }
}
