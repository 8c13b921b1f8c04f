package dev.mpg.compile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.BoolValue;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.NotHealthCheckFilter;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.trace.v3.OpenTelemetryConfig;
import io.envoyproxy.envoy.config.trace.v3.Tracing;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper;
import java.util.List;

/**
 * A trace id for every request: in {@value #HEADER} to the upstream service and back to the client, and in the W3C
 * {@code traceparent} to the upstream service. Sampling decides only whether the gateway's spans are exported.
 *
 * <p>The header holds the trace id, 32 hexadecimal digits. Where the tracer has none, it's Envoy's request id, a UUID, so that
 * neither a client nor an upstream service chooses what the other one sees: in answers to what matches no route, and when the
 * {@code traceparent} that came isn't valid. What Envoy answers before it looks at routes has no such header: a redirect to a
 * path without escaped slashes, the refusal of what isn't HTTP.
 *
 * @see <a href="https://www.w3.org/TR/trace-context/">W3C: Trace Context</a>
 */
public final class RequestTraces {
    /** Beside Envoy's own {@code x-request-id}. */
    public static final String HEADER = "X-MPG-Trace-ID";

    /**
     * The cluster to which gateways export their spans, over OTLP/gRPC. It's no part of a config: a gateway has it from its
     * bootstrap, or doesn't have it, and then exports nothing and says nothing of it. No backend can have a name with a dot.
     */
    public static final String COLLECTOR_CLUSTER = "mpg.collector";

    /** {@code service.name} of the spans. Which gateway it was is in their {@code node_id}. */
    private static final String SERVICE_NAME = "mpg-gateway";

    /**
     * ParentBased(TraceIdRatioBased(0.01)). HttpConnectionManager's own {@code random_sampling} can't be it: it overrides what
     * a {@code traceparent} says. As typed structs, because their messages are younger than the API that is compiled against.
     */
    private static final TypedExtensionConfig SAMPLER = sampler("""
            {
              "name": "envoy.tracers.opentelemetry.samplers.parent_based",
              "typed_config": {
                "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
                "type_url": "type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3.ParentBasedSamplerConfig",
                "value": {
                  "wrapped_sampler": {
                    "name": "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
                    "typed_config": {
                      "@type": "type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig",
                      "sampling_percentage": {"numerator": 1, "denominator": "HUNDRED"}
                    }
                  }
                }
              }
            }
            """);

    private static final String TRACE_ID = "%TRACE_ID%";
    private static final String REQUEST_ID = "%STREAM_ID%";

    private RequestTraces() {}

    /**
     * A gateway is a hop of its own, so its request to the upstream service has its own span. Spans have no path: Envoy would
     * write the query with it, which may be confidential.
     */
    static HttpConnectionManager.Tracing tracing() {
        OpenTelemetryConfig openTelemetry = OpenTelemetryConfig.newBuilder()
                .setServiceName(SERVICE_NAME)
                .setGrpcService(GrpcService.newBuilder()
                        .setEnvoyGrpc(GrpcService.EnvoyGrpc.newBuilder().setClusterName(COLLECTOR_CLUSTER)))
                .setSampler(SAMPLER)
                .build();
        return HttpConnectionManager.Tracing.newBuilder()
                .setProvider(Tracing.Http.newBuilder()
                        .setName("envoy.tracers.opentelemetry")
                        .setTypedConfig(Marshalling.any(openTelemetry)))
                .setSpawnUpstreamSpan(BoolValue.of(true))
                .setMaxPathTagLength(UInt32Value.of(0))
                .build();
    }

    /** To add to requests and to responses. An empty value isn't added, so the first one stays where there is no trace id. */
    static List<HeaderValueOption> headers() {
        return List.of(
                header(REQUEST_ID, HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD),
                header(TRACE_ID, HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD));
    }

    /** For answers of the gateway itself that no route's headers were added to; there is no trace id for those. */
    static LocalReplyConfig localReplies() {
        AccessLogFilter all = AccessLogFilter.newBuilder()
                .setNotHealthCheckFilter(NotHealthCheckFilter.getDefaultInstance())
                .build();
        return LocalReplyConfig.newBuilder()
                .addMappers(ResponseMapper.newBuilder()
                        .setFilter(all)
                        .addHeadersToAdd(header(REQUEST_ID, HeaderAppendAction.ADD_IF_ABSENT)))
                .build();
    }

    private static HeaderValueOption header(String value, HeaderAppendAction action) {
        return HeaderValueOption.newBuilder()
                .setHeader(HeaderValue.newBuilder().setKey(HEADER).setValue(value))
                .setAppendAction(action)
                .build();
    }

    private static TypedExtensionConfig sampler(String json) {
        try {
            return (TypedExtensionConfig)
                    EnvoyJson.read(new JsonMapper().readTree(json), TypedExtensionConfig.getDefaultInstance());
        } catch (JsonProcessingException | InvalidProtocolBufferException e) {
            throw new AssertionError("the sampler is written as in Envoy's API", e);
        }
    }
}
