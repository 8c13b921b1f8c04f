package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.Manifest;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An assignment as it is sent to instances, and the versions published shortly before it, to which it can be sent as a
 * difference. Differences are computed and marshalled once and shared by all instances. Thread-safe.
 */
public final class Publication {
    /** How many versions of a cluster id are remembered. */
    static final int REMEMBERED = 4;

    /** Of one entry beside its name: a hash of 32 bytes, a type, tags and lengths. */
    private static final long ENTRY_BYTES = 46;

    /** Of one member beside its name: a tag and a length. */
    private static final long MEMBER_BYTES = 6;

    /** All members. */
    private static final long MAX_MEMBERS_BYTES = 2L << 20;

    /** The manifest of live data: some 10,000 services. */
    private static final long MAX_LIVE_BYTES = 1L << 20;

    /** Two whole manifests of configs and the rest have to fit into a message. */
    private static final long MAX_MANIFEST_BYTES =
            (SyncLimits.MAX_MESSAGE_BYTES - MAX_MEMBERS_BYTES - MAX_LIVE_BYTES - (64L << 10)) / 2;

    private final Order order;
    /** What is live now, then earlier, from new to old; empty while it isn't known or there is none. */
    private final Map<ContentHash, Snapshot> live;
    /** Whether there may be more that is live than is known. */
    private final boolean livePartial;

    /** Target, stable, then earlier ones from new to old; without those of which only instances have the content. */
    private final Map<ContentHash, Snapshot> recent;

    private final Map<Step, Difference> differences = new ConcurrentHashMap<>();
    private final Map<Bases, ByteString> frames = new ConcurrentHashMap<>();
    private final Map<ContentHash, Map<ContentHash, ByteString>> indexes = new ConcurrentHashMap<>();

    private Publication(
            Order order, Map<ContentHash, Snapshot> recent, Map<ContentHash, Snapshot> live, boolean livePartial) {
        this.order = order;
        this.recent = recent;
        this.live = live;
        this.livePartial = livePartial;
    }

    /**
     * The first publication of a cluster id.
     *
     * @throws IllegalArgumentException when it has a resource or a manifest that is too large for ConfigSync
     */
    public static Publication of(Order order) {
        return after(Map.of(), order, Map.of(), false);
    }

    /**
     * What replaces this one, for the same cluster id.
     *
     * @throws IllegalArgumentException when it has a resource or a manifest that is too large for ConfigSync
     */
    public Publication then(Order next) {
        return after(recent, next, live, livePartial);
    }

    /**
     * The same with this live data. None at all is not told: no config refers to any then.
     *
     * @param partial whether instances keep what else they have
     * @throws IllegalArgumentException when it has a resource or a manifest that is too large for ConfigSync
     */
    public Publication with(Snapshot data, boolean partial) {
        if (data.size() == 0
                || (livePartial == partial && live().filter(data::equals).isPresent())) {
            return this;
        }
        checkLive(order.clusterId(), data);
        Map<ContentHash, Snapshot> next = new LinkedHashMap<>();
        next.put(data.version(), data);
        for (Snapshot earlier : live.values()) {
            if (next.size() < REMEMBERED) {
                next.putIfAbsent(earlier.version(), earlier);
            }
        }
        return new Publication(order, recent, next, partial);
    }

    /**
     * Looks whether ConfigSync carries this live data.
     *
     * @throws IllegalArgumentException when it has a resource or a manifest that is too large
     */
    public static void checkLive(String clusterId, Snapshot data) {
        checkSize(clusterId, data, MAX_LIVE_BYTES);
    }

    private Optional<Snapshot> live() {
        return live.values().stream().findFirst();
    }

    private static Publication after(
            Map<ContentHash, Snapshot> earlier, Order order, Map<ContentHash, Snapshot> live, boolean livePartial) {
        checkSize(order.clusterId(), order.members());
        checkSize(order.clusterId(), order.cohort().gateways());
        Map<ContentHash, Snapshot> recent = new LinkedHashMap<>();
        for (ContentHash version : order.versions()) {
            Snapshot given = order.contents().get(version);
            if (given != null) {
                recent.put(version, sharing(sharing(given, recent.values()), earlier.values()));
            } else if (earlier.containsKey(version)) {
                recent.put(version, earlier.get(version));
            }
        }
        for (Snapshot snapshot : recent.values()) {
            if (!earlier.containsKey(snapshot.version())) {
                checkSize(order.clusterId(), snapshot, MAX_MANIFEST_BYTES);
            }
        }
        for (Snapshot snapshot : earlier.values()) {
            if (recent.size() < REMEMBERED) {
                recent.putIfAbsent(snapshot.version(), snapshot);
            }
        }
        return new Publication(order, recent, live, livePartial);
    }

    /** The same, out of the objects of the equal one of these, or else of the first, which is the most like it. */
    private static Snapshot sharing(Snapshot snapshot, Collection<Snapshot> earlier) {
        Optional<Snapshot> equal = earlier.stream().filter(snapshot::equals).findFirst();
        return equal.or(() -> earlier.stream().findFirst().map(snapshot::sharing))
                .orElse(snapshot);
    }

    private static void checkSize(String clusterId, List<String> members) {
        long bytes = 0;
        for (String member : members) {
            bytes += utf8Bytes(member) + MEMBER_BYTES;
        }
        if (bytes > MAX_MEMBERS_BYTES) {
            throw new IllegalArgumentException(
                    "%s has %d members, whose names take %d bytes; ConfigSync carries at most %d: split the Proxy"
                            .formatted(clusterId, members.size(), bytes, MAX_MEMBERS_BYTES));
        }
    }

    private static int utf8Bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void checkSize(String clusterId, Snapshot snapshot, long maxManifestBytes) {
        long manifestBytes = 0;
        for (Resource resource : snapshot.resources()) {
            if (resource.bytes().size() > SyncLimits.MAX_BLOB_BYTES) {
                throw new IllegalArgumentException("%s of %s has %d bytes; ConfigSync carries at most %d: split it"
                        .formatted(resource, clusterId, resource.bytes().size(), SyncLimits.MAX_BLOB_BYTES));
            }
            manifestBytes += utf8Bytes(resource.name()) + ENTRY_BYTES;
        }
        if (manifestBytes > maxManifestBytes) {
            throw new IllegalArgumentException(
                    "%s has %d resources, whose names take %d bytes; ConfigSync carries at most %d: split the Proxy"
                            .formatted(clusterId, snapshot.size(), manifestBytes, maxManifestBytes));
        }
    }

    public Order order() {
        return order;
    }

    /** The content of one of the remembered versions; empty when the Master doesn't have it. */
    public Optional<Snapshot> snapshot(ContentHash version) {
        return Optional.ofNullable(recent.get(version));
    }

    /** Whether an instance that holds nothing can take it. */
    boolean hasAllContent() {
        return recent.keySet().containsAll(order.versions());
    }

    /** Whether this already says what {@code other} says. */
    public boolean says(Order other) {
        return order.says(other) && recent.keySet().containsAll(other.contents().keySet());
    }

    /** The versions whose manifests an instance knows once it got this. */
    Set<ContentHash> versions() {
        return Set.copyOf(order.versions());
    }

    /** Whether this is live data now, or was a short while ago. */
    public boolean isLive(ContentHash version) {
        return live.containsKey(version);
    }

    /** The live data whose manifest it knows then. */
    Set<ContentHash> liveVersions() {
        return live().map(Snapshot::version).stream().collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The marshalled {@link FromMaster} that tells an instance to run this, in as few bytes as what it knows allows.
     *
     * @param known versions whose manifests the instance knows
     */
    ByteString frame(Set<ContentHash> known) {
        return frame(known, known);
    }

    /**
     * The same.
     *
     * @param knownLive the live data that the instance knows, of which it holds the latest only
     */
    ByteString frame(Set<ContentHash> known, Set<ContentHash> knownLive) {
        Optional<ContentHash> stableBase = order.stable().flatMap(version -> base(version, known, recent));
        Set<ContentHash> knownWithStable = new HashSet<>(known);
        order.stable().ifPresent(knownWithStable::add);
        Optional<ContentHash> targetBase = base(order.target(), knownWithStable, recent);
        Optional<ContentHash> liveBase = live().flatMap(data -> base(data.version(), knownLive, live));
        boolean whole = targetBase.isEmpty()
                || (order.stable().isPresent() && stableBase.isEmpty())
                || (live().isPresent() && liveBase.isEmpty());
        Bases bases = new Bases(stableBase, targetBase, liveBase);
        // A whole manifest is large, and asked for only by an instance that is new here: not worth the memory.
        return whole ? marshal(bases) : frames.computeIfAbsent(bases, this::marshal);
    }

    private ByteString marshal(Bases bases) {
        dev.mpg.sync.v1.Assignment.Builder message = dev.mpg.sync.v1.Assignment.newBuilder()
                .setClusterId(order.clusterId())
                .setTarget(manifest(order.target(), bases.target(), recent))
                .setCohort(CohortCodec.encode(order.cohort()))
                .setTraceparent(order.traceparent())
                .addAllMembers(order.members());
        order.stable().ifPresent(stable -> message.setStable(manifest(stable, bases.stable(), recent)));
        live().ifPresent(data ->
                message.setLive(manifest(data.version(), bases.live(), live)).setLivePartial(livePartial));
        return FromMaster.newBuilder().setAssignment(message).build().toByteString();
    }

    private Manifest manifest(ContentHash version, Optional<ContentHash> base, Map<ContentHash, Snapshot> remembered) {
        Snapshot to = remembered.get(version);
        if (to == null || base.equals(Optional.of(version))) {
            return ManifestCodec.known(version);
        } else if (base.isEmpty()) {
            return ManifestCodec.whole(to);
        }
        Snapshot from = remembered.get(base.get());
        return from == null
                ? ManifestCodec.known(version)
                : difference(from, to).manifest();
    }

    /** The version as the difference to which this one is best sent; empty: whole. */
    private Optional<ContentHash> base(
            ContentHash version, Set<ContentHash> known, Map<ContentHash, Snapshot> remembered) {
        Snapshot to = remembered.get(version);
        if (to == null || known.contains(version)) {
            return Optional.of(version);
        }
        Optional<ContentHash> best = Optional.empty();
        int fewest = to.size();
        for (Snapshot from : remembered.values()) {
            if (known.contains(from.version())) {
                int size = difference(from, to).size();
                if (size < fewest) {
                    fewest = size;
                    best = Optional.of(from.version());
                }
            }
        }
        return best;
    }

    private Difference difference(Snapshot from, Snapshot to) {
        return differences.computeIfAbsent(
                new Step(from.version(), to.version()), step -> Difference.between(from, to));
    }

    /** Content of one of the remembered versions, or of live data. */
    Optional<ByteString> blob(ContentHash hash) {
        // Most are asked for because of a difference, which is small; a snapshot is indexed only when that doesn't do.
        for (Difference difference : differences.values()) {
            ByteString blob = difference.blobs().get(hash);
            if (blob != null) {
                return Optional.of(blob);
            }
        }
        for (Snapshot snapshot :
                (Iterable<Snapshot>) Stream.concat(live.values().stream(), recent.values().stream())::iterator) {
            ByteString blob = indexes.computeIfAbsent(snapshot.version(), version -> index(snapshot.resources()))
                    .get(hash);
            if (blob != null) {
                return Optional.of(blob);
            }
        }
        return Optional.empty();
    }

    private static Map<ContentHash, ByteString> index(List<Resource> resources) {
        Map<ContentHash, ByteString> index = HashMap.newHashMap(resources.size());
        for (Resource resource : resources) {
            index.put(resource.hash(), resource.bytes());
        }
        return index;
    }

    private record Step(ContentHash from, ContentHash to) {}

    private record Bases(Optional<ContentHash> stable, Optional<ContentHash> target, Optional<ContentHash> live) {}

    private record Difference(Manifest manifest, Map<ContentHash, ByteString> blobs) {
        static Difference between(Snapshot from, Snapshot to) {
            SnapshotDiff diff = Snapshot.diff(from, to);
            Map<ContentHash, ByteString> blobs = new HashMap<>();
            diff.types().values().forEach(ofType -> blobs.putAll(index(ofType.upserted())));
            return new Difference(ManifestCodec.difference(from.version(), to.version(), diff), blobs);
        }

        int size() {
            return manifest.getEntriesCount() + manifest.getRemovedCount();
        }
    }
}
