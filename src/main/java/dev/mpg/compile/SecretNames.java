package dev.mpg.compile;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.snapshot.Resource;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import java.util.stream.Stream;

/** By which names the transport sockets of clusters and listeners ask the control plane for secrets. */
final class SecretNames {
    private SecretNames() {}

    static Stream<String> ofCluster(Resource resource) {
        try {
            Cluster cluster = Cluster.parseFrom(resource.bytes());
            return Stream.concat(
                            Stream.of(cluster.getTransportSocket()),
                            cluster.getTransportSocketMatchesList().stream()
                                    .map(Cluster.TransportSocketMatch::getTransportSocket))
                    .flatMap(SecretNames::of);
        } catch (InvalidProtocolBufferException e) {
            return Stream.of(); // The gateway will refuse it, in its own words.
        }
    }

    static Stream<String> ofListener(Resource resource) {
        try {
            Listener listener = Listener.parseFrom(resource.bytes());
            return Stream.concat(listener.getFilterChainsList().stream(), Stream.of(listener.getDefaultFilterChain()))
                    .map(FilterChain::getTransportSocket)
                    .flatMap(SecretNames::of);
        } catch (InvalidProtocolBufferException e) {
            return Stream.of(); // As above.
        }
    }

    private static Stream<String> of(TransportSocket socket) {
        Any config = socket.getTypedConfig();
        try {
            if (config.is(UpstreamTlsContext.class)) {
                return of(config.unpack(UpstreamTlsContext.class).getCommonTlsContext());
            } else if (config.is(DownstreamTlsContext.class)) {
                return of(config.unpack(DownstreamTlsContext.class).getCommonTlsContext());
            }
        } catch (InvalidProtocolBufferException e) {
            return Stream.of(); // As above.
        }
        return Stream.of();
    }

    private static Stream<String> of(CommonTlsContext context) {
        return Stream.concat(
                        context.getTlsCertificateSdsSecretConfigsList().stream(),
                        Stream.of(
                                context.getValidationContextSdsSecretConfig(),
                                context.getCombinedValidationContext().getValidationContextSdsSecretConfig()))
                .filter(secret -> secret.getSdsConfig().hasAds())
                .map(SdsSecretConfig::getName);
    }
}
