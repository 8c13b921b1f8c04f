package dev.mpg.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mpg.api.RouteSpec;
import dev.mpg.api.RouteSpec.FilterType;
import dev.mpg.config.Route.Abort;
import dev.mpg.config.Route.Cors;
import dev.mpg.config.Route.Delay;
import dev.mpg.config.Route.DirectResponse;
import dev.mpg.config.Route.Fault;
import dev.mpg.config.Route.Filters;
import dev.mpg.config.Route.Header;
import dev.mpg.config.Route.HeaderChanges;
import dev.mpg.config.Route.Match;
import dev.mpg.config.Route.Mirror;
import dev.mpg.config.Route.PathChange;
import dev.mpg.config.Route.PathMatch;
import dev.mpg.config.Route.Redirect;
import dev.mpg.config.Route.Rewrite;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the filters of a route. */
final class FilterReader {
    private static final int FOUND = 302;
    private static final int DEFAULT_MAX_AGE = 5;
    /** Of bytes; gateways have no more by default. */
    private static final int MAX_BODY = 4096;

    private static final Pattern ORIGIN = Pattern.compile(
            "(?!.{254})(\\*|[a-z][-+.a-z0-9]*://(\\*|(\\*\\.)?[-a-z0-9]+(\\.[-a-z0-9]+)*)(:[0-9]{1,5})?)");

    /** What a gateway needs to find its way; and what would make it another request. */
    private static final Set<String> UNCHANGEABLE = Set.of("host", "connection", "transfer-encoding", "content-length");

    private final Findings findings;
    private final Set<String> backends;

    FilterReader(Findings findings, Set<String> backends) {
        this.findings = findings;
        this.backends = backends;
    }

    /** Those of one route. */
    private final class Reading {
        private final List<Match> matches;
        private final Map<FilterType, Origin> seen = new EnumMap<>(FilterType.class);
        private HeaderChanges request = HeaderChanges.NONE;
        private HeaderChanges response = HeaderChanges.NONE;
        private Optional<Redirect> redirect = Optional.empty();
        private Optional<Rewrite> rewrite = Optional.empty();
        private final List<Mirror> mirrors = new ArrayList<>();
        private Optional<Cors> cors = Optional.empty();
        private Optional<Fault> fault = Optional.empty();
        private Optional<DirectResponse> directResponse = Optional.empty();

        Reading(List<Match> matches) {
            this.matches = matches;
        }

        void add(RouteSpec.Filter from, Origin origin) {
            FilterType type = from.type();
            if (type == null) {
                findings.add(origin.field("type"), "it is missing", "add it");
                return;
            }
            Origin other = seen.putIfAbsent(type, origin);
            if (other != null && type != FilterType.RequestMirror) {
                findings.add(origin.field("type"), other.field() + " is a " + type + ", too", "make them one");
            }
            switch (type) {
                case RequestHeaderModifier ->
                    part(
                                    from,
                                    from.requestHeaderModifier(),
                                    origin,
                                    "requestHeaderModifier",
                                    FilterReader.this::headers)
                            .ifPresent(changes -> request = changes);
                case ResponseHeaderModifier ->
                    part(
                                    from,
                                    from.responseHeaderModifier(),
                                    origin,
                                    "responseHeaderModifier",
                                    FilterReader.this::headers)
                            .ifPresent(changes -> response = changes);
                case RequestRedirect ->
                    redirect = part(from, from.requestRedirect(), origin, "requestRedirect", this::redirect);
                case URLRewrite -> rewrite = part(from, from.urlRewrite(), origin, "urlRewrite", this::rewrite);
                case RequestMirror ->
                    part(from, from.requestMirror(), origin, "requestMirror", FilterReader.this::mirror)
                            .ifPresent(mirrors::add);
                case CORS -> cors = part(from, from.cors(), origin, "cors", FilterReader.this::cors);
                case Fault -> fault = part(from, from.fault(), origin, "fault", FilterReader.this::fault);
                case DirectResponse ->
                    directResponse = part(
                            from, from.directResponse(), origin, "directResponse", FilterReader.this::directResponse);
            }
        }

        private Redirect redirect(RouteSpec.RequestRedirect from, Origin origin) {
            Redirect read = new Redirect(
                    Optional.ofNullable(from.scheme()).map(RouteSpec.Scheme::name),
                    Optional.ofNullable(from.hostname()).map(name -> findings.hostname(name, origin.field("hostname"))),
                    pathChange(from.path(), origin.field("path")),
                    Optional.ofNullable(from.port()).map(_ -> findings.port(from.port(), origin)),
                    ListenerReader.redirectStatus(findings, from.statusCode(), FOUND, origin.field("statusCode")));
            if (read.scheme().isEmpty()
                    && read.hostname().isEmpty()
                    && read.path().isEmpty()
                    && read.port().isEmpty()) {
                findings.add(origin, "it leads to where the request is", "change the scheme, hostname, path or port");
            }
            return read;
        }

        private Rewrite rewrite(RouteSpec.URLRewrite from, Origin origin) {
            Rewrite read = new Rewrite(
                    Optional.ofNullable(from.hostname()).map(name -> findings.hostname(name, origin.field("hostname"))),
                    pathChange(from.path(), origin.field("path")));
            if (read.hostname().isEmpty() && read.path().isEmpty()) {
                findings.add(origin, "it changes nothing", "give a hostname or a path");
            }
            return read;
        }

        private Optional<PathChange> pathChange(RouteSpec.@Nullable PathModifier from, Origin origin) {
            if (from == null) {
                return Optional.empty();
            }
            boolean prefix = from.type() == RouteSpec.PathModifierType.ReplacePrefixMatch;
            if (from.type() == null) {
                findings.add(origin.field("type"), "it is missing", "add it");
            }
            String used = prefix ? "replacePrefixMatch" : "replaceFullPath";
            String unused = prefix ? "replaceFullPath" : "replacePrefixMatch";
            String value = prefix ? from.replacePrefixMatch() : from.replaceFullPath();
            if ((prefix ? from.replaceFullPath() : from.replacePrefixMatch()) != null) {
                findings.add(origin.field(unused), "it is there, and the type is " + from.type(), "remove it");
            }
            String path = findings.required(value, origin.field(used), "/");
            // An empty prefix is the root, as Gateway API has it.
            path = path.isEmpty() ? "/" : path;
            RouteReader.isPath(findings, path, origin.field(used));
            if (prefix && !matches.stream().map(Match::path).allMatch(PathMatch.Prefix.class::isInstance)) {
                findings.add(
                        origin.field("type"),
                        "not all matches of the route are of type PathPrefix",
                        "make them so, or use ReplaceFullPath");
            }
            return Optional.of(
                    prefix ? new PathChange.PrefixMatch(withoutTrailingSlash(path)) : new PathChange.Full(path));
        }

        Filters done(Origin origin) {
            if (redirect.isPresent() && directResponse.isPresent()) {
                findings.add(origin, "it has both RequestRedirect and DirectResponse", "remove one of them");
            }
            boolean answers = redirect.isPresent() || directResponse.isPresent();
            if (answers && rewrite.isPresent()) {
                findings.add(origin, "it has a URLRewrite, and a filter that answers requests", "remove one of them");
            }
            if (answers && !mirrors.isEmpty()) {
                findings.add(
                        origin, "it has a RequestMirror, and a filter that answers requests", "remove one of them");
            }
            return new Filters(request, response, redirect, rewrite, mirrors, cors, fault, directResponse);
        }
    }

    /** @param matches of the route */
    Filters read(@Nullable List<RouteSpec.Filter> from, List<Match> matches, Origin origin) {
        Reading reading = new Reading(matches);
        findings.each(from, origin, (filter, at) -> {
            reading.add(filter, at);
            return filter;
        });
        return reading.done(origin);
    }

    /** The part that the type names, which must be the only one. */
    private <F, T> Optional<T> part(
            RouteSpec.Filter filter, @Nullable F part, Origin origin, String name, BiFunction<F, Origin, T> reader) {
        if (part == null) {
            findings.add(origin.field(name), "it is missing, and the type is " + filter.type(), "add it");
            return Optional.empty();
        }
        parts(filter).forEach((other, value) -> {
            if (value && !other.equals(name)) {
                findings.add(origin.field(other), "it is there, and the type is " + filter.type(), "remove it");
            }
        });
        return Optional.of(reader.apply(part, origin.field(name)));
    }

    private static Map<String, Boolean> parts(RouteSpec.Filter filter) {
        return Map.of(
                "requestHeaderModifier", filter.requestHeaderModifier() != null,
                "responseHeaderModifier", filter.responseHeaderModifier() != null,
                "requestRedirect", filter.requestRedirect() != null,
                "urlRewrite", filter.urlRewrite() != null,
                "requestMirror", filter.requestMirror() != null,
                "cors", filter.cors() != null,
                "fault", filter.fault() != null,
                "directResponse", filter.directResponse() != null);
    }

    private HeaderChanges headers(RouteSpec.HeaderModifier from, Origin origin) {
        Set<String> names = new HashSet<>();
        List<Header> set = findings.each(from.set(), origin.field("set"), (header, at) -> header(header, at, names));
        List<Header> add = findings.each(from.add(), origin.field("add"), (header, at) -> header(header, at, names));
        List<String> remove = findings.each(
                from.remove(),
                origin.field("remove"),
                (name, at) -> changed(findings.token(name, at, "a header").toLowerCase(Locale.ROOT), at, names));
        if (names.isEmpty()) {
            findings.add(origin, "it changes nothing", "name a header to set, add or remove");
        }
        return new HeaderChanges(set, add, remove);
    }

    private Header header(RouteSpec.Header from, Origin origin, Set<String> names) {
        Header header = RouteReader.header(findings, from, origin);
        changed(header.name(), origin.field("name"), names);
        return header;
    }

    private String changed(String name, Origin origin, Set<String> names) {
        if (!names.add(name)) {
            findings.add(origin, name + " is there twice", "name each header once");
        }
        if (UNCHANGEABLE.contains(name)) {
            findings.add(
                    origin,
                    "gateways keep " + name + " themselves",
                    name.equals("host") ? "use a URLRewrite for the host" : "leave it out");
        }
        return name;
    }

    private Mirror mirror(RouteSpec.RequestMirror from, Origin origin) {
        RouteSpec.MirrorRef ref = from.backendRef();
        return new Mirror(
                RouteReader.backendName(
                        findings,
                        ref == null ? null : ref.name(),
                        backends,
                        origin.field("backendRef").field("name")),
                findings.percent(from.percent(), 100, origin.field("percent")),
                origin);
    }

    private Cors cors(RouteSpec.CORS from, Origin origin) {
        List<String> origins = findings.each(from.allowOrigins(), origin.field("allowOrigins"), (text, at) -> {
            String read = text.toLowerCase(Locale.ROOT);
            if (!ORIGIN.matcher(read).matches()) {
                findings.add(
                        at,
                        "'" + text + "' is not an origin",
                        "write it like https://shop.example.com, https://*.example.com or *");
            }
            return read;
        });
        if (origins.isEmpty()) {
            findings.add(origin.field("allowOrigins"), "there is no origin", "name at least one, or *");
        }
        boolean credentials = Boolean.TRUE.equals(from.allowCredentials());
        return new Cors(
                origins,
                credentials,
                findings.each(
                        from.allowMethods(),
                        origin.field("allowMethods"),
                        (m, at) -> findings.token(m, at, "a method")),
                findings.each(
                        from.allowHeaders(),
                        origin.field("allowHeaders"),
                        (h, at) -> findings.token(h, at, "a header")),
                findings.each(
                        from.exposeHeaders(),
                        origin.field("exposeHeaders"),
                        (h, at) -> findings.token(h, at, "a header")),
                findings.inRange(from.maxAge(), DEFAULT_MAX_AGE, 1, 86400, origin.field("maxAge")));
    }

    private Fault fault(RouteSpec.Fault from, Origin origin) {
        if (from.delay() == null && from.abort() == null) {
            findings.add(origin, "it does nothing", "give a delay or an abort");
        }
        return new Fault(
                Optional.ofNullable(from.delay()).map(delay -> delay(delay, origin.field("delay"))),
                Optional.ofNullable(from.abort()).map(abort -> abort(abort, origin.field("abort"))));
    }

    private Delay delay(RouteSpec.Delay from, Origin origin) {
        return new Delay(
                findings.duration(
                                findings.required(from.fixed(), origin.field("fixed"), "1s"),
                                Findings.MILLISECOND,
                                Findings.HOUR,
                                origin.field("fixed"))
                        .orElse(Duration.ofSeconds(1)),
                findings.percent(from.percent(), 100, origin.field("percent")));
    }

    private Abort abort(RouteSpec.Abort from, Origin origin) {
        return new Abort(
                status(from.status(), origin.field("status")),
                findings.percent(from.percent(), 100, origin.field("percent")));
    }

    private int status(@Nullable Integer value, Origin origin) {
        return (int) findings.inRange(findings.required(value, origin, 500), 200, 599, origin);
    }

    private DirectResponse directResponse(RouteSpec.DirectResponse from, Origin origin) {
        String body = from.body() == null ? "" : from.body();
        int length = body.getBytes(UTF_8).length;
        if (length > MAX_BODY) {
            findings.add(origin.field("body"), "it is " + length + " bytes long", "use at most " + MAX_BODY);
        }
        return new DirectResponse(status(from.status(), origin.field("status")), body);
    }

    /** Gateway API ignores a prefix's trailing slash. */
    static String withoutTrailingSlash(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }
}
