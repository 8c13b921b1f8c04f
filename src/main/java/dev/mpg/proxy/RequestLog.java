package dev.mpg.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.mpg.compile.RequestTraces;
import dev.mpg.match.Answer;
import dev.mpg.match.Outcome;
import dev.mpg.match.Request;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.telemetry.BadRequestException;
import dev.mpg.telemetry.HttpAnswer;
import dev.mpg.telemetry.HttpRequest;
import dev.mpg.telemetry.LogKeys;
import dev.mpg.telemetry.StepLog;
import dev.mpg.xds.AccessLogs;
import dev.mpg.xds.XdsServer;
import io.envoyproxy.envoy.config.core.v3.RequestMethod;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPRequestProperties;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What gateways logged of single requests: leads each that failed to the version that served it, tries the route matcher on
 * all of them, and counts TLS handshakes. Keeps the last {@value #MAX_FAILED} that failed. Thread-safe.
 */
final class RequestLog implements AccessLogs.Listener {
    private static final int MAX_FAILED = 1_000;
    private static final int MAX_LENGTH = 1_024;
    private static final int FAILED = 500;
    private static final String NO_ROUTE = "route_not_found";
    private static final Logger log = LoggerFactory.getLogger(RequestLog.class);

    private final XdsServer xds;
    private final Function<String, Optional<Assignment>> assignments;
    private final RouteTables tables;
    private final Counter handshakes;
    private final Counter failedHandshakes;
    private final Counter same;
    private final Counter different;
    private final Counter unjudged;
    private final Counter unreadable;

    @GuardedBy("this")
    private final Deque<FailedRequest> failed = new ArrayDeque<>();

    /** @param assignments what a cluster is served */
    RequestLog(
            XdsServer xds,
            Function<String, Optional<Assignment>> assignments,
            RouteTables tables,
            MeterRegistry registry) {
        this.xds = xds;
        this.assignments = assignments;
        this.tables = tables;
        this.handshakes = handshakes(registry, "success");
        this.failedHandshakes = handshakes(registry, "failure");
        this.same = matches(registry, "same");
        this.different = matches(registry, "different");
        this.unjudged = matches(registry, "unjudged");
        this.unreadable = Counter.builder("mpg.proxy.access.log.unreadable")
                .description("Access-log entries of gateways that could not be read, as of one with an invalid time")
                .register(registry);
    }

    private static Counter matches(MeterRegistry registry, String result) {
        return Counter.builder("mpg.proxy.rule.matches")
                .description("Requests of gateways by whether the matcher finds the route that the gateway took")
                .tag("result", result)
                .register(registry);
    }

    private static Counter handshakes(MeterRegistry registry, String result) {
        return Counter.builder("mpg.gateway.tls.handshakes")
                .description("TLS handshakes of clients with gateways; those that succeeded when the connection ends")
                .tag("result", result)
                .register(registry);
    }

    @Override
    public void connections(String clusterId, String gateway, List<TCPAccessLogEntry> connections) {
        for (TCPAccessLogEntry connection : connections) {
            AccessLogCommon common = connection.getCommonProperties();
            (common.getDownstreamTransportFailureReason().isEmpty() ? handshakes : failedHandshakes).increment();
        }
    }

    @Override
    public void requests(String clusterId, String gateway, List<HTTPAccessLogEntry> requests) {
        for (HTTPAccessLogEntry request : requests) {
            try {
                read(clusterId, gateway, request);
            } catch (RuntimeException e) {
                // Whatever a gateway sends: the others that it sends with it count.
                unreadable.increment();
                log.debug("gateway {} of cluster {} logged what cannot be read", gateway, clusterId, e);
            }
        }
    }

    private void read(String clusterId, String gateway, HTTPAccessLogEntry request) {
        Optional<ContentHash> version = xds.effective(
                clusterId, gateway, instant(request.getCommonProperties().getStartTime()));
        version.flatMap(hash -> config(clusterId, hash)).ifPresent(config -> judge(config, request, clusterId));
        if (request.getResponse().getResponseCode().getValue() >= FAILED) {
            keep(failed(clusterId, gateway, version, request));
        }
    }

    private static Instant instant(com.google.protobuf.Timestamp timestamp) {
        return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
    }

    private Optional<Snapshot> config(String clusterId, ContentHash version) {
        return assignments.apply(clusterId).stream()
                .flatMap(served -> Stream.concat(Stream.of(served.target()), served.stable().stream()))
                .filter(config -> config.version().equals(version))
                .findFirst();
    }

    /** Only those that came as far as to a route, or to none. */
    private void judge(Snapshot config, HTTPAccessLogEntry request, String clusterId) {
        String route = request.getCommonProperties().getRouteName();
        if (route.isEmpty() && !request.getResponse().getResponseCodeDetails().equals(NO_ROUTE)) {
            return;
        }
        Counter judgement = judgement(config, request.getRequest(), route);
        judgement.increment();
        if (judgement.equals(different)) {
            log.debug(
                    "cluster {}, version {}: the gateway took route '{}' for {} {}, the matcher another",
                    clusterId,
                    config.version().abbreviated(),
                    route,
                    request.getRequest().getRequestMethod(),
                    withoutQuery(request.getRequest()));
        }
    }

    /** What to count: what the matcher says, beside what the gateway did. */
    private Counter judgement(Snapshot config, HTTPRequestProperties request, String route) {
        if (request.getRequestMethod() == RequestMethod.METHOD_UNSPECIFIED) {
            return unjudged;
        }
        List<Answer> answers;
        try {
            answers = tables.answers(
                    config,
                    new Request(
                            request.getRequestMethod().name(),
                            request.getAuthority(),
                            path(request),
                            request.getScheme().isEmpty() ? "http" : request.getScheme(),
                            Map.of()));
        } catch (IllegalArgumentException e) {
            log.debug("no request that the matcher knows", e);
            return unjudged;
        }
        if (answers.stream().anyMatch(answer -> answer.outcome() instanceof Outcome.Unjudged)) {
            return unjudged;
        }
        if (answers.stream().anyMatch(answer -> route(answer.outcome()).equals(route))) {
            return same;
        }
        // The log has few of the request's headers.
        return answers.stream().anyMatch(Answer::byHeaders) ? unjudged : different;
    }

    private static String route(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Forward forward -> forward.route();
            case Outcome.Reply reply -> reply.route().orElse("");
            case Outcome.Unjudged unjudged -> "";
        };
    }

    /** As the client sent it. */
    private static String path(HTTPRequestProperties request) {
        return request.getOriginalPath().isEmpty() ? request.getPath() : request.getOriginalPath();
    }

    private static String withoutQuery(HTTPRequestProperties request) {
        String path = path(request);
        int query = path.indexOf('?');
        return query < 0 ? path : path.substring(0, query);
    }

    private static FailedRequest failed(
            String clusterId, String gateway, Optional<ContentHash> version, HTTPAccessLogEntry entry) {
        AccessLogCommon common = entry.getCommonProperties();
        HTTPRequestProperties request = entry.getRequest();
        return new FailedRequest(
                Timestamps.toString(common.getStartTime()),
                clusterId,
                gateway,
                version.map(Status.Version::of).orElse(null),
                entry.getResponse().getResponseCode().getValue(),
                request.getRequestMethod().name(),
                cut(request.getAuthority()),
                cut(withoutQuery(request)),
                cut(common.getRouteName()),
                cut(common.getUpstreamCluster()),
                cut(entry.getResponse().getResponseCodeDetails()),
                Durations.toNanos(common.getTimeToLastDownstreamTxByte()) / 1e9,
                cut(entry.getResponse()
                        .getResponseHeadersOrDefault(RequestTraces.HEADER.toLowerCase(Locale.ROOT), "")));
    }

    /** What is kept of a text is bounded, whatever a client or a gateway sends. */
    private static String cut(String text) {
        return text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) : text;
    }

    private void keep(FailedRequest request) {
        StepLog.of(log, request.clusterId())
                .addKeyValue(LogKeys.GATEWAY, request.gateway())
                .addKeyValue(LogKeys.TRACE_ID, request.traceId())
                .log(
                        "{} {} {}{} {} by version {}, route '{}', cluster '{}': {}",
                        request.status(),
                        request.method(),
                        request.host(),
                        request.path(),
                        request.at(),
                        request.version() == null
                                ? "unknown"
                                : request.version().version(),
                        request.route(),
                        request.cluster(),
                        request.details());
        synchronized (this) {
            failed.addFirst(request);
            if (failed.size() > MAX_FAILED) {
                failed.removeLast();
            }
        }
    }

    /**
     * {@code /debug/requests[?cluster=][&gateway=][&trace=]}: the requests that failed of late, the last one first. {@code trace}
     * is what the answer had in {@code X-MPG-Trace-ID}.
     */
    HttpAnswer page(HttpRequest request) throws BadRequestException {
        List<FailedRequest> all;
        synchronized (this) {
            all = new ArrayList<>(failed);
        }
        request.parameter("cluster")
                .ifPresent(wanted -> all.removeIf(one -> !one.clusterId().equals(wanted)));
        request.parameter("gateway")
                .ifPresent(wanted -> all.removeIf(one -> !one.gateway().equals(wanted)));
        request.parameter("trace")
                .ifPresent(wanted -> all.removeIf(one -> !one.traceId().equals(wanted)));
        return request.wantsText()
                ? HttpAnswer.text(
                        200,
                        all.isEmpty()
                                ? "no request is known that failed\n"
                                : all.stream().map(FailedRequest::text).collect(Collectors.joining()))
                : HttpAnswer.json(200, Map.of("requests", all));
    }
}
