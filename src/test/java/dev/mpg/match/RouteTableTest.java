package dev.mpg.match;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UnknownFieldSet;
import dev.mpg.match.Answer.Attempt;
import dev.mpg.match.Answer.Fit;
import dev.mpg.match.Answer.HostMatch;
import dev.mpg.match.Answer.Specificity;
import dev.mpg.match.Outcome.Forward;
import dev.mpg.match.Outcome.Reply;
import dev.mpg.match.Outcome.Share;
import dev.mpg.match.Outcome.Unjudged;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction.RedirectResponseCode;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.RouteMatch.TlsContextMatchOptions;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.FaultAbort;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.v3.TokenBucket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What compiled and patched configs do with requests; {@link RouteTableIT} asks Envoy whether that is so. */
class RouteTableTest {
    private static final Snapshot SHOP = Tables.snapshot("""
            listeners: [{name: http, port: 8080}, {name: web, port: 8081}]
            routes:
            - {name: everyone, matches: [{path: {value: /public}}], backendRefs: [{name: a}]}
            - {name: wildcard, hostnames: ['*.example.com'], backendRefs: [{name: a}]}
            - {name: deeper, hostnames: ['*.eu.example.com'], backendRefs: [{name: a}]}
            - {name: root, hostnames: [shop.example.com], matches: [{path: {type: Exact, value: /}}], backendRefs: [{name: a}]}
            - {name: foo, hostnames: [shop.example.com], matches: [{path: {value: /foo}}], backendRefs: [{name: a, weight: 90}, {name: b, weight: 10}], timeouts: {request: 3s}}
            - {name: endless, hostnames: [shop.example.com], matches: [{path: {value: /endless}}], backendRefs: [{name: b}], timeouts: {request: 0s}}
            - {name: none, hostnames: [shop.example.com], matches: [{path: {value: /none}}], backendRefs: [{name: a, weight: 0}]}
            backends: [{name: a, endpoints: []}, {name: b, endpoints: []}]
            """);

    private static Answer answer(Snapshot snapshot, String host, String path) {
        List<Answer> answers = RouteTable.of(snapshot).answers(new Request("GET", host, path));
        assertThat(answers).hasSize(1);
        return answers.getFirst();
    }

    private static Answer answer(String host, String path) {
        return answer(SHOP, host, path);
    }

    private static Answer answer(Snapshot snapshot, Request request) {
        return RouteTable.of(snapshot).answers(request).getFirst();
    }

    /** A request for {@code h.test}; headers as {@code name: value}. */
    private static Request request(String method, String path, String scheme, String... headers) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (String header : headers) {
            String[] parts = header.split(":", 2);
            values.computeIfAbsent(parts[0], _ -> new ArrayList<>()).add(parts[1]);
        }
        return new Request(method, "h.test", path, scheme, values);
    }

    /** The route's name, or the status of an answer that comes from no route. */
    private static String taker(Answer answer) {
        return switch (answer.outcome()) {
            case Forward forward -> forward.route();
            case Reply reply -> reply.route().orElse(String.valueOf(reply.status()));
            case Unjudged(String why) -> why;
        };
    }

    @ParameterizedTest
    @CsvSource({
        "shop.example.com,      /,          root,     shop.example.com, EXACT",
        "SHOP.Example.com:8080, /,          root,     shop.example.com, EXACT",
        "www.example.com,       /,          wildcard, *.example.com,    SUFFIX",
        "a.b.example.com,       /,          wildcard, *.example.com,    SUFFIX",
        "a.eu.example.com,      /,          deeper,   *.eu.example.com, SUFFIX",
        "eu.example.com,        /,          wildcard, *.example.com,    SUFFIX",
        "example.com,           /public,    everyone, *,                ANY",
        "[::1]:8080,            /public/x,  everyone, *,                ANY",
        "other.test,            /,          404,      *,                ANY",
        "shop.example.com,      /public,    404,      shop.example.com, EXACT",
    })
    void theMostSpecificHostIsChosen(String host, String path, String taker, String domain, Specificity specificity) {
        Answer answer = answer(host, path);
        assertThat(taker(answer)).isEqualTo(taker);
        assertThat(answer.host()).contains(new HostMatch("routes/" + domain, domain, specificity));
    }

    @ParameterizedTest
    @CsvSource({
        "/,           /,      root",
        "/?q=/foo,    /,      root",
        "/foo,        /foo,   foo",
        "/foo?q,      /foo,   foo",
        "/foo/,       /foo/,  foo",
        "//foo/./x/.., /foo/, foo",
        "/%66oo,      /foo,   foo",
        "/fool,       /fool,  404",
        "/Foo,        /Foo,   404",
        "/none,       /none,  none",
    })
    void theFirstRouteThatFitsTheNormalizedPathTakesIt(String sent, String matched, String taker) {
        Answer answer = answer("shop.example.com", sent);
        assertThat(taker(answer)).isEqualTo(taker);
        assertThat(answer.path()).contains(matched);
    }

    @Test
    void theRoutesTriedAreToldInOrderWithWhy() {
        assertThat(answer("shop.example.com", "/fool").tried())
                .containsExactly(
                        new Attempt("root", "Exact /", Fit.NO, "the path is another"),
                        new Attempt("endless", "PathPrefix /endless", Fit.NO, "the path doesn't begin so"),
                        new Attempt("none", "PathPrefix /none", Fit.NO, "the path doesn't begin so"),
                        new Attempt(
                                "foo", "PathPrefix /foo", Fit.NO, "the path begins so, but the path element goes on"));
        assertThat(answer("shop.example.com", "/foo").tried())
                .last()
                .isEqualTo(new Attempt("foo", "PathPrefix /foo", Fit.YES, "the path fits"));
    }

    @Test
    void theOutcomeTellsClustersWeightsAndTimeout() {
        assertThat(answer("shop.example.com", "/foo").outcome())
                .isEqualTo(new Forward(
                        "foo",
                        List.of(new Share("a", 90, true), new Share("b", 10, true)),
                        Duration.ofSeconds(3),
                        Optional.of("/foo"),
                        Optional.of("shop.example.com")));
        assertThat(answer("shop.example.com", "/endless").outcome())
                .isInstanceOfSatisfying(
                        Forward.class, forward -> assertThat(forward.timeout()).isEqualTo(Duration.ZERO));
        assertThat(answer("www.example.com", "/").outcome())
                .isInstanceOfSatisfying(
                        Forward.class, forward -> assertThat(forward.timeout()).isEqualTo(Duration.ofSeconds(15)));
    }

    @Test
    void theGatewaysOwnAnswersAreTold() {
        assertThat(answer("shop.example.com", "/none").outcome())
                .isEqualTo(new Reply(
                        500,
                        "a direct response, as a route gets whose backends all have weight 0",
                        Optional.of("none"),
                        Optional.empty()));
        assertThat(answer("shop.example.com", "/foo%2Fbar?q=1").outcome())
                .isInstanceOfSatisfying(Reply.class, reply -> {
                    assertThat(reply.status()).isEqualTo(307);
                    assertThat(reply.location()).contains("/foo/bar?q=1");
                });
        assertThat(taker(answer("shop.example.com", "/foo%00"))).isEqualTo("400");
        assertThat(taker(answer("shop.example.com", "/foo#x"))).isEqualTo("400");
        Snapshot oneHost = Tables.snapshot("""
                listeners: [{name: http, port: 8080}]
                routes: [{name: r, hostnames: [shop.example.com], backendRefs: [{name: a}]}]
                backends: [{name: a, endpoints: []}]
                """);
        Answer lost = answer(oneHost, "other.test", "/");
        assertThat(lost.host()).isEmpty();
        assertThat(lost.outcome()).isEqualTo(Reply.withoutRoute(404, "no virtual host takes the host other.test"));
    }

    /** Each line: the match beside its prefix /, a request, and why the first route takes it or not. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        headers {name: ':method' string_match {exact: 'POST'}}                 | GET / http            | the method is GET, not POST
        headers {name: ':scheme' string_match {exact: 'https'}}                | GET / http            | the scheme is http, not https
        headers {name: 'Host' string_match {suffix: '.org'}}                   | GET / http            | the host is 'h.test', which doesn't end with '.org'
        headers {name: ':authority' string_match {prefix: 'H.' ignore_case: true}} | GET / http        | all of it fits
        headers {name: ':path' string_match {contains: '?'}}                   | GET /a http           | the path with its query is /a, which doesn't contain ?
        headers {name: 'X-Team' string_match {exact: 'blue'}}                  | GET / http x-team:red | header x-team is 'red', not 'blue'
        headers {name: 'x-team' string_match {exact: 'blue'}}                  | GET / http            | header x-team is absent
        headers {name: 'x-team' string_match {exact: 'blue'} invert_match: true} | GET / http          | header x-team is absent
        headers {name: 'x-team' string_match {exact: 'blue'} invert_match: true} | GET / http x-team:blue | header x-team is 'blue', which it must not be
        headers {name: 'x-team' string_match {prefix: 'b'} invert_match: true} | GET / http x-team:blue | header x-team is 'blue', which begins with 'b'
        headers {name: 'x-team' string_match {exact: 'blue'} invert_match: true} | GET / http x-team:red | all of it fits
        headers {name: 'x-team' string_match {exact: ''} treat_missing_header_as_empty: true} | GET / http | all of it fits
        headers {name: 'x-team' string_match {prefix: 'b'}}                    | GET / http x-team:red | header x-team is 'red', which doesn't begin with 'b'
        headers {name: 'x-team' string_match {safe_regex {regex: '[br]'}}}      | GET / http x-team:red | header x-team is 'red', which doesn't match '[br]'
        headers {name: 'x-team' string_match {exact: 'BLUE' ignore_case: true}} | GET / http x-team:red | header x-team is 'red', not 'BLUE' in any case
        headers {name: 'x-team' present_match: false}                          | GET / http x-team:red | header x-team is 'red', and must be absent
        headers {name: 'x-team' present_match: true}                           | GET / http            | header x-team is absent
        headers {name: 'x-team'}                                               | GET / http x-team:    | all of it fits
        query_parameters {name: 'v' string_match {exact: '2'}}                 | GET /?w=2 http        | query parameter v is absent
        query_parameters {name: 'v' string_match {exact: '2'}}                 | GET /?v=1&v=2 http    | query parameter v is '1', not '2'
        query_parameters {name: 'v' present_match: false}                      | GET /?v http          | query parameter v is '', and must be absent
        query_parameters {name: 'v'}                                           | GET /?v http          | all of it fits
        runtime_fraction {default_value {numerator: 100}}                      | GET / http            | the path fits
        """)
    void whyARouteTakesARequestOrNotIsSaid(String match, String request, String why) throws Exception {
        RouteMatch.Builder matching = RouteMatch.newBuilder().setPrefix("/");
        TextFormat.merge(match.replace("'", "\""), matching);
        String[] parts = request.split(" ", -1);
        assertThat(answer(
                                withRoute(route -> route.setMatch(matching)),
                                request(parts[0], parts[1], parts[2], Arrays.copyOfRange(parts, 3, parts.length)))
                        .tried()
                        .getFirst()
                        .why())
                .isEqualTo(why);
    }

    @Test
    void everythingThatDoesNotFitIsSaidAndWhatIsAskedFor() throws Exception {
        RouteMatch match = RouteMatch.newBuilder()
                .setSafeRegex(RegexMatcher.newBuilder().setRegex("/a.*"))
                .addHeaders(HeaderMatcher.newBuilder()
                        .setName(":method")
                        .setStringMatch(StringMatcher.newBuilder().setExact("POST")))
                .addHeaders(HeaderMatcher.newBuilder()
                        .setName("x-team")
                        .setInvertMatch(true)
                        .setStringMatch(StringMatcher.newBuilder().setExact("blue")))
                .addQueryParameters(QueryParameterMatcher.newBuilder().setName("v"))
                .build();
        Snapshot snapshot = withRoute(route -> route.setMatch(match));
        assertThat(answer(snapshot, "h.test", "/b").tried().getFirst().why())
                .isEqualTo("the path doesn't match the regex");
        assertThat(answer(snapshot, "h.test", "/ab").tried().getFirst())
                .isEqualTo(new Attempt(
                        "first",
                        "RegularExpression /a.*, the method is POST, header x-team is there, but not so that it is"
                                + " 'blue', query parameter v is there",
                        Fit.NO,
                        "the method is GET, not POST; header x-team is absent; query parameter v is absent"));
    }

    @Test
    void eachValueOfARepeatedHeaderIsAskedOfExceptOfThoseThatArriveAsOne() throws Exception {
        RouteMatch.Builder match = RouteMatch.newBuilder().setPrefix("/");
        TextFormat.merge("headers {name: 'x-team' string_match {exact: 'b'}}".replace("'", "\""), match);
        Snapshot own = withRoute(route -> route.setMatch(match));
        assertThat(taker(answer(own, request("GET", "/x", "http", "x-team:a", "X-Team:b"))))
                .isEqualTo("first");
        assertThat(answer(own, request("GET", "/x", "http", "x-team:a", "x-team:c"))
                        .tried()
                        .getFirst()
                        .why())
                .isEqualTo("header x-team is 'a' and 'c', not 'b'");
        match.getHeadersBuilder(0).setName("accept");
        Snapshot joined = withRoute(route -> route.setMatch(match));
        assertThat(answer(joined, request("GET", "/x", "http", "accept:a", "accept:", "accept:b"))
                        .tried()
                        .getFirst()
                        .why())
                .isEqualTo("header accept is 'a,b', not 'b'");
    }

    @ParameterizedTest
    @CsvSource({
        "'v=%31',   v,       %31",
        "'%76=1',   v,       absent",
        "'v=1&v=2', v,       1",
        "'v',       v,       ''",
        "'v=1=2',   v,       1=2",
        "'vv=1',    v,       absent",
        "'a%20b=1', 'a%20b', 1",
        "'&&v=1',   v,       1",
        "'V=1',     v,       absent",
        "'v?=1',    v,       absent",
    })
    void theFirstOfAQueryParameterCountsAsItIsSent(String query, String name, String value) {
        assertThat(Arrived.of(new Request("GET", "h", "/?" + query), "/").parameter(name))
                .isEqualTo(value.equals("absent") ? null : value);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        https_redirect: true                                                    | /a?q  | https://h.test/a?q
        scheme_redirect: 'https' port_redirect: 8443                            | /a    | https://h.test:8443/a
        host_redirect: 'other.test' response_code: FOUND                        | /a    | http://other.test/a
        path_redirect: '/new' strip_query: true                                 | /a?q  | http://h.test:80/new
        path_redirect: '/new?x' strip_query: true                               | /a?q  | http://h.test:80/new?x
        prefix_rewrite: 'b'                                                     | /a/c  | http://h.test:80/b/c
        regex_rewrite {pattern {regex: '^/(a)'} substitution: '/\\\\1\\\\1'}    | /ab?q | http://h.test:80/aab?q
        regex_rewrite {pattern {regex: '.*'}}                                   | /a?q  | http://h.test:80/a?q
        """)
    void redirectsLeadWhereEnvoySendsThem(String redirect, String path, String location) throws Exception {
        RedirectAction.Builder action = RedirectAction.newBuilder();
        TextFormat.merge(redirect.replace("'", "\""), action);
        Snapshot snapshot = withRoute(
                route -> route.setMatch(RouteMatch.newBuilder().setPrefix("/a")).setRedirect(action));
        assertThat(answer(snapshot, "h.test:80", path).outcome())
                .isInstanceOfSatisfying(
                        Reply.class, reply -> assertThat(reply.location()).contains(location));
    }

    @Test
    void theDefaultPortGoesWithTheScheme() throws Exception {
        Snapshot snapshot =
                withRoute(route -> route.setRedirect(RedirectAction.newBuilder().setSchemeRedirect("ftp")));
        assertThat(answer(snapshot, "h.test:80", "/").outcome())
                .isInstanceOfSatisfying(
                        Reply.class, reply -> assertThat(reply.location()).contains("ftp://h.test/"));
        assertThat(answer(snapshot, "h.test:81", "/").outcome())
                .isInstanceOfSatisfying(
                        Reply.class, reply -> assertThat(reply.location()).contains("ftp://h.test:81/"));
    }

    @Test
    void directResponsesThatLookLikeRedirectsCarryALocation() throws Exception {
        DirectResponseAction.Builder action = DirectResponseAction.newBuilder().setStatus(201);
        action.getBodyBuilder().setInlineString("made");
        assertThat(answer(withRoute(route -> route.setDirectResponse(action)), "h.test", "/")
                        .outcome())
                .isEqualTo(new Reply(
                        201, "a direct response with a body", Optional.of("first"), Optional.of("http://h.test/")));
    }

    @Test
    void whatTheUpstreamGetsIsTold() throws Exception {
        Snapshot literal =
                withRoute(route -> route.setMatch(RouteMatch.newBuilder().setPathSeparatedPrefix("/a"))
                        .setRoute(RouteAction.newBuilder()
                                .setCluster("a")
                                .setPrefixRewrite("/b")
                                .setHostRewriteLiteral("up.test")));
        assertThat(answer(literal, "h.test", "/a/c?q").outcome()).isInstanceOfSatisfying(Forward.class, forward -> {
            assertThat(forward.path()).contains("/b/c?q");
            assertThat(forward.host()).contains("up.test");
        });
        Snapshot automatic = withRoute(route ->
                route.setRoute(RouteAction.newBuilder().setCluster("a").setAutoHostRewrite(BoolValue.of(true))));
        assertThat(answer(automatic, "h.test", "/").outcome())
                .isInstanceOfSatisfying(
                        Forward.class, forward -> assertThat(forward.host()).isEmpty());
    }

    @Test
    void virtualHostsThatRequireTlsSendPlainRequestsThere() throws Exception {
        Snapshot snapshot = withHost(host -> host.setRequireTls(VirtualHost.TlsRequirementType.EXTERNAL_ONLY));
        assertThat(answer(snapshot, request("GET", "/a?q", "http")).outcome())
                .isEqualTo(new Reply(
                        301, "the virtual host requires TLS", Optional.empty(), Optional.of("https://h.test/a?q")));
        assertThat(taker(answer(snapshot, request("GET", "/a?q", "https")))).isEqualTo("second");
    }

    @Test
    void headersWithUnderscoresAreRefusedAsOurListenersDo() throws Exception {
        assertThat(answer(hostWith("h.test"), request("GET", "/", "http", "x_team:a"))
                        .outcome())
                .isEqualTo(Reply.withoutRoute(400, "header x_team has an underscore"));
    }

    @Test
    void onlyFiltersThatCanAnswerInsteadAreCaveats() throws Exception {
        Snapshot host = withHost(patched -> patched.putTypedPerFilterConfig(
                        "cors", Any.pack(CorsPolicy.newBuilder().build()))
                .putTypedPerFilterConfig(
                        "fault",
                        Any.pack(HTTPFault.newBuilder()
                                .setAbort(FaultAbort.newBuilder().setHttpStatus(503))
                                .build()))
                .putTypedPerFilterConfig(
                        "limit",
                        Any.pack(LocalRateLimit.newBuilder()
                                .setTokenBucket(TokenBucket.newBuilder().setMaxTokens(1))
                                .build())));
        Snapshot snapshot = withManager(
                host,
                "http",
                manager -> manager.addHttpFilters(0, filter("cors", Cors.getDefaultInstance()))
                        .addHttpFilters(1, filter("fault", HTTPFault.getDefaultInstance()))
                        .addHttpFilters(2, filter("limit", LocalRateLimit.getDefaultInstance())));
        assertThat(answer(snapshot, "h.test", "/").caveats())
                .containsExactly(
                        "HTTP filter fault may abort the request with an error of its own",
                        "HTTP filter limit may answer 429 when the limit is reached");
        assertThat(answer(
                                snapshot,
                                request(
                                        "OPTIONS",
                                        "/",
                                        "http",
                                        "Origin:http://a.test",
                                        "Access-Control-Request-Method:PUT"))
                        .caveats())
                .contains("HTTP filter cors answers this preflight itself when it allows the origin");
        Snapshot unused = withManager(
                hostWith("h.test"),
                "http",
                manager -> manager.addHttpFilters(0, filter("cors", Cors.getDefaultInstance()))
                        .addHttpFilters(0, filter("fault", HTTPFault.getDefaultInstance())));
        assertThat(answer(unused, "h.test", "/").caveats()).isEmpty();
    }

    private static HttpFilter filter(String name, Message config) {
        return HttpFilter.newBuilder()
                .setName(name)
                .setTypedConfig(Any.pack(config))
                .build();
    }

    @Test
    void theRouteAloneIsTheSameAsInTheAnswers() {
        RouteTable table = RouteTable.of(SHOP);
        assertThat(table.route(new Request("GET", "shop.example.com", "/foo"))).contains("foo");
        assertThat(table.route(new Request("GET", "shop.example.com", "/fool"))).isEmpty();
        assertThat(table.route(new Request("GET", "shop.example.com", "/foo%00")))
                .isEmpty();
    }

    @Test
    void listenersThatDoTheSameAreOneAnswer() throws Exception {
        assertThat(answer("shop.example.com", "/").listeners()).containsExactly("http", "web");

        Snapshot differing = withManager(SHOP, "web", manager -> manager.setMergeSlashes(false));
        List<Answer> answers = RouteTable.of(differing).answers(new Request("GET", "shop.example.com", "//foo"));
        assertThat(answers).extracting(Answer::listeners).containsExactly(List.of("http"), List.of("web"));
        assertThat(answers).extracting(RouteTableTest::taker).containsExactly("foo", "404");
    }

    @Test
    void filterChainsAreToldApart() throws Exception {
        Listener listener = listener(SHOP, "web");
        Listener chains = listener.toBuilder()
                .addFilterChains(listener.getFilterChains(0).toBuilder().setName("second"))
                .setDefaultFilterChain(listener.getFilterChains(0))
                .build();
        Snapshot snapshot = Tables.with(SHOP, ResourceType.LISTENER, "web", chains);
        assertThat(answer(snapshot, "shop.example.com", "/").listeners())
                .containsExactly("http", "web/0", "web/second", "web/default");
    }

    @Test
    void withoutListenersThereIsNoAnswer() {
        assertThat(RouteTable.of(Snapshot.EMPTY).answers(new Request("GET", "h", "/")))
                .isEmpty();
    }

    @Test
    void whatItDoesNotUnderstandItDoesNotGuess() throws Exception {
        RouteMatch byCertificate = RouteMatch.newBuilder()
                .setPathSeparatedPrefix("/foo")
                .setTlsContext(TlsContextMatchOptions.getDefaultInstance())
                .build();
        Snapshot certificates = withRoute(route -> route.setMatch(byCertificate));
        assertThat(answer(certificates, "h.test", "/foo").outcome())
                .isEqualTo(new Unjudged("route first: it matches by tls_context"));
        assertThat(answer(certificates, "h.test", "/foo").tried())
                .containsExactly(new Attempt("first", "PathPrefix /foo", Fit.UNJUDGED, "it matches by tls_context"));
        assertThat(taker(answer(certificates, "h.test", "/bar")))
                .as("whatever the certificate is, the path doesn't fit")
                .isEqualTo("second");

        RouteMatch newer = RouteMatch.newBuilder()
                .setPrefix("/")
                .setUnknownFields(UnknownFieldSet.newBuilder()
                        .addField(
                                4711,
                                UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                        .build())
                .build();
        assertThat(taker(answer(withRoute(route -> route.setMatch(newer)), "h.test", "/")))
                .isEqualTo("route first: it matches by field 4711 of a newer API");

        for (String unknown : List.of(
                "runtime_fraction {default_value {numerator: 50}}",
                "headers {name: 'x' range_match {start: 1 end: 2}}",
                "headers {name: 'x-forwarded-for' present_match: true}",
                "headers {name: 'x' string_match {safe_regex {regex: '('}}}",
                "query_parameters {name: 'x' string_match {safe_regex {regex: '('}}}")) {
            RouteMatch.Builder match = RouteMatch.newBuilder().setPrefix("/");
            TextFormat.merge(unknown.replace("'", "\""), match);
            assertThat(taker(answer(withRoute(route -> route.setMatch(match)), "h.test", "/")))
                    .startsWith("route first: it matches by ");
        }

        assertThat(taker(answer(
                        withRoute(
                                route -> route.setRoute(RouteAction.newBuilder().setClusterHeader("x"))),
                        "h.test",
                        "/")))
                .isEqualTo("route first chooses its cluster by cluster_header");
        assertThat(taker(answer(
                        withRoute(route -> route.setRoute(RouteAction.newBuilder()
                                .setWeightedClusters(
                                        WeightedCluster.newBuilder().setRuntimeKeyPrefix("x")))),
                        "h.test",
                        "/")))
                .isEqualTo("route first weighs its clusters by runtime_key_prefix");
        assertThat(taker(answer(
                        withRoutes(routes -> routes.setIgnorePathParametersInPathMatching(true)), "h.test", "/")))
                .isEqualTo("the route configuration uses ignore_path_parameters_in_path_matching");
        assertThat(taker(answer(
                        withManager(hostWith("h.test"), "http", manager -> manager.setStripMatchingHostPort(true)),
                        "h.test",
                        "/")))
                .isEqualTo("the connection manager uses strip_matching_host_port");
        assertThat(taker(answer(
                        withManager(
                                hostWith("h.test"),
                                "http",
                                manager -> manager.getRdsBuilder().setRouteConfigName("other")),
                        "h.test",
                        "/")))
                .isEqualTo("there is no route configuration other");
        assertThat(taker(answer(
                        Tables.with(
                                hostWith("h.test"),
                                ResourceType.LISTENER,
                                "http",
                                Listener.newBuilder()
                                        .setName("http")
                                        .addFilterChains(FilterChain.getDefaultInstance())
                                        .build()),
                        "h.test",
                        "/")))
                .isEqualTo("listener http takes no HTTP");
    }

    @Test
    void patchesThatAreUnderstoodAreFollowed() throws Exception {
        assertThat(taker(answer(
                        withRoute(route -> route.setMatch(
                                RouteMatch.newBuilder().setPath("/Foo").setCaseSensitive(BoolValue.of(false)))),
                        "h.test",
                        "/fOO")))
                .isEqualTo("first");
        assertThat(taker(answer(
                        withRoute(
                                route -> route.setMatch(RouteMatch.newBuilder().setPrefix("/fo"))),
                        "h.test",
                        "/food")))
                .isEqualTo("first");
        assertThat(taker(answer(withRoute(Route.Builder::clearName), "h.test", "/")))
                .isEqualTo("#0");
        assertThat(answer(
                                withRoute(route -> route.setRedirect(RedirectAction.newBuilder()
                                        .setResponseCode(RedirectResponseCode.PERMANENT_REDIRECT))),
                                "h.test",
                                "/")
                        .outcome())
                .isEqualTo(new Reply(308, "a redirect", Optional.of("first"), Optional.of("http://h.test/")));
        assertThat(answer(
                                withRoute(route ->
                                        route.setRoute(RouteAction.newBuilder().setCluster("gone"))),
                                "h.test",
                                "/")
                        .outcome())
                .isInstanceOfSatisfying(
                        Forward.class,
                        forward -> assertThat(forward.clusters()).containsExactly(new Share("gone", 1, false)));
        Snapshot domains = withHost(host -> host.addDomains("api.*").addDomains("API.Test"));
        assertThat(answer(domains, "api.test", "/").host())
                .contains(new HostMatch("routes/h.test", "api.test", Specificity.EXACT));
        assertThat(answer(domains, "api.example", "/").host())
                .contains(new HostMatch("routes/h.test", "api.*", Specificity.PREFIX));
        assertThat(answer(domains, "api.", "/").host()).isEmpty();
        Snapshot ports = withRoutes(routes -> routes.setIgnorePortInHostMatching(false));
        assertThat(taker(answer(ports, "h.test:80", "/"))).isEqualTo("404");
        Snapshot inline = withRoutes(routes -> routes.clearVhds()
                .addVirtualHosts(VirtualHost.newBuilder()
                        .setName("own")
                        .addDomains("*")
                        .addRoutes(Route.newBuilder()
                                .setName("own-route")
                                .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                                .setRoute(RouteAction.newBuilder().setCluster("a")))));
        assertThat(taker(answer(inline, "h.test", "/")))
                .as("without VHDS nobody asks for the virtual hosts")
                .isEqualTo("own-route");
    }

    @Test
    void whatComesBeforeRoutesIsSaid() throws Exception {
        Snapshot snapshot = withManager(
                hostWith("h.test"),
                "http",
                manager -> manager.addHttpFilters(0, HttpFilter.newBuilder().setName("envoy.filters.http.lua"))
                        .addHttpFilters(
                                0, HttpFilter.newBuilder().setName("off").setDisabled(true))
                        .setLocalReplyConfig(LocalReplyConfig.newBuilder()
                                .addMappers(ResponseMapper.newBuilder().setStatusCode(UInt32Value.of(404)))));
        assertThat(answer(snapshot, "h.test", "/").caveats())
                .containsExactly(
                        "HTTP filter envoy.filters.http.lua runs before and may answer or change the request",
                        "local_reply_config may change what the gateway answers itself");
    }

    @Test
    void moreHeadersInLocalRepliesChangeNoAnswer() throws Exception {
        Snapshot snapshot = withManager(
                hostWith("h.test"),
                "http",
                manager -> manager.setLocalReplyConfig(LocalReplyConfig.newBuilder()
                        .addMappers(
                                ResponseMapper.newBuilder().addHeadersToAdd(HeaderValueOption.getDefaultInstance()))));
        assertThat(answer(snapshot, "h.test", "/").caveats()).isEmpty();
    }

    /** A new field may decide over requests: judge it, then raise the number. */
    @Test
    void everyFieldOfTheApiHasBeenJudged() {
        assertThat(Map.of(
                        "HttpConnectionManager",
                        HttpConnectionManager.getDescriptor().getFields().size(),
                        "RouteConfiguration",
                        RouteConfiguration.getDescriptor().getFields().size(),
                        "VirtualHost",
                        VirtualHost.getDescriptor().getFields().size(),
                        "Route",
                        Route.getDescriptor().getFields().size()))
                .isEqualTo(
                        Map.of("HttpConnectionManager", 56, "RouteConfiguration", 17, "VirtualHost", 22, "Route", 17));
    }

    @Test
    void headersAreValidatedAndNormalized() {
        assertThat(request("GET", "/", "https", "X-Team: a ", "x-team:b").headers())
                .isEqualTo(Map.of("x-team", List.of("a", "b")));
        assertThatThrownBy(() -> request("GET", "/", "ftp")).hasMessage("'ftp' is not a scheme: it is http or https");
        for (String header : List.of(":path:/", "Host:h", " x:1", "x:é")) {
            assertThatThrownBy(() -> new Request(
                            "GET",
                            "h",
                            "/",
                            "http",
                            Map.of(
                                    header.substring(0, header.lastIndexOf(':')),
                                    List.of(header.substring(header.lastIndexOf(':') + 1)))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(" is not ");
        }
    }

    @ParameterizedTest
    @CsvSource({"'', h, /", "CONNECT, h, /", "GET, '', /", "GET, a b, /", "GET, h/x, /", "GET, h, x", "GET, h, /é"})
    void whatIsNoRequestIsRefused(String method, String host, String path) {
        assertThatThrownBy(() -> new Request(method, host, path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(" is not ");
    }

    private static Snapshot hostWith(String hostname) {
        return Tables.snapshot("""
                listeners: [{name: http, port: 8080}]
                routes:
                - {name: first, hostnames: [%1$s], matches: [{path: {type: Exact, value: /}}], backendRefs: [{name: a}]}
                - {name: second, hostnames: [%1$s], backendRefs: [{name: a}]}
                backends: [{name: a, endpoints: []}]
                """.formatted(hostname));
    }

    private static Snapshot withHost(Consumer<VirtualHost.Builder> patch) throws InvalidProtocolBufferException {
        Snapshot snapshot = hostWith("h.test");
        VirtualHost.Builder host = VirtualHost.parseFrom(snapshot.resource(ResourceType.VIRTUAL_HOST, "routes/h.test")
                        .orElseThrow()
                        .bytes())
                .toBuilder();
        patch.accept(host);
        return Tables.with(snapshot, ResourceType.VIRTUAL_HOST, "routes/h.test", host.build());
    }

    private static Snapshot withRoute(Consumer<Route.Builder> patch) throws InvalidProtocolBufferException {
        return withHost(host -> patch.accept(host.getRoutesBuilder(0)));
    }

    private static Snapshot withRoutes(Consumer<RouteConfiguration.Builder> patch)
            throws InvalidProtocolBufferException {
        Snapshot snapshot = hostWith("h.test");
        RouteConfiguration.Builder routes =
                RouteConfiguration.parseFrom(
                        snapshot.resources(ResourceType.ROUTE).getFirst().bytes())
                        .toBuilder();
        patch.accept(routes);
        return Tables.with(snapshot, ResourceType.ROUTE, routes.getName(), routes.build());
    }

    private static Listener listener(Snapshot snapshot, String name) throws InvalidProtocolBufferException {
        return Listener.parseFrom(
                snapshot.resource(ResourceType.LISTENER, name).orElseThrow().bytes());
    }

    private static Snapshot withManager(
            Snapshot snapshot, String listener, Consumer<HttpConnectionManager.Builder> patch)
            throws InvalidProtocolBufferException {
        Listener.Builder patched = listener(snapshot, listener).toBuilder();
        HttpConnectionManager.Builder manager =
                patched
                        .getFilterChains(0)
                        .getFilters(0)
                        .getTypedConfig()
                        .unpack(HttpConnectionManager.class)
                        .toBuilder();
        patch.accept(manager);
        patched.getFilterChainsBuilder(0).getFiltersBuilder(0).setTypedConfig(Any.pack(manager.build()));
        return Tables.with(snapshot, ResourceType.LISTENER, listener, patched.build());
    }
}
