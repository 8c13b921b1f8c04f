package dev.mpg.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import com.google.protobuf.UInt32Value;
import dev.mpg.telemetry.HttpRequest;
import dev.mpg.xds.XdsServer;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPResponseProperties;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequestLogTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final RequestLog log = new RequestLog(
            new XdsServer(registry, changed -> {}), clusterId -> Optional.empty(), new RouteTables(registry), registry);

    private static HTTPAccessLogEntry failed(String route, Timestamp start) {
        return HTTPAccessLogEntry.newBuilder()
                .setCommonProperties(
                        AccessLogCommon.newBuilder().setRouteName(route).setStartTime(start))
                .setResponse(HTTPResponseProperties.newBuilder().setResponseCode(UInt32Value.of(503)))
                .build();
    }

    @Test
    void an_entry_that_cannot_be_read_is_counted_and_the_others_are_kept() throws Exception {
        log.requests(
                "shop",
                "gw-0",
                List.of(
                        failed(
                                "no-such-nanos",
                                Timestamp.newBuilder().setNanos(-1).build()),
                        failed(
                                "no-such-second",
                                Timestamp.newBuilder()
                                        .setSeconds(Long.MAX_VALUE)
                                        .build()),
                        failed("good", Timestamp.newBuilder().setSeconds(1).build())));

        assertThat(registry.get("mpg.proxy.access.log.unreadable").counter().count())
                .isEqualTo(2);
        assertThat(log.page(new HttpRequest("/debug/requests", Map.of("format", "text"), ""))
                        .body()
                        .toStringUtf8())
                .contains("good")
                .doesNotContain("no-such");
    }
}
