package dev.mpg.proxy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A request that a gateway answered with 5xx, as {@code /debug/requests} shows it. The names of the components are the names in
 * its JSON, which people's scripts read: add, don't rename.
 *
 * @param at when it began by the gateway's clock, ISO 8601
 * @param version that the gateway had ACKed by then, and nothing later; null when that isn't known
 * @param path without the query, which may be confidential
 * @param route its name; empty when none took it
 * @param cluster the upstream cluster; empty when it came to none
 * @param details why the answer is what it is, in Envoy's words, such as {@code via_upstream}
 * @param traceId what the answer had in {@code X-MPG-Trace-ID}; empty when it had none
 */
record FailedRequest(
        String at,
        String clusterId,
        String gateway,
        Status.@Nullable Version version,
        int status,
        String method,
        String host,
        String path,
        String route,
        String cluster,
        String details,
        double seconds,
        String traceId) {

    /** In three lines, for people. */
    String text() {
        return String.format(
                Locale.ROOT,
                """
                %s  %d %s %s%s  %.3f s
                    version %s  gateway %s of %s  route %s  cluster %s
                    trace %s  %s
                """,
                at,
                status,
                method,
                host,
                path,
                seconds,
                version == null ? "unknown" : version.version(),
                gateway,
                clusterId,
                orDash(route),
                orDash(cluster),
                orDash(traceId),
                details);
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }
}
