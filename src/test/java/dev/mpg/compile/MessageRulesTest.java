package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HealthCheck;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.type.v3.TokenBucket;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MessageRulesTest {
    private static final String[] NONE = {};

    private static Arguments of(Message message, String... violations) {
        return Arguments.of(message, violations);
    }

    private static Cluster.Builder cluster() {
        return Cluster.newBuilder().setName("a");
    }

    private static VirtualHost host(Route.Builder route) {
        return VirtualHost.newBuilder()
                .setName("a")
                .addDomains("*")
                .addRoutes(route)
                .build();
    }

    private static Route.Builder redirect(RedirectAction.Builder redirect) {
        return Route.newBuilder()
                .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                .setRedirect(redirect);
    }

    static Stream<Arguments> messages() {
        HealthCheck.Builder check = HealthCheck.newBuilder()
                .setInterval(Durations.fromSeconds(1))
                .setTimeout(Durations.fromSeconds(1))
                .setHealthyThreshold(UInt32Value.of(1))
                .setUnhealthyThreshold(UInt32Value.of(1));
        return Stream.of(
                of(cluster().build(), NONE),
                of(Cluster.getDefaultInstance(), "name must have at least 1 characters"),
                of(
                        cluster().setConnectTimeout(Durations.fromSeconds(0)).build(),
                        "connect_timeout must be greater than 0s"),
                of(cluster().setLbPolicyValue(99).build(), "lb_policy must be a value that there is"),
                of(
                        cluster().addHealthChecks(check).build(),
                        "health_checks[0].health_checker must be one of http_health_check, tcp_health_check,"
                                + " grpc_health_check, custom_health_check"),
                of(
                        cluster()
                                .addHealthChecks(check.clone()
                                        .clearTimeout()
                                        .setTcpHealthCheck(HealthCheck.TcpHealthCheck.getDefaultInstance()))
                                .build(),
                        "health_checks[0].timeout must be given"),
                of(host(Route.newBuilder().setRedirect(RedirectAction.newBuilder())), "routes[0].match must be given"),
                of(
                        host(redirect(RedirectAction.newBuilder().setHostRedirect("a\nb"))),
                        "routes[0].redirect.host_redirect must be the value of a header"),
                of(
                        host(redirect(RedirectAction.newBuilder())
                                .addRequestHeadersToAdd(HeaderValueOption.newBuilder()
                                        .setHeader(HeaderValue.newBuilder().setKey("a\nb")))),
                        "routes[0].request_headers_to_add[0].header.key must be the name of a header"),
                of(
                        host(redirect(RedirectAction.newBuilder())
                                .putTypedPerFilterConfig(
                                        "x",
                                        Marshalling.any(LocalRateLimit.newBuilder()
                                                .setStatPrefix("x")
                                                .setTokenBucket(TokenBucket.newBuilder()
                                                        .setFillInterval(Durations.fromSeconds(1)))
                                                .build()))),
                        "routes[0].typed_per_filter_config[x].token_bucket.max_tokens must be greater than 0"),
                of(
                        Listener.newBuilder()
                                .addFilterChains(FilterChain.newBuilder().addFilters(Filter.newBuilder()))
                                .build(),
                        "filter_chains[0].filters[0].name must have at least 1 characters"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whatEnvoyRefusesAMessageForIsFound(Message message, String[] violations) {
        assertThat(new MessageRules().violations(message)).containsExactly(violations);
    }
}
