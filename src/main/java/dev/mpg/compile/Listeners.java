package dev.mpg.compile;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UInt64Value;
import com.google.protobuf.util.Durations;
import dev.mpg.config.Listener.HttpsRedirect;
import dev.mpg.config.Route;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLog;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StdoutAccessLog;
import io.envoyproxy.envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol;
import io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector;
import io.envoyproxy.envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import java.util.List;

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
    private static final int HTTPS_PORT = 443;

    private Listeners() {}

    /** @param routes of all listeners */
    static Listener listener(dev.mpg.config.Listener listener, List<Route> routes) {
        Listener.Builder envoy = Listener.newBuilder()
                .setName(listener.name())
                .setAddress(Clusters.address(ANY_IPV4_ADDRESS, listener.port()))
                .setPerConnectionBufferLimitBytes(UInt32Value.of(CONNECTION_BUFFER_BYTES))
                .addAccessLog(RequestLogs.connections());
        if (listener.proxyProtocol()) {
            envoy.addListenerFilters(
                    listenerFilter("envoy.filters.listener.proxy_protocol", ProxyProtocol.getDefaultInstance()));
        }
        HttpConnectionManager manager = connectionManager(listener, routes);
        if (listener.tls().isEmpty()) {
            return envoy.addFilterChains(chain(listener, manager)).build();
        }
        envoy.addListenerFilters(
                listenerFilter("envoy.filters.listener.tls_inspector", TlsInspector.getDefaultInstance()));
        dev.mpg.config.Listener.Tls tls = listener.tls().get();
        tls.certificates()
                .forEach(certificate -> envoy.addFilterChains(chain(listener, manager)
                        .setName(certificate.firstHostname())
                        .setFilterChainMatch(FilterChainMatch.newBuilder().addAllServerNames(certificate.hostnames()))
                        .setTransportSocket(Tls.withClients(tls, certificate))));
        return envoy.build();
    }

    private static ListenerFilter listenerFilter(String name, Message config) {
        return ListenerFilter.newBuilder()
                .setName(name)
                .setTypedConfig(Marshalling.any(config))
                .build();
    }

    private static FilterChain.Builder chain(dev.mpg.config.Listener listener, HttpConnectionManager manager) {
        FilterChain.Builder chain = FilterChain.newBuilder();
        listener.maxConnections()
                .ifPresent(limit -> chain.addFilters(Filter.newBuilder()
                        .setName("envoy.filters.network.connection_limit")
                        .setTypedConfig(Marshalling.any(ConnectionLimit.newBuilder()
                                .setStatPrefix(listener.name())
                                .setMaxConnections(UInt64Value.of(limit))
                                .build()))));
        return chain.addFilters(Filter.newBuilder()
                .setName("envoy.filters.network.http_connection_manager")
                .setTypedConfig(Marshalling.any(manager)));
    }

    private static HttpConnectionManager connectionManager(dev.mpg.config.Listener listener, List<Route> routes) {
        HttpConnectionManager.Builder manager =
                HttpConnectionManager.newBuilder().setStatPrefix(listener.name());
        listener.httpsRedirect()
                .ifPresentOrElse(
                        redirect -> manager.setRouteConfig(redirects(redirect))
                                .setStripAnyHostPort(true)
                                .addAllHttpFilters(HttpFilters.of(List.of())),
                        () -> manager.setRds(Rds.newBuilder()
                                        .setRouteConfigName(Routes.CONFIGURATION_NAME)
                                        .setConfigSource(ConfigSources.ADS))
                                .addAllHttpFilters(HttpFilters.of(routes)));
        listener.accessLog()
                .ifPresent(log -> manager.addAccessLog(AccessLog.newBuilder()
                        .setName("envoy.access_loggers.stdout")
                        .setTypedConfig(Marshalling.any(accessLog(log)))));
        return manager.setTracing(RequestTraces.tracing())
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

    private static StdoutAccessLog accessLog(dev.mpg.config.Listener.AccessLog log) {
        StdoutAccessLog.Builder stdout = StdoutAccessLog.newBuilder();
        log.format()
                .ifPresent(format -> stdout.setLogFormat(SubstitutionFormatString.newBuilder()
                        .setTextFormatSource(DataSource.newBuilder().setInlineString(format))));
        return stdout.build();
    }

    /** The request's host comes without its port, which isn't HTTPS's. */
    private static RouteConfiguration redirects(HttpsRedirect redirect) {
        RedirectAction.Builder action = RedirectAction.newBuilder()
                .setHttpsRedirect(true)
                .setResponseCode(RouteActions.redirectCode(redirect.status()));
        if (redirect.port() != HTTPS_PORT) {
            action.setPortRedirect(redirect.port());
        }
        return RouteConfiguration.newBuilder()
                .setName("https")
                .addAllResponseHeadersToAdd(RequestTraces.headers())
                .addVirtualHosts(VirtualHost.newBuilder()
                        .setName("https")
                        .addDomains("*")
                        .addRoutes(io.envoyproxy.envoy.config.route.v3.Route.newBuilder()
                                .setName("https")
                                .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                                .setRedirect(action)))
                .build();
    }
}
