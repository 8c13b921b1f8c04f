package dev.mpg.cli.offline;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.mpg.compile.Origins;
import dev.mpg.config.Origin;
import dev.mpg.config.TrafficConfig;
import dev.mpg.match.Answer;
import dev.mpg.match.Outcome;
import dev.mpg.match.Request;
import dev.mpg.match.RouteTable;
import dev.mpg.snapshot.ResourceType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code mpg explain} found.
 *
 * @param request as it would be on the wire
 * @param proxies what each Proxy that was asked does with it
 * @param notes how these Proxies and listeners were chosen, in words
 */
record Explanation(OfRequest request, List<OfProxy> proxies, List<String> notes) {
    /** A request. */
    record OfRequest(String method, String host, String path) {}

    /**
     * What one Proxy does.
     *
     * @param version 12 hexadecimal digits, as its status will have
     * @param answers one for each group of listeners that do the same for the same reasons
     */
    record OfProxy(String object, String clusterId, String version, List<OfListeners> answers) {}

    /**
     * What these listeners do.
     *
     * @param path that routes are matched with, normalized and without the query; absent when none is
     * @param virtualHost absent when the request belongs to none
     * @param tried its routes in order, up to the one that takes the request
     * @param caveats what else may change the answer, in words
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record OfListeners(
            List<String> listeners,
            @Nullable String path,
            @Nullable OfHost virtualHost,
            List<Tried> tried,
            Result result,
            List<String> caveats) {}

    /** The virtual host that was chosen, and which of its domains fits how. */
    record OfHost(String name, String domain, String specificity) {}

    /**
     * A route that was tried.
     *
     * @param match which requests it takes
     * @param fit {@code yes}, {@code no}, or {@code unjudged}: that isn't understood here
     * @param source where it is written; absent of one that only a patch makes
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Tried(
            String route,
            String match,
            String fit,
            String why,
            @Nullable Place source) {}

    /** A part of a Proxy's spec: its path, and where the file has it. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Place(String field, String file, @Nullable Integer line) {
        String text() {
            return field + " (" + file + (line == null ? "" : ":" + line) + ")";
        }
    }

    /** What becomes of the request. */
    enum Kind {
        /** It is sent to a cluster. */
        forward,
        /** The gateway answers itself. */
        reply,
        /** It depends on something in the config that isn't understood here. */
        unjudged
    }

    /**
     * What becomes of the request.
     *
     * @param route the one that takes it; absent when none does
     * @param targets forward: where it goes. Else empty
     * @param timeout forward: such as {@code 3s}; {@code none}: no limit
     * @param status reply: the HTTP status
     * @param location reply: where a redirect leads to
     * @param why reply, unjudged: in words
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Result(
            Kind kind,
            @Nullable String route,
            @Nullable Place source,
            List<Target> targets,
            @Nullable String timeout,
            @Nullable Integer status,
            @Nullable String location,
            @Nullable String why) {}

    /**
     * A cluster, which is a backend unless a patch makes it another.
     *
     * @param percent of the requests, 0 to 100
     * @param exists whether the config has it; requests to one that it lacks are answered with 503
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Target(
            String cluster,
            double percent,
            boolean exists,
            @Nullable Place source) {}

    /**
     * What a Proxy does with a request.
     *
     * @param port of the listeners that are asked; empty: all
     */
    static OfProxy of(Review.Compiled proxy, Request request, OptionalInt port) {
        Reader reader = new Reader(proxy);
        return new OfProxy(
                proxy.name(),
                proxy.config().clusterId(),
                proxy.snapshot().version().abbreviated(),
                RouteTable.of(proxy.snapshot()).answers(request).stream()
                        .filter(answer -> port.isEmpty() || isAt(port.getAsInt(), answer, proxy.config()))
                        .map(reader::answer)
                        .toList());
    }

    /** Whether one of the listeners that the spec has on this port is among those of the answer. */
    private static boolean isAt(int port, Answer answer, TrafficConfig config) {
        return config.listeners().stream()
                .filter(listener -> listener.port() == port)
                .anyMatch(listener -> answer.listeners().stream()
                        .anyMatch(name -> name.equals(listener.name()) || name.startsWith(listener.name() + "/")));
    }

    /** Answers, with the parts of the spec that they come from. */
    private record Reader(Review.Compiled proxy) {
        OfListeners answer(Answer answer) {
            return new OfListeners(
                    answer.listeners(),
                    answer.path().orElse(null),
                    answer.host()
                            .map(host -> new OfHost(
                                    host.virtualHost(),
                                    host.domain(),
                                    host.specificity().name().toLowerCase(Locale.ROOT)))
                            .orElse(null),
                    answer.tried().stream()
                            .map(attempt -> new Tried(
                                    attempt.route(),
                                    attempt.match(),
                                    attempt.fit().name().toLowerCase(Locale.ROOT),
                                    attempt.why(),
                                    route(attempt.route())))
                            .toList(),
                    result(answer.outcome()),
                    Stream.concat(patches(answer), answer.caveats().stream()).toList());
        }

        private Result result(Outcome outcome) {
            return switch (outcome) {
                case Outcome.Forward forward ->
                    new Result(
                            Kind.forward,
                            forward.route(),
                            route(forward.route()),
                            targets(forward.clusters()),
                            duration(forward.timeout()),
                            null,
                            null,
                            null);
                case Outcome.Reply reply ->
                    new Result(
                            Kind.reply,
                            reply.route().orElse(null),
                            reply.route().map(this::route).orElse(null),
                            List.of(),
                            null,
                            reply.status(),
                            reply.location().orElse(null),
                            reply.why());
                case Outcome.Unjudged unjudged ->
                    new Result(Kind.unjudged, null, null, List.of(), null, null, null, unjudged.why());
            };
        }

        private List<Target> targets(List<Outcome.Share> shares) {
            long sum =
                    Math.max(1, shares.stream().mapToLong(Outcome.Share::weight).sum());
            List<Target> targets = new ArrayList<>();
            for (Outcome.Share share : shares) {
                targets.add(new Target(
                        share.cluster(),
                        Math.round(10_000.0 * share.weight() / sum) / 100.0,
                        share.exists(),
                        Origins.of(proxy.config(), ResourceType.CLUSTER, share.cluster()).stream()
                                .reduce((first, last) -> last)
                                .map(this::place)
                                .orElse(null)));
            }
            return targets;
        }

        private @Nullable Place route(String name) {
            return proxy.config().routes().stream()
                    .filter(route -> route.name().equals(name))
                    .findFirst()
                    .map(route -> place(route.origin()))
                    .orElse(null);
        }

        private Place place(Origin origin) {
            return new Place(
                    origin.field(),
                    proxy.object().file(),
                    proxy.object().lines().line(origin.field()));
        }

        /** Those that may have made the answer another than the spec's other fields say. */
        private Stream<String> patches(Answer answer) {
            Stream<Origin> listeners = answer.listeners().stream()
                    .flatMap(name -> Origins.of(proxy.config(), ResourceType.LISTENER, name).stream());
            Stream<Origin> host = answer.host().stream()
                    .flatMap(chosen ->
                            Origins.of(proxy.config(), ResourceType.VIRTUAL_HOST, chosen.virtualHost()).stream());
            return Stream.concat(listeners, host)
                    .filter(origin -> origin.field().startsWith("spec.envoyPatches["))
                    .map(origin -> place(origin).text() + " is part of this answer");
        }
    }

    private static String duration(Duration duration) {
        return duration.isZero() ? "none" : duration.toString().substring(2).toLowerCase(Locale.ROOT);
    }

    /** Whether a listener of this Proxy knows the request's host. */
    static boolean hasHost(OfProxy proxy) {
        return proxy.answers().stream()
                .anyMatch(answer -> Optional.ofNullable(answer.virtualHost()).isPresent());
    }
}
