package dev.mpg.match;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What becomes of a request. Immutable. */
public sealed interface Outcome {
    /**
     * It is sent to one of these clusters.
     *
     * @param route name of the route that takes it
     * @param clusters by weight. Never empty
     * @param timeout until the response is complete; zero: no limit
     * @param path what the upstream gets, with the query; empty where {@code path_rewrite_policy} decides it
     * @param host what the upstream gets; empty where it depends on the endpoint or the cluster
     */
    record Forward(String route, List<Share> clusters, Duration timeout, Optional<String> path, Optional<String> host)
            implements Outcome {
        public Forward {
            clusters = List.copyOf(clusters);
        }
    }

    /**
     * The gateway answers itself.
     *
     * @param status the HTTP status
     * @param why in words
     * @param route name of the route that says so; empty when none took the request
     * @param location where a redirect leads to; empty for other answers
     */
    record Reply(int status, String why, Optional<String> route, Optional<String> location) implements Outcome {
        /** One that comes from no route. */
        static Reply withoutRoute(int status, String why) {
            return new Reply(status, why, Optional.empty(), Optional.empty());
        }
    }

    /**
     * The config uses something on which it depends and which isn't understood here.
     *
     * @param why where, and Envoy's name of the field
     */
    record Unjudged(String why) implements Outcome {}

    /**
     * A cluster's share of requests: weight / sum of the weights.
     *
     * @param exists whether the snapshot has it; requests to one that it lacks are answered with 503
     */
    record Share(String cluster, long weight, boolean exists) {}
}
