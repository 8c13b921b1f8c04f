package dev.mpg.master;

import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.InstanceStream;
import dev.mpg.sync.SyncAuthority;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the Master knows about one instance. Guarded by the Master's lock. */
final class KnownInstance {
    final String name;
    /** The Proxies placed on it. */
    final Set<String> clusterIds = new HashSet<>();
    /** Versions held whole, by cluster id. */
    final Map<String, Set<ContentHash>> held = new HashMap<>();
    /** Why it could not take the last assignment, by cluster id. */
    private final Map<String, String> errors = new HashMap<>();
    /** By cluster id. */
    final Map<String, ReportBook> reports = new HashMap<>();

    @Nullable
    InstanceStream stream;

    private String xdsAddress = "";
    private String debugAddress = "";

    KnownInstance(String name) {
        this.name = name;
    }

    void connect(SyncAuthority.Hello hello, InstanceStream newer) {
        stream = newer;
        xdsAddress = hello.xdsAddress();
        debugAddress = hello.debugAddress();
        held.clear();
        held.putAll(hello.holdings());
        errors.clear();
        reports.values().forEach(ReportBook::outlive);
    }

    /** What it runs goes on without the Master: what it said about Proxies that are placed on it stays. */
    void disconnect() {
        stream = null;
        forgetOthers();
        reports.values().forEach(ReportBook::outlive);
    }

    /** Takes what it says that it holds of a Proxy. Whether that is news. */
    boolean holds(String clusterId, Set<ContentHash> versions, Optional<String> error) {
        Set<ContentHash> before = held.put(clusterId, versions);
        Optional<String> errorBefore =
                Optional.ofNullable(error.isPresent() ? errors.put(clusterId, error.get()) : errors.remove(clusterId));
        return !versions.equals(before) || !error.equals(errorBefore);
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
        held.keySet().retainAll(clusterIds);
        errors.keySet().retainAll(clusterIds);
        reports.keySet().retainAll(clusterIds);
    }

    /** Whether nothing would be lost by forgetting it. */
    boolean isObsolete() {
        return stream == null && clusterIds.isEmpty();
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
                Optional.ofNullable(errors.get(clusterId)));
    }
}
