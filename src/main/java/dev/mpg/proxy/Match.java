package dev.mpg.proxy;

import dev.mpg.match.Answer;
import dev.mpg.match.Outcome;
import dev.mpg.snapshot.ContentHash;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /debug/config/match} shows. The names of the components are the names in its JSON, which people's scripts read:
 * add, don't rename.
 *
 * @param gateway whose config was asked for; null: all that are served
 */
record Match(String clusterId, @Nullable String gateway, Request request, List<Config> configs) {
    /** The request, as it would be on the wire. */
    record Request(String method, String host, String path) {
        static Request of(dev.mpg.match.Request request) {
            return new Request(request.method(), request.host(), request.path());
        }
    }

    /**
     * What one config does with the request.
     *
     * @param role which config it is, in words
     * @param answers one for each group of listeners that do the same
     */
    record Config(Status.Version version, String role, List<Listeners> answers) {
        static Config of(ContentHash version, String role, List<Answer> answers) {
            return new Config(
                    Status.Version.of(version),
                    role,
                    answers.stream().map(Listeners::of).toList());
        }
    }

    /**
     * What these listeners do.
     *
     * @param path that routes are matched with; null when none is
     * @param virtualHost null when the request belongs to none
     * @param route the one that takes the request; null when none does
     */
    record Listeners(
            List<String> listeners,
            @Nullable String path,
            Answer.@Nullable HostMatch virtualHost,
            List<Answer.Attempt> tried,
            @Nullable String route,
            Result result,
            List<String> caveats) {
        static Listeners of(Answer answer) {
            return new Listeners(
                    answer.listeners(),
                    answer.path().orElse(null),
                    answer.host().orElse(null),
                    answer.tried(),
                    switch (answer.outcome()) {
                        case Outcome.Forward forward -> forward.route();
                        case Outcome.Reply reply -> reply.route().orElse(null);
                        case Outcome.Unjudged unjudged -> null;
                    },
                    Result.of(answer.outcome()),
                    answer.caveats());
        }
    }

    /** What becomes of the request. */
    enum Kind {
        /** It is sent to a cluster. */
        FORWARD,
        /** The gateway answers itself. */
        REPLY,
        /** It depends on something in the config that isn't understood here. */
        UNJUDGED
    }

    /**
     * What becomes of the request.
     *
     * @param clusters FORWARD: by weight
     * @param timeout FORWARD: ISO 8601; PT0S: no limit
     * @param path FORWARD: with the query, as the upstream gets it; null: it isn't known here
     * @param host FORWARD: as the upstream gets it; null: it depends on the endpoint or the cluster
     * @param status REPLY: the HTTP status
     * @param location REPLY: where a redirect leads to
     * @param why REPLY, UNJUDGED: in words
     */
    record Result(
            Kind kind,
            List<Outcome.Share> clusters,
            @Nullable String timeout,
            @Nullable String path,
            @Nullable String host,
            @Nullable Integer status,
            @Nullable String location,
            @Nullable String why) {
        static Result of(Outcome outcome) {
            return switch (outcome) {
                case Outcome.Forward forward ->
                    new Result(
                            Kind.FORWARD,
                            forward.clusters(),
                            forward.timeout().toString(),
                            forward.path().orElse(null),
                            forward.host().orElse(null),
                            null,
                            null,
                            null);
                case Outcome.Reply reply ->
                    new Result(
                            Kind.REPLY,
                            List.of(),
                            null,
                            null,
                            null,
                            reply.status(),
                            reply.location().orElse(null),
                            reply.why());
                case Outcome.Unjudged(String why) ->
                    new Result(Kind.UNJUDGED, List.of(), null, null, null, null, null, why);
            };
        }
    }
}
