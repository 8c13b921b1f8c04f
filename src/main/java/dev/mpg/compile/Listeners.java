package dev.mpg.compile;

import com.google.protobuf.BoolValue;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import dev.mpg.config.TrafficConfig;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;

/**
 * Listeners, hardened as Envoy asks of a proxy at the edge. Of that page's options {@code request_timeout} is left out: it
 * would end long uploads and streams.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge">Envoy: edge best practices</a>
 */
final class Listeners {
    private static final String ANY_IPV4_ADDRESS = "0.0.0.0";
    private static final int CONNECTION_BUFFER_BYTES = 32 * 1024;
    private static final int HTTP2_STREAMS = 100;
    private static final int HTTP2_STREAM_WINDOW_BYTES = 64 * 1024;
    private static final int HTTP2_CONNECTION_WINDOW_BYTES = 1024 * 1024;
    private static final int IDLE_CONNECTION_SECONDS = 3600;
    private static final int REQUEST_HEADERS_SECONDS = 30;

    private Listeners() {}

    static Listener listener(TrafficConfig.Listener listener) {
        return Listener.newBuilder()
                .setName(listener.name())
                .setAddress(Clusters.address(ANY_IPV4_ADDRESS, listener.port()))
                .setPerConnectionBufferLimitBytes(UInt32Value.of(CONNECTION_BUFFER_BYTES))
                .addAccessLog(RequestLogs.connections())
                .addFilterChains(FilterChain.newBuilder()
                        .addFilters(Filter.newBuilder()
                                .setName("envoy.filters.network.http_connection_manager")
                                .setTypedConfig(Marshalling.any(connectionManager(listener)))))
                .build();
    }

    private static HttpConnectionManager connectionManager(TrafficConfig.Listener listener) {
        return HttpConnectionManager.newBuilder()
                .setStatPrefix(listener.name())
                .setRds(Rds.newBuilder()
                        .setRouteConfigName(Routes.CONFIGURATION_NAME)
                        .setConfigSource(ConfigSources.ADS))
                .addHttpFilters(HttpFilter.newBuilder()
                        .setName("envoy.filters.http.router")
                        .setTypedConfig(Marshalling.any(Router.getDefaultInstance())))
                .setTracing(RequestTraces.tracing())
                .addAccessLog(RequestLogs.requests())
                .setLocalReplyConfig(RequestTraces.localReplies())
                .setUseRemoteAddress(BoolValue.of(true))
                .setNormalizePath(BoolValue.of(true))
                .setMergeSlashes(true)
                .setPathWithEscapedSlashesAction(PathWithEscapedSlashesAction.UNESCAPE_AND_REDIRECT)
                .setRequestHeadersTimeout(Durations.fromSeconds(REQUEST_HEADERS_SECONDS))
                .setCommonHttpProtocolOptions(HttpProtocolOptions.newBuilder()
                        .setIdleTimeout(Durations.fromSeconds(IDLE_CONNECTION_SECONDS))
                        .setHeadersWithUnderscoresAction(HeadersWithUnderscoresAction.REJECT_REQUEST))
                .setHttp2ProtocolOptions(Http2ProtocolOptions.newBuilder()
                        .setMaxConcurrentStreams(UInt32Value.of(HTTP2_STREAMS))
                        .setInitialStreamWindowSize(UInt32Value.of(HTTP2_STREAM_WINDOW_BYTES))
                        .setInitialConnectionWindowSize(UInt32Value.of(HTTP2_CONNECTION_WINDOW_BYTES)))
                .build();
    }
}
