package dev.mpg.operator.infrastructure.host;

import java.util.List;

/**
 * What is remembered of the process that was started last: {@code process.json}.
 *
 * @param owner the Scheduler or cluster id
 * @param name of the instance or gateway
 * @param pid see {@link ProcessIdentity}
 * @param started see {@link ProcessIdentity}
 * @param startedAt when, ISO 8601, for people and for telling a crash loop from a late crash
 * @param address its loopback address
 * @param specHash {@link ProcessSpec#hash}
 * @param logStart how long the log was before, in bytes
 * @param command for people
 */
record ProcessRecord(
        String owner,
        String name,
        long pid,
        String started,
        String startedAt,
        String address,
        String specHash,
        long logStart,
        List<String> command) {

    ProcessIdentity identity() {
        return new ProcessIdentity(pid, started);
    }
}
