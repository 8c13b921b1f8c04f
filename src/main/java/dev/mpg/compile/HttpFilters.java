package dev.mpg.compile;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import com.google.re2j.Pattern;
import dev.mpg.config.Route;
import dev.mpg.config.Route.Cors;
import dev.mpg.config.Route.Fault;
import dev.mpg.config.Route.RateLimit;
import dev.mpg.config.Route.SessionPersistence;
import io.envoyproxy.envoy.config.core.v3.RuntimeFractionalPercent;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.extensions.filters.common.fault.v3.FaultDelay;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.FaultAbort;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.http.stateful_session.v3.StatefulSession;
import io.envoyproxy.envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState;
import io.envoyproxy.envoy.type.http.v3.Cookie;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.v3.TokenBucket;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Envoy's HTTP filters. A listener has those that a route uses, so that who uses none has none; what each does stands in the
 * route.
 */
final class HttpFilters {
    /** @param unused what a listener has, where no route says more */
    private record Use(String name, Message unused, Predicate<Route> uses) {}

    private static final Use CORS = new Use(
            "envoy.filters.http.cors",
            io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors.getDefaultInstance(),
            route -> route.filters().cors().isPresent());
    private static final Use RATE_LIMIT = new Use(
            "envoy.filters.http.local_ratelimit",
            LocalRateLimit.newBuilder().setStatPrefix("rate_limit").build(),
            route -> route.rateLimit().isPresent());
    private static final Use FAULT = new Use(
            "envoy.filters.http.fault",
            HTTPFault.getDefaultInstance(),
            route -> route.filters().fault().isPresent());
    private static final Use SESSION = new Use(
            "envoy.filters.http.stateful_session",
            StatefulSession.getDefaultInstance(),
            route -> route.sessionPersistence().isPresent());

    /** In the order in which requests pass through them: CORS before all that answer, so that browsers may read that, too. */
    private static final List<Use> USES = List.of(CORS, RATE_LIMIT, FAULT, SESSION);

    private HttpFilters() {}

    /** Those that these routes need, and at last the one that sends requests on. */
    static List<HttpFilter> of(List<Route> routes) {
        return Stream.concat(
                        USES.stream()
                                .filter(use -> routes.stream().anyMatch(use.uses()))
                                .map(use -> filter(use.name(), use.unused())),
                        Stream.of(filter("envoy.filters.http.router", Router.getDefaultInstance())))
                .toList();
    }

    private static HttpFilter filter(String name, Message config) {
        return HttpFilter.newBuilder()
                .setName(name)
                .setTypedConfig(Marshalling.any(config))
                .build();
    }

    /** What they do with the requests of a route. */
    static SortedMap<String, Any> of(Route route) {
        SortedMap<String, Any> configs = new TreeMap<>();
        route.filters().cors().ifPresent(cors -> configs.put(CORS.name(), Marshalling.any(policy(cors))));
        route.rateLimit().ifPresent(limit -> configs.put(RATE_LIMIT.name(), Marshalling.any(limit(limit))));
        route.filters().fault().ifPresent(fault -> configs.put(FAULT.name(), Marshalling.any(fault(fault))));
        route.sessionPersistence().ifPresent(session -> configs.put(SESSION.name(), Marshalling.any(session(session))));
        return configs;
    }

    private static CorsPolicy policy(Cors cors) {
        CorsPolicy.Builder policy = CorsPolicy.newBuilder()
                .setAllowMethods(String.join(",", cors.allowMethods()))
                .setAllowHeaders(String.join(",", cors.allowHeaders()))
                .setExposeHeaders(String.join(",", cors.exposeHeaders()))
                .setMaxAge(Integer.toString(cors.maxAge()))
                .setAllowCredentials(BoolValue.of(cors.allowCredentials()));
        cors.allowOrigins().forEach(origin -> policy.addAllowOriginStringMatch(origin(origin)));
        return policy.build();
    }

    /** The wildcard stands for one label or more, and alone for everything. */
    private static StringMatcher origin(String origin) {
        int wildcard = origin.indexOf('*');
        return wildcard < 0
                ? StringMatcher.newBuilder().setExact(origin).build()
                : StringMatcher.newBuilder()
                        .setSafeRegex(Routes.regex(Pattern.quote(origin.substring(0, wildcard)) + ".+"
                                + Pattern.quote(origin.substring(wildcard + 1))))
                        .build();
    }

    private static LocalRateLimit limit(RateLimit limit) {
        return LocalRateLimit.newBuilder()
                .setStatPrefix("rate_limit")
                .setTokenBucket(TokenBucket.newBuilder()
                        .setMaxTokens((int) limit.burst())
                        .setTokensPerFill(UInt32Value.of((int) limit.requests()))
                        .setFillInterval(RouteActions.duration(limit.interval())))
                .setFilterEnabled(always())
                .setFilterEnforced(always())
                .build();
    }

    private static RuntimeFractionalPercent always() {
        return RuntimeFractionalPercent.newBuilder()
                .setDefaultValue(RouteActions.percent(100))
                .build();
    }

    private static HTTPFault fault(Fault fault) {
        HTTPFault.Builder envoy = HTTPFault.newBuilder();
        fault.delay()
                .ifPresent(delay -> envoy.setDelay(FaultDelay.newBuilder()
                        .setFixedDelay(RouteActions.duration(delay.fixed()))
                        .setPercentage(RouteActions.percent(delay.percent()))));
        fault.abort()
                .ifPresent(abort -> envoy.setAbort(FaultAbort.newBuilder()
                        .setHttpStatus(abort.status())
                        .setPercentage(RouteActions.percent(abort.percent()))));
        return envoy.build();
    }

    private static StatefulSessionPerRoute session(SessionPersistence session) {
        Cookie.Builder cookie = Cookie.newBuilder().setName(session.cookie()).setPath(session.path());
        session.lifetime().ifPresent(lifetime -> cookie.setTtl(RouteActions.duration(lifetime)));
        return StatefulSessionPerRoute.newBuilder()
                .setStatefulSession(StatefulSession.newBuilder()
                        .setSessionState(TypedExtensionConfig.newBuilder()
                                .setName("envoy.http.stateful_session.cookie")
                                .setTypedConfig(Marshalling.any(CookieBasedSessionState.newBuilder()
                                        .setCookie(cookie)
                                        .build()))))
                .build();
    }
}
