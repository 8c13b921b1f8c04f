package dev.mpg.xds;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Listeners as gRPC clients want them: {@code xds:///shop.example.com} asks for a listener of that name and reads only its
 * HttpConnectionManager, from {@code api_listener}.
 *
 * @see <a href="https://github.com/grpc/proposal/blob/master/A27-xds-global-load-balancing.md">gRFC A27</a>
 */
final class ApiListener {
    private static final String HTTP =
            "type.googleapis.com/" + HttpConnectionManager.getDescriptor().getFullName();

    private ApiListener() {}

    /**
     * A listener for each name: with the HttpConnectionManager of the listener that has this name, else of the first one that
     * has any. Without such a listener there is none for the name.
     */
    static List<Resource> forNames(Snapshot snapshot, Names names) {
        List<Resource> listeners = snapshot.resources(ResourceType.LISTENER);
        Optional<Any> first =
                listeners.stream().flatMap(listener -> http(listener).stream()).findFirst();
        List<Resource> composed = new ArrayList<>();
        for (String name : names.list()) {
            snapshot.resource(ResourceType.LISTENER, name)
                    .flatMap(ApiListener::http)
                    .or(() -> first)
                    .ifPresent(http -> composed.add(of(name, http)));
        }
        return List.copyOf(composed);
    }

    private static Resource of(String name, Any http) {
        Listener listener = Listener.newBuilder()
                .setName(name)
                .setApiListener(io.envoyproxy.envoy.config.listener.v3.ApiListener.newBuilder()
                        .setApiListener(http))
                .build();
        return Resource.of(ResourceType.LISTENER, name, listener.toByteString());
    }

    private static Optional<Any> http(Resource resource) {
        try {
            Listener listener = Listener.parseFrom(resource.bytes());
            for (FilterChain chain : listener.getFilterChainsList()) {
                for (Filter filter : chain.getFiltersList()) {
                    if (filter.getTypedConfig().getTypeUrl().equals(HTTP)) {
                        return Optional.of(filter.getTypedConfig());
                    }
                }
            }
            return Optional.empty();
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty(); // Envoys will refuse it, in their own words.
        }
    }
}
