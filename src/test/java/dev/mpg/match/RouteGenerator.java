package dev.mpg.match;

import com.google.protobuf.BoolValue;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction.RedirectResponseCode;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.config.route.v3.VirtualHost.TlsRequirementType;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatchAndSubstitute;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Random virtual hosts, and requests that fit their routes or just don't. The same seed makes the same ones. */
final class RouteGenerator {
    static final String CLUSTER = "a";

    private static final List<String> PATHS =
            List.of("/foo", "/foo/", "/foo/bar", "/foobar", "/Foo", "/fo", "/", "/a.b", "/a", "/caf%C3%A9", "/x;y=1");
    private static final List<String> PATH_REGEXES = List.of(
            "/foo",
            "/foo.*",
            "/foo(bar)?",
            "(/foo|/bar)(/.*)?",
            "/foo|/foobar",
            "^/foo$",
            "^/foo/[a-z]+$",
            "/fo+/?",
            "(?i)/FOO(?:/.*)?",
            "/[^/]+",
            "/[^/]+/[^/]+",
            "/a\\.b",
            "/a.b?",
            ".*r",
            ".*",
            "/\\w+",
            "/(?P<name>[[:alpha:]]+)/?",
            "/foo\\b.*",
            "foo",
            "/caf%[cC]3.*");
    private static final List<String> NEXT = List.of(
            "/", "bar", "/bar", "/Bar", "?", "//", "/.", "/..", "/../foo", "%2F", "%2f", "%41", "%20", ";x", "\\", ".",
            "O", "%");
    private static final List<String> HEADERS = List.of("x-team", "X-Env", "cookie", "accept", "user-agent");
    private static final List<String> VALUES =
            List.of("red", "blue", "Red", "redblue", "red,blue", "", "a b", "r", "red; blue", "re.", "1");
    private static final List<String> VALUE_REGEXES =
            List.of("red", "r.*", "red|blue", "^(red|blue),.*$", ".*e", "(?i)RED", "[a-z]+", ".+", "red.blue", "\\d+");
    private static final List<String> PARAMETERS = List.of("v", "q", "a%20b", "V");
    private static final List<String> PARAMETER_VALUES = List.of("1", "2", "", "a%20b", "a b", "a+b", "1=2", "A");
    private static final List<String> PARAMETER_REGEXES = List.of("1", "[0-9]+", "1|2", ".*", "a.*b", "^1$", "(?i)a");
    private static final List<String> QUERIES = List.of(
            "v=1", "v=2", "v", "v=", "v=1=2", "vv=1", "V=1", "q=1", "q", "q=a%20b", "v=a+b", "v=a%20b", "a%20b=1",
            "a+b=1", "%76=1", "v=%31", "", "=1", "v=A", "v?=1", "v=1;q=1", "x=/foo");
    private static final List<String> METHODS = List.of("GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS");

    private final Random random;

    RouteGenerator(Random random) {
        this.random = random;
    }

    private <T> T one(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    VirtualHost host(String name, List<String> domains) {
        VirtualHost.Builder host = VirtualHost.newBuilder().setName(name).addAllDomains(domains);
        if (chance(15)) {
            host.setRequireTls(chance(50) ? TlsRequirementType.ALL : TlsRequirementType.EXTERNAL_ONLY);
        }
        for (int i = 2 + random.nextInt(7); i > 0; i--) {
            host.addRoutes(route());
        }
        return host.build();
    }

    private Route route() {
        Route.Builder route = Route.newBuilder().setMatch(match());
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> route.setRedirect(redirect());
            case 3, 4 -> route.setRoute(action());
            default ->
                route.setDirectResponse(
                        DirectResponseAction.newBuilder().setStatus(one(List.of(200, 200, 201, 302, 403, 500))));
        }
        return route.build();
    }

    private RouteMatch match() {
        RouteMatch.Builder match = RouteMatch.newBuilder();
        switch (random.nextInt(5)) {
            case 0 -> match.setPath(one(PATHS));
            case 1 -> match.setPrefix(one(PATHS));
            case 2 ->
                match.setPathSeparatedPrefix(
                        one(PATHS.stream().filter(path -> !path.endsWith("/")).toList()));
            case 3 -> match.setPrefix("/");
            default -> match.setSafeRegex(regex(one(PATH_REGEXES)));
        }
        if (!match.hasSafeRegex() && chance(30)) {
            match.setCaseSensitive(BoolValue.of(chance(30)));
        }
        for (int i = few(); i > 0; i--) {
            match.addHeaders(header());
        }
        for (int i = few(); i > 0; i--) {
            match.addQueryParameters(parameter());
        }
        return match.build();
    }

    private int few() {
        return chance(50) ? 0 : 1 + random.nextInt(2);
    }

    private static RegexMatcher regex(String regex) {
        return RegexMatcher.newBuilder().setRegex(regex).build();
    }

    private HeaderMatcher header() {
        HeaderMatcher.Builder header =
                HeaderMatcher.newBuilder().setInvertMatch(chance(20)).setTreatMissingHeaderAsEmpty(chance(20));
        switch (random.nextInt(8)) {
            case 0 -> header.setName(":method").setStringMatch(string(METHODS, List.of("GET|POST", "P.*")));
            case 1 -> header.setName(":path").setStringMatch(string(PATHS, List.of(".*\\?.*", "/foo.*")));
            case 2 ->
                header.setName(one(List.of(":authority", "host", "Host")))
                        .setStringMatch(string(List.of("g1.test", "G1.test", "a.", ":8080"), List.of(".*:.*", "g.*")));
            case 3 -> header.setName(":scheme").setStringMatch(string(List.of("http", "https"), List.of("https?")));
            default -> {
                header.setName(one(HEADERS));
                if (chance(70)) {
                    header.setStringMatch(string(VALUES, VALUE_REGEXES));
                } else if (chance(70)) {
                    header.setPresentMatch(chance(50));
                }
            }
        }
        return header.build();
    }

    private QueryParameterMatcher parameter() {
        QueryParameterMatcher.Builder parameter =
                QueryParameterMatcher.newBuilder().setName(one(PARAMETERS));
        if (chance(70)) {
            parameter.setStringMatch(string(PARAMETER_VALUES, PARAMETER_REGEXES));
        } else if (chance(70)) {
            parameter.setPresentMatch(chance(60));
        }
        return parameter.build();
    }

    private StringMatcher string(List<String> values, List<String> regexes) {
        String value = one(values);
        StringMatcher.Builder string = StringMatcher.newBuilder();
        switch (value.isEmpty() ? 0 : random.nextInt(6)) {
            case 0, 1 -> string.setExact(value);
            case 2 -> string.setPrefix(value);
            case 3 -> string.setSuffix(value);
            case 4 -> string.setContains(value);
            default -> {
                return string.setSafeRegex(regex(one(regexes))).build();
            }
        }
        return string.setIgnoreCase(chance(25)).build();
    }

    private RedirectAction redirect() {
        RedirectAction.Builder redirect = RedirectAction.newBuilder()
                .setResponseCode(one(List.of(RedirectResponseCode.values()).subList(0, 5)))
                .setStripQuery(chance(30));
        switch (random.nextInt(4)) {
            case 0 -> redirect.setHttpsRedirect(chance(80));
            case 1 -> redirect.setSchemeRedirect(one(List.of("https", "http", "ftp")));
            default -> {}
        }
        if (chance(30)) {
            redirect.setHostRedirect(one(List.of("other.test", "other.test:99", "")));
        }
        if (chance(30)) {
            redirect.setPortRedirect(one(List.of(443, 80, 8443)));
        }
        switch (random.nextInt(5)) {
            case 0 -> redirect.setPathRedirect(one(List.of("/new", "/new?x=1", "new", "/new?")));
            case 1 -> redirect.setPrefixRewrite(one(List.of("/bar", "/", "", "bar", "/bar?x=1")));
            case 2 ->
                redirect.setRegexRewrite(one(List.of(
                        substitute("/foo", "/bar"),
                        substitute("^/([^/]+)/(.*)$", "/\\2/\\1"),
                        substitute("[a-z]*", "x"),
                        substitute("o", "0\\\\\\0"),
                        substitute(".*", ""),
                        substitute("(a)|(o)", "<\\1\\2>"),
                        substitute("\\b", "-"),
                        substitute("^/?", "/"))));
            default -> {}
        }
        return redirect.build();
    }

    /** Upstreams refuse what doesn't begin with a slash. */
    private RouteAction action() {
        RouteAction.Builder action = RouteAction.newBuilder().setCluster(CLUSTER);
        switch (random.nextInt(4)) {
            case 0 -> action.setPrefixRewrite(one(List.of("/bar", "/", "/bar/", "/bar?x=1")));
            case 1 ->
                action.setRegexRewrite(one(List.of(
                        substitute("foo", "bar"),
                        substitute("^/([^/]+)/(.*)$", "/\\2/\\1"),
                        substitute("[a-z]+", "<\\0>"),
                        substitute("^(.*?)/?$", "\\1/end"))));
            default -> {}
        }
        switch (random.nextInt(4)) {
            case 0 -> action.setHostRewriteLiteral(one(List.of("up.test", "up.test:81")));
            case 1 -> action.setHostRewriteHeader("X-Up");
            default -> {}
        }
        return action.build();
    }

    private static RegexMatchAndSubstitute substitute(String regex, String substitution) {
        return RegexMatchAndSubstitute.newBuilder()
                .setPattern(regex(regex))
                .setSubstitution(substitution)
                .build();
    }

    /** One that some route of this host may take, if nothing was changed in it at last. */
    Request request(VirtualHost virtualHost, String host) {
        RouteMatch match = one(virtualHost.getRoutesList()).getMatch();
        String path = switch (match.getPathSpecifierCase()) {
            case PATH -> match.getPath();
            case PREFIX -> match.getPrefix();
            case PATH_SEPARATED_PREFIX -> match.getPathSeparatedPrefix();
            default -> one(PATHS);
        };
        while (chance(30)) {
            path += one(NEXT);
        }
        if (chance(10)) {
            path = path.toUpperCase(java.util.Locale.ROOT);
        }
        Map<String, List<String>> headers = new LinkedHashMap<>();
        String method = one(METHODS);
        for (HeaderMatcher header : match.getHeadersList()) {
            String value = value(header.getStringMatch(), VALUES);
            if (header.getName().equals(":method") && value.matches("[A-Z]+")) {
                method = value;
            } else if (HEADERS.contains(header.getName()) && chance(80)) {
                headers.computeIfAbsent(header.getName(), _ -> new ArrayList<>())
                        .add(value);
            }
        }
        while (chance(35)) {
            headers.computeIfAbsent(one(HEADERS), _ -> new ArrayList<>()).add(one(VALUES));
        }
        if (chance(20)) {
            headers.put("x-up", List.of("up.test", "other.test"));
        }
        List<String> query = new ArrayList<>();
        for (QueryParameterMatcher parameter : match.getQueryParametersList()) {
            if (chance(80)) {
                query.add(parameter.getName() + "="
                        + value(parameter.getStringMatch(), PARAMETER_VALUES).replace(" ", "+"));
            }
        }
        while (chance(35)) {
            query.add(random.nextInt(query.size() + 1), one(QUERIES));
        }
        boolean asked = path.indexOf('?') >= 0;
        return new Request(
                method,
                host,
                query.isEmpty() ? path : path + (asked ? "&" : "?") + String.join("&", query),
                chance(30) ? "https" : "http",
                headers);
    }

    private String value(StringMatcher matcher, List<String> others) {
        return switch (matcher.getMatchPatternCase()) {
            case EXACT -> matcher.getExact();
            case PREFIX -> matcher.getPrefix() + (chance(50) ? "blue" : "");
            case SUFFIX -> (chance(50) ? "blue" : "") + matcher.getSuffix();
            case CONTAINS -> (chance(50) ? "blue" : "") + matcher.getContains();
            default -> one(others);
        };
    }
}
