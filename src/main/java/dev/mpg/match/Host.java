package dev.mpg.match;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.mpg.snapshot.Resource;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A virtual host, of which only the domains are read until a request belongs to it: of thousands few ever get one. Thread-safe. */
final class Host {
    private final ByteString bytes;
    private final List<String> domains;
    /** Read from {@link #bytes}; null until somebody asked. */
    private volatile @Nullable Contents contents;

    /**
     * What is read when a request belongs to it.
     *
     * @param foreign on which requests depend and which isn't understood
     * @param routes in order, prepared
     */
    record Contents(VirtualHost message, Optional<String> foreign, List<RouteRule> routes) {
        private static final Set<Integer> DECIDING = Set.of(VirtualHost.MATCHER_FIELD_NUMBER);

        private static Contents of(VirtualHost message) {
            return new Contents(
                    message,
                    Foreign.oneOf(DECIDING, message),
                    IntStream.range(0, message.getRoutesCount())
                            .mapToObj(i -> RouteRule.of(i, message.getRoutes(i)))
                            .toList());
        }
    }

    /** @throws InvalidProtocolBufferException when these are not a virtual host's */
    private Host(ByteString bytes) throws InvalidProtocolBufferException {
        this.bytes = bytes;
        this.domains = domains(bytes);
    }

    /** One that is part of a route configuration. */
    static Host of(VirtualHost message) {
        try {
            return new Host(message.toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("what was marshalled can be read", e);
        }
    }

    /**
     * One that is a resource of its own.
     *
     * @throws IllegalArgumentException when the resource is no virtual host
     */
    static Host of(Resource resource) {
        try {
            return new Host(resource.bytes());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(resource + " is not what a config compiles to", e);
        }
    }

    private static List<String> domains(ByteString bytes) throws InvalidProtocolBufferException {
        List<String> domains = new ArrayList<>();
        CodedInputStream in = bytes.newCodedInput();
        try {
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (WireFormat.getTagFieldNumber(tag) == VirtualHost.DOMAINS_FIELD_NUMBER) {
                    domains.add(in.readStringRequireUtf8());
                } else {
                    in.skipField(tag);
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw e;
        } catch (IOException e) {
            throw new InvalidProtocolBufferException(e);
        }
        return List.copyOf(domains);
    }

    List<String> domains() {
        return domains;
    }

    /** @throws IllegalArgumentException when it cannot be read beyond its domains */
    Contents contents() {
        Contents known = contents;
        if (known == null) {
            try {
                known = Contents.of(VirtualHost.parseFrom(bytes));
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalArgumentException("the virtual host of " + domains + " cannot be read", e);
            }
            contents = known;
        }
        return known;
    }
}
