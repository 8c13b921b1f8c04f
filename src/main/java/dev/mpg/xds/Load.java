package dev.mpg.xds;

import com.google.protobuf.util.Durations;
import dev.mpg.compile.RequestLogs;
import dev.mpg.compile.RequestTraces;
import dev.mpg.rollout.Counts;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.config.endpoint.v3.UpstreamLocalityStats;
import java.time.Duration;
import java.util.List;

/**
 * One load report, summed over upstream clusters and localities; the stream to the proxy instance itself is left out.
 *
 * <p>Denominators are successes and errors, not {@code total_issued_requests}: a connection that is refused is an error that
 * was never issued, and a request whose client went away was issued and is neither. Dropped requests are in none of these
 * and are added to both.
 *
 * @param counts what ended in the time of the report
 * @param period how long that was: the longest of the clusters', as one that is new to the gateway is counted for less
 * @param worstBackend the upstream cluster with most errors; empty when there was none
 * @param worstErrors its errors
 */
record Load(Counts counts, Duration period, String worstBackend, long worstErrors) {
    private static final int MAX_CLUSTERS = 20_000;
    private static final int MAX_LOCALITIES = 100_000;
    private static final int MAX_NAME = 2_048;
    /** No gateway has so many in a report; a sum of such numbers doesn't overflow. */
    private static final long MAX_COUNT = 1L << 30;

    private static final Duration MAX_PERIOD = Duration.ofHours(1);

    /** Throws LimitExceeded, with a text for the client, when it's larger than a report may be or can't be true. */
    static Load of(List<ClusterStats> clusters) {
        limit("upstream clusters", clusters.size(), MAX_CLUSTERS);
        int localities = 0;
        Counts sum = Counts.NONE;
        Duration period = Duration.ZERO;
        String worstBackend = "";
        long worstErrors = 0;
        for (ClusterStats cluster : clusters) {
            String name = cluster.getClusterName();
            localities += cluster.getUpstreamLocalityStatsCount();
            limit("localities", localities, MAX_LOCALITIES);
            limit("characters in an upstream cluster's name", name.length(), MAX_NAME);
            if (!name.equals(RequestLogs.PROXY_CLUSTER) && !name.equals(RequestTraces.COLLECTOR_CLUSTER)) {
                Counts counts = countsOf(cluster);
                sum = sum.plus(counts);
                period = longer(period, periodOf(cluster));
                if (counts.errors() > worstErrors) {
                    worstErrors = counts.errors();
                    worstBackend = name;
                }
            }
        }
        return new Load(sum, period, worstBackend, worstErrors);
    }

    private static Counts countsOf(ClusterStats cluster) {
        long dropped = count(cluster.getTotalDroppedRequests());
        long successes = 0;
        long errors = dropped;
        for (UpstreamLocalityStats locality : cluster.getUpstreamLocalityStatsList()) {
            successes += count(locality.getTotalSuccessfulRequests());
            errors += count(locality.getTotalErrorRequests());
        }
        return new Counts(successes + errors, errors, dropped);
    }

    private static long count(long reported) {
        // Unsigned on the wire, so the largest look negative.
        limit("requests", reported < 0 ? Long.MAX_VALUE : reported, MAX_COUNT);
        return reported;
    }

    /** A period that no gateway can mean is taken for the longest. */
    private static Duration periodOf(ClusterStats cluster) {
        com.google.protobuf.Duration reported = cluster.getLoadReportInterval();
        return Durations.isNegative(reported) || reported.getSeconds() >= MAX_PERIOD.toSeconds()
                ? MAX_PERIOD
                : Duration.ofSeconds(reported.getSeconds(), reported.getNanos());
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }

    private static void limit(String what, long number, long max) {
        if (number > max) {
            throw new LimitExceeded("a load report has " + number + " " + what + ", at most " + max + " are taken");
        }
    }
}
