package dev.mpg.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import dev.mpg.snapshot.Resource;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import java.io.IOException;
import java.util.List;

/**
 * Looks into marshalled RouteConfigurations and composes them with virtual hosts, field by field on the wire, so that no
 * virtual host is unmarshalled or marshalled again.
 */
final class RouteComposition {
    private static final int TAG_BITS = 3;

    private RouteComposition() {}

    /** Whether the RouteConfiguration wants its virtual hosts as resources of their own. */
    static boolean usesVhds(Resource route) {
        try {
            CodedInputStream in = route.bytes().newCodedInput();
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag >>> TAG_BITS == RouteConfiguration.VHDS_FIELD_NUMBER) {
                    return true;
                }
                in.skipField(tag);
            }
            return false;
        } catch (IOException e) {
            return false; // The gateway will refuse it, in its own words.
        }
    }

    /**
     * The RouteConfiguration with these virtual hosts after its own, and without the wish for VHDS. One that has no such wish
     * is returned as it is.
     */
    static Resource withHosts(Resource route, List<Resource> hosts) {
        if (!usesVhds(route)) {
            return route;
        }
        try {
            ByteString original = route.bytes();
            ByteString.Output bytes = ByteString.newOutput(original.size()
                    + hosts.stream().mapToInt(h -> h.bytes().size() + 8).sum());
            CodedInputStream in = original.newCodedInput();
            int start = 0;
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                in.skipField(tag);
                int end = in.getTotalBytesRead();
                if (tag >>> TAG_BITS != RouteConfiguration.VHDS_FIELD_NUMBER) {
                    original.substring(start, end).writeTo(bytes);
                }
                start = end;
            }
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            for (Resource host : hosts) {
                out.writeBytes(RouteConfiguration.VIRTUAL_HOSTS_FIELD_NUMBER, host.bytes());
            }
            out.flush();
            return Resource.of(route.type(), route.name(), bytes.toByteString());
        } catch (IOException e) {
            return route; // The gateway will refuse it, in its own words.
        }
    }
}
