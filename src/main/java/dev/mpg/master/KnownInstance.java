package dev.mpg.master;

import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.InstanceHolding;
import dev.mpg.sync.InstanceStream;
import dev.mpg.sync.Publication;
import dev.mpg.sync.SyncAuthority;
import dev.mpg.sync.SyncLimits;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the Master knows about one instance. Guarded by the Master's lock. */
final class KnownInstance {
    final String name;
    /** The Proxies placed on it. */
    final Set<String> clusterIds = new HashSet<>();
    /**
     * The Proxies of which it may speak: those placed on it since it was last told its placement, those in its Hello, and as
     * long as nobody knows better a limited number of others.
     */
    private final Set<String> subjects = new HashSet<>();
    /** Versions held whole, by cluster id. */
    final Map<String, Set<ContentHash>> held = new HashMap<>();
    /** Why it could not take the last assignment, by cluster id. */
    private final Map<String, String> errors = new HashMap<>();
    /** Why what it serves isn't on disk, by cluster id. */
    private final Map<String, String> unsaved = new HashMap<>();
    /** By cluster id. */
    final Map<String, ReportBook> reports = new HashMap<>();

    /** Of the open wave, by cluster id. */
    private final Map<String, WaveTraffic> traffic = new HashMap<>();

    @Nullable
    InstanceStream stream;

    private String xdsAddress = "";
    private String debugAddress = "";

    private record WaveTraffic(int wave, Traffic seen) {}

    KnownInstance(String name) {
        this.name = name;
    }

    void connect(SyncAuthority.Hello hello, InstanceStream newer) {
        stream = newer;
        xdsAddress = hello.xdsAddress();
        debugAddress = hello.debugAddress();
        forgetOthers();
        held.clear();
        held.putAll(hello.holdings());
        subjects.addAll(hello.holdings().keySet());
        errors.clear();
        unsaved.clear();
        reports.values().forEach(ReportBook::outlive);
    }

    /** What it runs goes on without the Master: what it said about Proxies that are placed on it stays. */
    void disconnect() {
        stream = null;
        forgetOthers();
        reports.values().forEach(ReportBook::outlive);
    }

    /** This Proxy is placed here. Whether that is news. */
    boolean add(String clusterId) {
        subjects.add(clusterId);
        return clusterIds.add(clusterId);
    }

    /**
     * Whether what it says of this Proxy counts.
     *
     * @param placementComplete whether {@link #clusterIds} has all Proxies placed here
     */
    boolean maySpeakOf(String clusterId, boolean placementComplete) {
        return subjects.contains(clusterId)
                || (!placementComplete
                        && subjects.size() < clusterIds.size() + SyncLimits.MAX_UNPLACED
                        && subjects.add(clusterId));
    }

    /**
     * Takes what it says that it holds of a Proxy. Whether that is news.
     *
     * @param publication what the Proxy's instances were told, if anything: that its live data is held is no news
     */
    boolean holds(InstanceHolding holding, @Nullable Publication publication) {
        String clusterId = holding.clusterId();
        Set<ContentHash> before = held.put(clusterId, holding.versions());
        boolean versionsAreNews =
                before == null || !configs(before, publication).equals(configs(holding.versions(), publication));
        boolean errorIsNews = replace(errors, clusterId, holding.error());
        boolean unsavedIsNews = replace(unsaved, clusterId, holding.unsaved());
        return versionsAreNews || errorIsNews || unsavedIsNews;
    }

    private static Set<ContentHash> configs(Set<ContentHash> versions, @Nullable Publication publication) {
        return versions.stream()
                .filter(version -> publication == null || !publication.isLive(version))
                .collect(Collectors.toSet());
    }

    /** Whether that makes a difference. */
    private static boolean replace(Map<String, String> texts, String clusterId, Optional<String> text) {
        Optional<String> before =
                Optional.ofNullable(text.isPresent() ? texts.put(clusterId, text.get()) : texts.remove(clusterId));
        return !text.equals(before);
    }

    /** Takes what it says of a wave's traffic. Whether that is news. */
    boolean sees(String clusterId, int wave, Traffic seen) {
        WaveTraffic now = new WaveTraffic(wave, seen);
        return !now.equals(traffic.put(clusterId, now));
    }

    /** What it said of this wave's traffic. */
    Traffic traffic(String clusterId, int wave) {
        WaveTraffic said = traffic.get(clusterId);
        return said == null || said.wave() != wave ? Traffic.NONE : said.seen();
    }

    /** This Proxy is placed elsewhere now. While it is connected it forgets only once it has been told. */
    void remove(String clusterId) {
        clusterIds.remove(clusterId);
        if (stream == null) {
            forgetOthers();
        }
    }

    /** Forgets what it said about Proxies that are placed elsewhere. */
    void forgetOthers() {
        subjects.retainAll(clusterIds);
        held.keySet().retainAll(clusterIds);
        errors.keySet().retainAll(clusterIds);
        unsaved.keySet().retainAll(clusterIds);
        reports.keySet().retainAll(clusterIds);
        traffic.keySet().retainAll(clusterIds);
    }

    /** Whether nothing would be lost by forgetting it. */
    boolean isObsolete() {
        return stream == null && clusterIds.isEmpty();
    }

    /** How many gateways are connected to it, as far as it has said since it connected. */
    int gateways() {
        return reports.values().stream()
                .filter(ReportBook::live)
                .mapToInt(ReportBook::size)
                .sum();
    }

    Instance toInstance() {
        return new Instance(name, stream != null, xdsAddress, debugAddress);
    }

    Fleet.Serving toServing(String clusterId) {
        ReportBook book = reports.getOrDefault(clusterId, new ReportBook());
        return new Fleet.Serving(
                stream != null,
                book.live(),
                book.target(),
                held.getOrDefault(clusterId, Set.of()),
                book.size(),
                Optional.ofNullable(errors.get(clusterId)),
                Optional.ofNullable(unsaved.get(clusterId)));
    }
}
