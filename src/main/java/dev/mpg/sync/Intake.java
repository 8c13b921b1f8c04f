package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Blobs;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the Master sends, on its way to the sink: placements, assignments, blobs. Nothing reaches the sink that isn't whole
 * and verified; an assignment that is refused leaves the earlier one in place. Knows no gRPC. Not thread-safe.
 */
final class Intake {
    private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

    private final AssignmentSink sink;
    private final Replies replies;
    private final ClientMeters meters;
    /** The Proxies placed here, and those that aren't any more but whose Want hasn't been answered yet. */
    private final Map<String, OfCluster> clusters = new HashMap<>();

    /** What this has to say to the Master, or wants to be reminded of. */
    interface Replies {
        /** Asks for blobs. It must get to the Master unless the stream ends: there is no other before its answer. */
        void want(String clusterId, List<ContentHash> hashes);

        /**
         * States what is held.
         *
         * @param resend whether the Master is to send the last assignment again, whole
         * @param error why that one could not be taken; empty when it could
         * @param unsaved why what is served is not on disk; empty when it is
         */
        void holding(String clusterId, Set<ContentHash> versions, boolean resend, String error, String unsaved);

        /** Calls {@link #retry} later; {@code attempts} have failed. */
        void retryLater(String clusterId, int attempts);
    }

    Intake(AssignmentSink sink, Replies replies, ClientMeters meters) {
        this.sink = sink;
        this.replies = replies;
        this.meters = meters;
    }

    void placement(Set<String> clusterIds) {
        clusters.values().removeIf(cluster -> !clusterIds.contains(cluster.clusterId) && !cluster.leave());
        sink.retain(clusterIds);
    }

    void assignment(dev.mpg.sync.v1.Assignment message) {
        clusters.computeIfAbsent(message.getClusterId(), OfCluster::new).offer(message);
    }

    void blobs(Blobs message) {
        OfCluster cluster = clusters.get(message.getClusterId());
        if (cluster != null) {
            cluster.take(message);
        }
    }

    /** Offers an assignment to the sink again that isn't on disk, and asks again for one that was refused. */
    void retry(String clusterId) {
        OfCluster cluster = clusters.get(clusterId);
        if (cluster != null) {
            cluster.retry();
        }
    }

    /** On a new stream Hello said what is held; now is said what of it isn't on disk. */
    void streamBegan() {
        clusters.values().forEach(OfCluster::tellUnsaved);
    }

    /** A new stream starts from what the sink holds: what was told on the last one doesn't count any more. */
    void streamEnded() {
        clusters.values().forEach(OfCluster::streamEnded);
    }

    private final class OfCluster {
        private final String clusterId;
        /** Manifests of the last assignment on this stream, upon which the next one may build. */
        private Map<ContentHash, ResolvedManifest> told = Map.of();
        /**
         * Hashes of the Want that hasn't been answered yet; there is at most one, also when the Proxy goes and comes back
         * meanwhile: an answer doesn't say which Want it belongs to.
         */
        private final Set<ContentHash> inFlight = new HashSet<>();

        private @Nullable Download download;
        /** One that was given up; its blobs may be of use. */
        private @Nullable Download leftover;
        /** Whole and verified, but not on disk yet. */
        private @Nullable Assignment unsaved;
        /** Why that one is served from memory only; empty when it isn't served, or there is none. */
        private String unsavedReason = "";

        /** Why the last assignment on this stream was refused; null when it was not. */
        private @Nullable String refusal;
        /** Assignments refused or not persisted since the last one that came to be on disk. */
        private int failures;

        private boolean retryQueued;

        OfCluster(String clusterId) {
            this.clusterId = clusterId;
        }

        private Set<ContentHash> held() {
            return sink.holdings().getOrDefault(clusterId, Set.of());
        }

        /** The Proxy isn't placed here any more. Whether an answer is still to come. */
        boolean leave() {
            told = Map.of();
            download = null;
            leftover = null;
            forgetUnsaved();
            refusal = null;
            return !inFlight.isEmpty();
        }

        private void forgetUnsaved() {
            unsaved = null;
            unsavedReason = "";
        }

        void offer(dev.mpg.sync.v1.Assignment message) {
            if (unsavedReason.isEmpty()) {
                unsaved = null;
            }
            refusal = null;
            Download next;
            try {
                next = Download.start(
                        message,
                        told,
                        held(),
                        version -> sink.snapshot(clusterId, version),
                        download == null ? leftover : download);
            } catch (UnresolvableManifestException e) {
                refuse(e.reason(), Download.buildsUponBase(message));
                return;
            }
            download = next;
            leftover = null;
            told = next.manifests();
            proceed();
        }

        void take(Blobs message) {
            for (ByteString blob : message.getBlobsList()) {
                ContentHash hash = ContentHash.of(blob);
                if (inFlight.remove(hash)) {
                    meters.blobBytes.increment(blob.size());
                    if (download != null) {
                        download.accept(hash, blob);
                    }
                } else {
                    meters.hashMismatches.increment();
                    LOG.error("A blob of {} came with the hash {}, which was not asked for: dropped", clusterId, hash);
                }
            }
            for (ByteString bytes : message.getUnknownList()) {
                ContentHash hash = ContentHash.fromBytes(bytes);
                if (inFlight.remove(hash) && download != null && download.lacks(hash)) {
                    refuse("the Master doesn't have blob " + hash + " (any more)", false);
                }
            }
            if (message.getLast()) {
                for (ContentHash hash : inFlight) {
                    if (download != null && !download.retry(hash)) {
                        refuse(
                                "blob " + hash + " arrived damaged or not at all, " + Download.MAX_ATTEMPTS + " times",
                                false);
                    }
                }
                inFlight.clear();
            }
            proceed();
        }

        private void proceed() {
            if (download == null) {
                return;
            }
            if (!download.isWhole()) {
                if (inFlight.isEmpty()) {
                    List<ContentHash> wanted = download.wanted(SyncLimits.MAX_WANTED);
                    inFlight.addAll(wanted);
                    replies.want(clusterId, wanted);
                }
                return;
            }
            Assignment whole;
            try {
                whole = download.assemble(sink.live(clusterId));
            } catch (UnresolvableManifestException e) {
                refuse(e.reason(), download.buildsUponBase());
                return;
            }
            download = null;
            save(whole);
        }

        private void save(Assignment assignment) {
            Optional<String> reason;
            try {
                reason = sink.assign(assignment);
            } catch (RuntimeException e) {
                meters.refused.increment();
                LOG.error("Version {} of {} can't be taken; the earlier one stays", assignment.target(), clusterId, e);
                unsaved = assignment;
                hold(false, Objects.requireNonNullElse(e.getMessage(), e.toString()));
                retryLater();
                return;
            }
            if (reason.isPresent()) {
                LOG.error(
                        "Version {} of {} is served, but isn't on disk: {}",
                        assignment.target(),
                        clusterId,
                        reason.get());
                unsaved = assignment;
                unsavedReason = reason.get();
                hold(false, "");
                retryLater();
                return;
            }
            forgetUnsaved();
            failures = 0;
            hold(false, "");
        }

        private void hold(boolean resend, String error) {
            replies.holding(clusterId, held(), resend, error, unsavedReason);
        }

        void tellUnsaved() {
            if (!unsavedReason.isEmpty()) {
                hold(false, "");
            }
        }

        private void retryLater() {
            failures++;
            if (!retryQueued) {
                retryQueued = true;
                replies.retryLater(clusterId, failures);
            }
        }

        void retry() {
            retryQueued = false;
            if (unsaved != null) {
                save(unsaved);
            }
            if (refusal != null) {
                hold(true, refusal);
            }
        }

        /** Gives up the latest assignment; what is served stays. */
        private void refuse(String reason, boolean askForWhole) {
            meters.refused.increment();
            LOG.error(
                    "An assignment of {} is refused and what is served stays: {}{}",
                    clusterId,
                    reason,
                    askForWhole ? "; asking for it anew" : "; asking for it later");
            if (download != null) {
                leftover = download;
                download = null;
            }
            told = Map.of();
            hold(askForWhole, reason);
            if (!askForWhole) {
                refusal = reason;
                retryLater();
            }
        }

        void streamEnded() {
            told = Map.of();
            inFlight.clear();
            refusal = null;
        }
    }
}
