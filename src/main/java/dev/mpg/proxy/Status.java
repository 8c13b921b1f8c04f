package dev.mpg.proxy;

import dev.mpg.compile.LiveData;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.StreamInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /debug/config/status} shows. The names of the components are the names in its JSON, which people's scripts
 * read: add, don't rename. Times are ISO 8601, sizes bytes.
 *
 * @param instance name of the proxy instance
 */
record Status(String instance, Master master, List<Cluster> clusters, Disk disk) {
    /**
     * The Master, as this instance sees it.
     *
     * @param since when the present stream was accepted; null while there is none
     * @param lastError why the last stream ended; null when none did
     * @param failedAttempts since the last stream that worked
     */
    record Master(
            String address,
            boolean connected,
            @Nullable String since,
            @Nullable String lastError,
            int failedAttempts) {}

    /**
     * One Proxy.
     *
     * @param resources in the target
     * @param bytes of the target's resources
     * @param live what configs refer to and is part of no version; null when there is none
     * @param secrets null when the configs refer to none
     * @param members the only gateways that may connect; empty: any may
     * @param cohort who gets the target while it isn't stable
     * @param putBack the gateways, connected or not, that refused the target in this wave and have stable instead; from the
     *     first on nobody else gets the target
     * @param unsaved why what is served is in memory only, and gone when the instance ends; null when it is on disk
     * @param count of its connected gateways, by state
     * @param gateways those who refused first, then those who have not answered; at most {@link StatusPages#MAX_GATEWAYS}
     */
    record Cluster(
            String clusterId,
            Versions versions,
            int resources,
            long bytes,
            @Nullable Live live,
            @Nullable Secrets secrets,
            List<String> members,
            Cohort cohort,
            List<String> putBack,
            @Nullable String unsaved,
            Count count,
            List<Gateway> gateways) {}

    /**
     * Live data, such as the endpoints of Services.
     *
     * @param resources how many
     */
    record Live(Version hash, int resources) {
        static @Nullable Live of(Snapshot data) {
            return data.size() == 0 ? null : new Live(Version.of(data.version()), data.size());
        }
    }

    /**
     * Certificates and authorities to which the configs refer, by name.
     *
     * @param inMemory those that it has. They are not on disk: after a restart they are missing until the Master sends them
     * @param missing those that it hasn't: gateways keep what they have of them, and new ones have nothing
     */
    record Secrets(List<String> inMemory, List<String> missing) {
        static @Nullable Secrets of(Assignment assignment) {
            Set<String> named = new TreeSet<>(LiveData.secretNames(assignment.target()));
            assignment.stable().map(LiveData::secretNames).ifPresent(named::addAll);
            Map<Boolean, List<String>> byPresence = named.stream()
                    .collect(Collectors.partitioningBy(name -> assignment
                            .live()
                            .resource(ResourceType.SECRET, name)
                            .isPresent()));
            List<String> inMemory = byPresence.getOrDefault(true, List.of());
            List<String> missing = byPresence.getOrDefault(false, List.of());
            return inMemory.isEmpty() && missing.isEmpty() ? null : new Secrets(inMemory, missing);
        }
    }

    /** @param wave number of the wave; 0 before the first */
    record Cohort(int wave, List<String> gateways) {
        static Cohort of(dev.mpg.snapshot.Cohort cohort) {
            return new Cohort(cohort.wave(), cohort.gateways());
        }
    }

    /** @param stable null while no version has been proven */
    record Versions(@Nullable Version stable, Version target) {
        static Versions of(Optional<ContentHash> stable, ContentHash target) {
            return new Versions(stable.map(Version::of).orElse(null), Version.of(target));
        }
    }

    /**
     * A version.
     *
     * @param version as people are shown it
     * @param full all of it, to compare by
     */
    record Version(String version, String full) {
        static Version of(ContentHash hash) {
            return new Version(hash.abbreviated(), hash.hex());
        }
    }

    record Count(int total, int current, int pending, int rejected) {
        static Count of(List<GatewayReport> gateways) {
            return new Count(
                    gateways.size(),
                    count(gateways, GatewayReport.State.CURRENT),
                    count(gateways, GatewayReport.State.PENDING),
                    count(gateways, GatewayReport.State.REJECTED));
        }

        private static int count(List<GatewayReport> gateways, GatewayReport.State state) {
            return (int) gateways.stream()
                    .filter(gateway -> gateway.state() == state)
                    .count();
        }
    }

    /**
     * A connected gateway.
     *
     * @param version CURRENT: what it runs; PENDING, REJECTED: what was sent to it
     * @param refusals REJECTED: what it refused, in Envoy's own words; else what it refuses of live data
     * @param streams its open streams
     */
    record Gateway(
            String gateway,
            GatewayReport.State state,
            Version version,
            List<GatewayReport.Refusal> refusals,
            List<Stream> streams) {}

    record Stream(StreamInfo.Protocol protocol, String connectedAt, String bindAddress, List<StreamInfo.OfType> types) {
        static Stream of(StreamInfo info) {
            return new Stream(info.protocol(), info.connectedAt().toString(), info.bindAddress(), info.types());
        }
    }

    /** @param lastError what is wrong with the disk; null when nothing is */
    record Disk(
            String path,
            long bytes,
            int packs,
            int quarantined,
            @Nullable String lastError) {}
}
