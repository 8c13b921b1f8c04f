package dev.mpg.compile;

import io.envoyproxy.envoy.config.accesslog.v3.AccessLog;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ComparisonFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ExtensionFilter;
import io.envoyproxy.envoy.config.accesslog.v3.OrFilter;
import io.envoyproxy.envoy.config.accesslog.v3.RuntimeFilter;
import io.envoyproxy.envoy.config.accesslog.v3.StatusCodeFilter;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.RuntimeUInt32;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig;
import io.envoyproxy.envoy.type.v3.FractionalPercent;

/**
 * What gateways tell their proxy instance of single requests and connections, by Envoy's gRPC access log: every request that
 * ended with 5xx, one in a thousand of the others, and every TLS handshake. A gateway drops
 * what the instance is too slow for.
 *
 * <p>The entry of a request has the name of its route and, among the response's headers, {@link RequestTraces#HEADER}. Which
 * version it was served by only the instance knows: a version is the hash of what is sent, and can't be in it.
 */
public final class RequestLogs {
    /**
     * The cluster through which a gateway reaches the proxy instances. It's no part of a config: a gateway has it from its
     * bootstrap. No backend can have a name with a dot.
     */
    public static final String PROXY_CLUSTER = "mpg.proxy";

    /** Which requests without a failure are told: a key of Envoy's runtime, in ten-thousandths. */
    static final String SAMPLED_KEY = "mpg.request_samples";

    private static final int SAMPLED = 10;
    private static final int FAILED = 500;

    /** Of connections without TLS nothing is told. */
    private static final String TLS =
            "has(connection.tls_version) || (has(connection.transport_failure_reason) && connection.transport_failure_reason != '')";

    private RequestLogs() {}

    /** Of a listener that takes HTTP. */
    static AccessLog requests() {
        RuntimeFilter sampled = RuntimeFilter.newBuilder()
                .setRuntimeKey(SAMPLED_KEY)
                .setPercentSampled(FractionalPercent.newBuilder()
                        .setNumerator(SAMPLED)
                        .setDenominator(FractionalPercent.DenominatorType.TEN_THOUSAND))
                .setUseIndependentRandomness(true)
                .build();
        StatusCodeFilter failed = StatusCodeFilter.newBuilder()
                .setComparison(ComparisonFilter.newBuilder()
                        .setOp(ComparisonFilter.Op.GE)
                        .setValue(RuntimeUInt32.newBuilder()
                                .setDefaultValue(FAILED)
                                .setRuntimeKey("mpg.request_failures")))
                .build();
        return AccessLog.newBuilder()
                .setName("envoy.access_loggers.http_grpc")
                .setFilter(AccessLogFilter.newBuilder()
                        .setOrFilter(OrFilter.newBuilder()
                                .addFilters(AccessLogFilter.newBuilder().setStatusCodeFilter(failed))
                                .addFilters(AccessLogFilter.newBuilder().setRuntimeFilter(sampled))))
                .setTypedConfig(Marshalling.any(HttpGrpcAccessLogConfig.newBuilder()
                        .setCommonConfig(toTheInstance("requests"))
                        .addAdditionalResponseHeadersToLog(RequestTraces.HEADER)
                        .build()))
                .build();
    }

    /** Of a listener: its TLS handshakes, those that succeeded when the connection ends. */
    static AccessLog connections() {
        return AccessLog.newBuilder()
                .setName("envoy.access_loggers.tcp_grpc")
                .setFilter(AccessLogFilter.newBuilder()
                        .setExtensionFilter(ExtensionFilter.newBuilder()
                                .setName("envoy.access_loggers.extension_filters.cel")
                                .setTypedConfig(Marshalling.any(ExpressionFilter.newBuilder()
                                        .setExpression(TLS)
                                        .build()))))
                .setTypedConfig(Marshalling.any(TcpGrpcAccessLogConfig.newBuilder()
                        .setCommonConfig(toTheInstance("connections"))
                        .build()))
                .build();
    }

    private static CommonGrpcAccessLogConfig toTheInstance(String name) {
        return CommonGrpcAccessLogConfig.newBuilder()
                .setLogName(name)
                .setTransportApiVersion(ApiVersion.V3)
                .setGrpcService(GrpcService.newBuilder()
                        .setEnvoyGrpc(GrpcService.EnvoyGrpc.newBuilder().setClusterName(PROXY_CLUSTER)))
                .build();
    }
}
