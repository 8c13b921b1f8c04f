package dev.mpg.sync;

import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A proxy instance that holds the last few versions of each Proxy in memory. */
public final class MemorySink implements AssignmentSink {
    /** How many versions of a Proxy it holds. */
    public static final int HOLDS = 3;

    private final Map<String, LinkedHashMap<ContentHash, Snapshot>> held = new HashMap<>();
    /** As a real one, it holds the latest only. */
    private final Map<String, Snapshot> live = new HashMap<>();

    private final Map<String, Assignment> serving = new HashMap<>();
    private final List<Assignment> assigned = new ArrayList<>();
    private final List<Set<String>> placements = new ArrayList<>();
    private final List<Set<String>> drains = new ArrayList<>();
    private int failures;
    private Optional<String> unsaved = Optional.empty();

    @Override
    public synchronized Map<String, Set<ContentHash>> holdings() {
        Map<String, Set<ContentHash>> holdings = new HashMap<>();
        held.forEach((clusterId, snapshots) -> holdings.put(clusterId, new HashSet<>(snapshots.keySet())));
        live.forEach((clusterId, data) -> {
            if (data.size() > 0) {
                holdings.computeIfAbsent(clusterId, id -> new HashSet<>()).add(data.version());
            }
        });
        return holdings;
    }

    @Override
    public synchronized Optional<Snapshot> snapshot(String clusterId, ContentHash version) {
        return Optional.ofNullable(
                        held.getOrDefault(clusterId, new LinkedHashMap<>()).get(version))
                .or(() -> Optional.of(live(clusterId))
                        .filter(data -> data.version().equals(version)));
    }

    @Override
    public synchronized Snapshot live(String clusterId) {
        return serving(clusterId).map(Assignment::live).orElse(Snapshot.EMPTY);
    }

    @Override
    public synchronized void retain(Set<String> clusterIds) {
        placements.add(clusterIds);
        held.keySet().retainAll(clusterIds);
        serving.keySet().retainAll(clusterIds);
        live.keySet().retainAll(clusterIds);
    }

    @Override
    public synchronized void drain(Set<String> clusterIds) {
        drains.add(clusterIds);
    }

    @Override
    public synchronized Optional<String> assign(Assignment assignment) {
        if (failures > 0) {
            failures--;
            throw new UncheckedIOException(new IOException("no space left on device"));
        }
        assigned.add(assignment);
        serving.put(assignment.clusterId(), assignment);
        assignment.stable().ifPresent(stable -> hold(assignment.clusterId(), stable));
        hold(assignment.clusterId(), assignment.target());
        live.put(assignment.clusterId(), assignment.live());
        return unsaved;
    }

    /** Holds a version, as if it had been assigned before. */
    public synchronized void hold(String clusterId, Snapshot snapshot) {
        LinkedHashMap<ContentHash, Snapshot> snapshots = held.computeIfAbsent(clusterId, id -> new LinkedHashMap<>());
        snapshots.putLast(snapshot.version(), snapshot);
        if (snapshots.size() > HOLDS) {
            snapshots.pollFirstEntry();
        }
    }

    /** Forgets a version, as if its files were found damaged. */
    public synchronized void lose(String clusterId, Snapshot snapshot) {
        held.getOrDefault(clusterId, new LinkedHashMap<>()).remove(snapshot.version());
    }

    /** From now on has assignments in memory only, for this reason; empty: on disk. */
    public synchronized void unsaved(Optional<String> reason) {
        unsaved = reason;
    }

    /** Fails to take the next assignments at all. */
    public synchronized void fail(int times) {
        failures = times;
    }

    /** What the fleet of a Proxy is served; empty when it isn't served. */
    public synchronized Optional<Assignment> serving(String clusterId) {
        return Optional.ofNullable(serving.get(clusterId));
    }

    /** The version served as target. */
    public synchronized Optional<ContentHash> target(String clusterId) {
        return serving(clusterId).map(assignment -> assignment.target().version());
    }

    /** Everything that was assigned, in order. */
    public synchronized List<Assignment> assigned() {
        return List.copyOf(assigned);
    }

    /** What was said of draining with each placement, in order. */
    public synchronized List<Set<String>> drains() {
        return List.copyOf(drains);
    }

    /** Every placement, in order. */
    public synchronized List<Set<String>> placements() {
        return List.copyOf(placements);
    }
}
