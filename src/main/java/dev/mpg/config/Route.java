package dev.mpg.config;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Sends the requests that fit to backends, or answers them. Immutable.
 *
 * @param hostnames lower-case host names, perhaps with a leading {@code *.}; {@code *} alone is every host. Never empty
 * @param matches a request fits when any of these does. Never empty
 * @param backendRefs in the order written. Empty when {@link Filters#answers} requests; when all weights are 0 requests are
 *     answered with 500
 */
public record Route(
        String name,
        List<String> hostnames,
        List<Match> matches,
        Filters filters,
        List<BackendRef> backendRefs,
        Timeouts timeouts,
        Optional<Retry> retry,
        Optional<RateLimit> rateLimit,
        Optional<SessionPersistence> sessionPersistence,
        Origin origin) {
    public Route {
        hostnames = List.copyOf(hostnames);
        matches = List.copyOf(matches);
        backendRefs = List.copyOf(backendRefs);
    }

    /** One that only sends requests on. */
    public Route(
            String name, List<String> hostnames, List<PathMatch> paths, List<BackendRef> backendRefs, Origin origin) {
        this(
                name,
                hostnames,
                paths.stream().map(Match::new).toList(),
                Filters.NONE,
                backendRefs,
                Timeouts.DEFAULT,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                origin);
    }

    /**
     * What a request must look like in all parts.
     *
     * @param method empty: any
     * @param headers by name, in lower case; each once. Sorted, as the order means nothing
     * @param queryParams by name; each once. Sorted
     */
    public record Match(
            PathMatch path, Optional<String> method, List<NamedMatch> headers, List<NamedMatch> queryParams) {
        public Match {
            headers = byName(headers);
            queryParams = byName(queryParams);
        }

        private static List<NamedMatch> byName(List<NamedMatch> matches) {
            return matches.stream()
                    .sorted(Comparator.comparing(NamedMatch::name))
                    .toList();
        }

        /** One of the path alone. */
        public Match(PathMatch path) {
            this(path, Optional.empty(), List.of(), List.of());
        }
    }

    /** How a path, without its query, is matched. */
    public sealed interface PathMatch {
        /** What is compared with: a path beginning with a slash, or a regular expression. */
        String path();

        /** The whole path. */
        record Exact(String path) implements PathMatch {}

        /** Whole path elements: {@code /foo} fits {@code /foo} and {@code /foo/bar}, not {@code /foobar}. */
        record Prefix(String path) implements PathMatch {}

        /** The whole path, in RE2 syntax. */
        record Regex(String path) implements PathMatch {}
    }

    /**
     * What the value of a header or query parameter must be.
     *
     * @param regex whether the value is a regular expression, in RE2 syntax, for the whole; else it is the whole
     */
    public record NamedMatch(String name, boolean regex, String value) {}

    /** A backend's share of requests: weight / sum of the weights. */
    public record BackendRef(String backend, int weight, Origin origin) {}

    /**
     * How long things may take, up to 24 h; zero: no limit.
     *
     * @param request empty: the gateway's default, as is {@code idle}
     * @param backendRequest of each try; empty: no limit of its own
     */
    public record Timeouts(Optional<Duration> request, Optional<Duration> backendRequest, Optional<Duration> idle) {
        /** Nothing is asked for. */
        public static final Timeouts DEFAULT = new Timeouts(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Which requests are sent again.
     *
     * @param codes statuses upon which a request is sent again, 400 to 599, sorted; beside what never got an answer
     * @param attempts how many more times, 1 to 100
     * @param backoff before the first of them, 1 ms to 1 h
     */
    public record Retry(List<Integer> codes, int attempts, Duration backoff) {
        public Retry {
            codes = List.copyOf(codes);
        }
    }

    /**
     * Each gateway lets so many requests through in each interval.
     *
     * @param requests 1 to 2³²−1, as is {@code burst}, which may come at once
     */
    public record RateLimit(long requests, Duration interval, long burst) {}

    /**
     * Keeps a client on an endpoint, by a cookie.
     *
     * @param lifetime at least 1 s; empty: until the browser is closed
     */
    public record SessionPersistence(String cookie, Optional<Duration> lifetime, String path) {}

    /**
     * What is done with requests and responses.
     *
     * @param mirrors sorted, as the order means nothing
     */
    public record Filters(
            HeaderChanges request,
            HeaderChanges response,
            Optional<Redirect> redirect,
            Optional<Rewrite> rewrite,
            List<Mirror> mirrors,
            Optional<Cors> cors,
            Optional<Fault> fault,
            Optional<DirectResponse> directResponse) {
        /** Nothing. */
        public static final Filters NONE = new Filters(
                HeaderChanges.NONE,
                HeaderChanges.NONE,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());

        public Filters {
            mirrors = mirrors.stream()
                    .sorted(Comparator.comparing(Mirror::backend).thenComparingInt(Mirror::percent))
                    .toList();
        }

        /** Whether requests are answered and reach no backend. */
        public boolean answers() {
            return redirect.isPresent() || directResponse.isPresent();
        }
    }

    /** Changes of headers. Names are in lower case; each is named once. Sorted, as the order means nothing. */
    public record HeaderChanges(List<Header> set, List<Header> add, List<String> remove) {
        /** No change. */
        public static final HeaderChanges NONE = new HeaderChanges(List.of(), List.of(), List.of());

        public HeaderChanges {
            set = byName(set);
            add = byName(add);
            remove = remove.stream().sorted().toList();
        }

        private static List<Header> byName(List<Header> headers) {
            return headers.stream().sorted(Comparator.comparing(Header::name)).toList();
        }
    }

    /**
     * A header.
     *
     * @param value as it is sent
     */
    public record Header(String name, String value) {}

    /**
     * A redirect. What is empty stays as it is.
     *
     * @param scheme http or https
     * @param status 301, 302, 303, 307 or 308
     */
    public record Redirect(
            Optional<String> scheme,
            Optional<String> hostname,
            Optional<PathChange> path,
            Optional<Integer> port,
            int status) {}

    /** What the backend sees. At least one of them is there. */
    public record Rewrite(Optional<String> hostname, Optional<PathChange> path) {}

    /** How a path is changed; the query stays. */
    public sealed interface PathChange {
        /** What comes in its place: a path, beginning with a slash. */
        String replacement();

        /** All of it. */
        record Full(String replacement) implements PathChange {}

        /** The prefix by which the route matched, which all of the route's matches have. Without trailing slash, but for / alone. */
        record PrefixMatch(String replacement) implements PathChange {}
    }

    /**
     * Where copies of requests go.
     *
     * @param percent of the requests, 0 to 100
     */
    public record Mirror(String backend, int percent, Origin origin) {}

    /**
     * What scripts of other origins may do. Lists are sorted.
     *
     * @param allowOrigins exact ones such as {@code https://shop.example.com}, with {@code *} in place of a host's first labels, or
     *     {@code *} alone
     * @param maxAge in seconds
     */
    public record Cors(
            List<String> allowOrigins,
            boolean allowCredentials,
            List<String> allowMethods,
            List<String> allowHeaders,
            List<String> exposeHeaders,
            int maxAge) {
        public Cors {
            allowOrigins = sorted(allowOrigins);
            allowMethods = sorted(allowMethods);
            allowHeaders = sorted(allowHeaders);
            exposeHeaders = sorted(exposeHeaders);
        }

        private static List<String> sorted(List<String> list) {
            return list.stream().distinct().sorted().toList();
        }
    }

    /** Errors on purpose. At least one of them is there. */
    public record Fault(Optional<Delay> delay, Optional<Abort> abort) {}

    /**
     * A delay.
     *
     * @param fixed 1 ms to 1 h
     * @param percent of the requests, 0 to 100
     */
    public record Delay(Duration fixed, int percent) {}

    /**
     * An error.
     *
     * @param status 200 to 599
     * @param percent of the requests, 0 to 100
     */
    public record Abort(int status, int percent) {}

    /**
     * An answer of the gateway's own.
     *
     * @param body plain text; empty: none
     */
    public record DirectResponse(int status, String body) {}
}
