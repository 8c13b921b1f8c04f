package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One assignment on its way: its manifests resolved, its blobs coming in. Not thread-safe. */
final class Download {
    /** How often a blob is asked for that keeps arriving damaged. */
    static final int MAX_ATTEMPTS = 3;

    private final dev.mpg.sync.v1.Assignment message;
    private final Optional<ContentHash> stable;
    private final ContentHash target;
    /** Empty: what is held stays. */
    private final Optional<ContentHash> live;
    /** By version: one when target is stable. */
    private final Map<ContentHash, Part> parts = new LinkedHashMap<>();

    private final Set<ContentHash> lacking = new LinkedHashSet<>();
    private final Map<ContentHash, ByteString> blobs = new HashMap<>();
    private final Map<ContentHash, Integer> damaged = new HashMap<>();

    private Download(
            dev.mpg.sync.v1.Assignment message,
            Optional<ContentHash> stable,
            ContentHash target,
            Optional<ContentHash> live) {
        this.message = message;
        this.stable = stable;
        this.target = target;
        this.live = live;
    }

    /**
     * Resolves an assignment's manifests and finds out what is lacking.
     *
     * @param told manifests of the assignment before, which this one may build upon
     * @param held versions held whole
     * @param snapshots gives one of those
     * @param earlier an unfinished download, whose blobs may be of use
     * @throws UnresolvableManifestException when it can't be resolved, see {@link ManifestCodec#resolve}
     */
    static Download start(
            dev.mpg.sync.v1.Assignment message,
            Map<ContentHash, ResolvedManifest> told,
            Set<ContentHash> held,
            Function<ContentHash, Optional<Snapshot>> snapshots,
            @Nullable Download earlier)
            throws UnresolvableManifestException {
        Map<ContentHash, ResolvedManifest> known = new HashMap<>(told);
        Function<ContentHash, Optional<ResolvedManifest>> bases = version -> {
            ResolvedManifest manifest = known.get(version);
            if (manifest != null) {
                return Optional.of(manifest);
            }
            return held.contains(version) ? snapshots.apply(version).map(ResolvedManifest::of) : Optional.empty();
        };
        Optional<ResolvedManifest> stable = Optional.empty();
        if (message.hasStable()) {
            ResolvedManifest manifest = ManifestCodec.resolve(message.getStable(), bases);
            known.put(manifest.version(), manifest);
            stable = Optional.of(manifest);
        }
        ResolvedManifest target = ManifestCodec.resolve(message.getTarget(), bases);

        Optional<ResolvedManifest> live =
                message.hasLive() ? Optional.of(ManifestCodec.resolve(message.getLive(), bases)) : Optional.empty();

        Download download = new Download(
                message, stable.map(ResolvedManifest::version), target.version(), live.map(ResolvedManifest::version));
        stable.ifPresent(manifest -> download.parts.put(manifest.version(), Part.of(manifest, held, snapshots)));
        download.parts.computeIfAbsent(target.version(), version -> Part.of(target, held, snapshots));
        live.ifPresent(manifest ->
                download.parts.computeIfAbsent(manifest.version(), version -> Part.of(manifest, held, snapshots)));
        download.look(held, snapshots, earlier);
        return download;
    }

    private void look(
            Set<ContentHash> held, Function<ContentHash, Optional<Snapshot>> snapshots, @Nullable Download earlier) {
        for (ContentHash version : held) {
            if (parts.values().stream().allMatch(Part::isWhole)) {
                return;
            }
            snapshots.apply(version).ifPresent(snapshot -> parts.values().forEach(part -> part.take(snapshot)));
        }
        parts.values().forEach(part -> lacking.addAll(part.lacking()));
        if (earlier != null) {
            for (ContentHash hash : List.copyOf(lacking)) {
                ByteString blob = earlier.blobs.get(hash);
                if (blob != null) {
                    accept(hash, blob);
                }
            }
        }
    }

    /** The version that is being fetched. */
    ContentHash target() {
        return target;
    }

    /** Whether it came as the difference to something: then asking for whole manifests may help when it doesn't add up. */
    boolean buildsUponBase() {
        return buildsUponBase(message);
    }

    static boolean buildsUponBase(dev.mpg.sync.v1.Assignment message) {
        return !message.getTarget().getBase().isEmpty()
                || !message.getStable().getBase().isEmpty()
                || !message.getLive().getBase().isEmpty();
    }

    /** The manifests of this assignment, which a later one may build upon. */
    Map<ContentHash, ResolvedManifest> manifests() {
        Map<ContentHash, ResolvedManifest> manifests = new HashMap<>();
        parts.forEach((version, part) -> manifests.put(version, part.manifest()));
        return manifests;
    }

    /** The next hashes to ask for, at most {@code limit}. */
    List<ContentHash> wanted(int limit) {
        List<ContentHash> wanted = new ArrayList<>();
        for (ContentHash hash : lacking) {
            if (wanted.size() == limit) {
                break;
            }
            wanted.add(hash);
        }
        return wanted;
    }

    boolean lacks(ContentHash hash) {
        return lacking.contains(hash);
    }

    /** Takes a blob with this hash, which has been verified, if it is lacking. */
    void accept(ContentHash hash, ByteString blob) {
        if (lacking.remove(hash)) {
            blobs.put(hash, blob);
        }
    }

    /** A blob that was asked for didn't come, or not as it should be. Whether it makes sense to ask for it again. */
    boolean retry(ContentHash hash) {
        return !lacking.contains(hash) || damaged.merge(hash, 1, Integer::sum) < MAX_ATTEMPTS;
    }

    /** Whether nothing is lacking. */
    boolean isWhole() {
        return lacking.isEmpty();
    }

    /**
     * The assignment, once nothing is lacking.
     *
     * @param held live data, which stays as far as there is no other
     * @throws UnresolvableManifestException when its content doesn't add up to its versions
     */
    Assignment assemble(Snapshot held) throws UnresolvableManifestException {
        Map<ContentHash, Snapshot> snapshots = new HashMap<>();
        for (Part part : parts.values()) {
            snapshots.put(part.manifest().version(), part.assemble(blobs));
        }
        return new Assignment(
                message.getClusterId(),
                stable.map(snapshots::get),
                Objects.requireNonNull(snapshots.get(target)),
                live.map(snapshots::get)
                        .map(data -> message.getLivePartial() ? held.overlaid(data) : data)
                        .orElse(held),
                CohortCodec.decode(message.getCohort()),
                message.getMembersList(),
                message.getTraceparent());
    }

    /** One of the snapshots: held already, or to be assembled. */
    private record Part(ResolvedManifest manifest, Optional<Snapshot> held, Assembly assembly) {
        static Part of(
                ResolvedManifest manifest, Set<ContentHash> held, Function<ContentHash, Optional<Snapshot>> snapshots) {
            Optional<Snapshot> snapshot =
                    held.contains(manifest.version()) ? snapshots.apply(manifest.version()) : Optional.empty();
            return new Part(manifest, snapshot, new Assembly(manifest));
        }

        boolean isWhole() {
            return held.isPresent() || assembly.isWhole();
        }

        void take(Snapshot snapshot) {
            if (held.isEmpty()) {
                assembly.take(snapshot);
            }
        }

        Set<ContentHash> lacking() {
            return held.isPresent() ? Set.of() : assembly.lacking();
        }

        Snapshot assemble(Map<ContentHash, ByteString> blobs) throws UnresolvableManifestException {
            return held.isPresent() ? held.get() : assembly.assemble(blobs);
        }
    }
}
