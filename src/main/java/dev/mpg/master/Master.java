package dev.mpg.master;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.InstanceHolding;
import dev.mpg.sync.InstanceReport;
import dev.mpg.sync.InstanceStream;
import dev.mpg.sync.Order;
import dev.mpg.sync.Publication;
import dev.mpg.sync.SyncAuthority;
import dev.mpg.sync.SyncService;
import dev.mpg.telemetry.StepLog;
import io.grpc.BindableService;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What each cluster should run and which instances serve it; what they say about it. It keeps nothing beyond its own life:
 * after a restart reconcilers publish again, and instances say what they hold. Thread-safe; publishing sends on the calling
 * thread but never waits for an instance.
 *
 * <p>Reports of an instance that has disconnected are kept, marked as not live, since its gateways keep running what they
 * run; they go when the Proxy is placed elsewhere.
 */
public final class Master {
    private final MasterListener listener;
    private final Authority authority = new Authority();
    private final SyncService service;
    private final Counter skipped;
    private final Counter changes;

    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Map<String, Cluster> clusters = new HashMap<>();

    @GuardedBy("lock")
    private final Map<String, KnownInstance> instances = new TreeMap<>();

    @GuardedBy("lock")
    private boolean placementComplete;

    /** Cluster ids. */
    @GuardedBy("lock")
    private final Set<String> stepsShown = new HashSet<>();

    @GuardedBy("lock")
    private long reportsTaken;

    /** One Proxy. */
    private static final class Cluster {
        Set<String> instances = Set.of();
        /** Of these, those that its gateways should leave. */
        Set<String> draining = Set.of();
        /** Null while it was only held. */
        @Nullable
        Publication publication;

        Snapshot live = Snapshot.EMPTY;
        boolean livePartial;
    }

    public Master(MeterRegistry registry, MasterListener listener) {
        this.listener = listener;
        this.service = new SyncService(authority, registry);
        this.skipped = SyncService.pushes(registry, "skipped");
        this.changes = Counter.builder("mpg.master.config.changes")
                .description("Versions that became the target of a cluster, and of each the first since the start")
                .register(registry);
    }

    /** What instances connect to. */
    public BindableService service() {
        return service;
    }

    /**
     * Says what a cluster should run, and which instances serve it. To say again what was said sends nothing; an order that
     * differs only in its trace context is the same.
     *
     * @throws IllegalArgumentException when it has a resource, or more resources, than ConfigSync carries; then nothing
     *     changes
     */
    public void publish(Order order, Set<String> servedBy) {
        place(order.clusterId(), order, servedBy);
    }

    /**
     * Says what the configs of a cluster refer to and what is no part of any. It goes to every gateway at once, and makes no
     * version. Of a cluster that was neither published nor held it is ignored.
     *
     * @param partial whether some of the versions that are served refer to more, of which it isn't known what: then
     *     instances keep what else they have
     * @throws IllegalArgumentException when it has a resource, or more resources, than ConfigSync carries; then nothing
     *     changes
     */
    public void live(String clusterId, Snapshot data, boolean partial) {
        Publication.checkLive(clusterId, data);
        Notices notices = new Notices();
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (cluster == null) {
                return;
            }
            Publication before = cluster.publication;
            Publication after = before == null ? null : before.with(data, partial);
            cluster.live = data;
            cluster.livePartial = partial;
            cluster.publication = after;
            if (before != after) {
                for (String name : cluster.instances) {
                    KnownInstance instance = instances.get(name);
                    if (instance != null) {
                        notices.assignment(instance, clusterId);
                    }
                }
            }
        }
        notices.deliver();
    }

    /** The content of a version that was published lately; empty when it isn't remembered. */
    public Optional<Snapshot> snapshot(String clusterId, ContentHash version) {
        Publication publication = published(clusterId);
        return publication == null ? Optional.empty() : publication.snapshot(version);
    }

    /**
     * Says that these instances serve a cluster with whatever they hold on disk: when it isn't known what it should run, as
     * after a restart with an invalid spec. What was published in this Master's life stays published.
     */
    public void hold(String clusterId, Set<String> servedBy) {
        place(clusterId, null, servedBy);
    }

    private void place(String clusterId, @Nullable Order order, Set<String> servedBy) {
        Notices notices = new Notices();
        boolean placed = false;
        while (!placed) {
            // It takes as long as there are resources, so it is made while nobody waits; anew if somebody was faster.
            Publication before = published(clusterId);
            Publication after = order == null ? before : next(before, order);
            placed = place(clusterId, before, after, order != null, servedBy, notices);
        }
        notices.deliver();
    }

    private @Nullable Publication published(String clusterId) {
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            return cluster == null ? null : cluster.publication;
        }
    }

    private static Publication next(@Nullable Publication before, Order order) {
        if (before == null) {
            return Publication.of(order);
        }
        return before.says(order) ? before : before.then(order);
    }

    /** Changes nothing when {@code before} isn't what is published any more. Whether it did. */
    private boolean place(
            String clusterId,
            @Nullable Publication before,
            @Nullable Publication after,
            boolean published,
            Set<String> servedBy,
            Notices notices) {
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (before != (cluster == null ? null : cluster.publication)) {
                return false;
            }
            if (cluster == null) {
                cluster = new Cluster();
                clusters.put(clusterId, cluster);
            }
            cluster.publication = after == null ? null : after.with(cluster.live, cluster.livePartial);
            boolean changed = before != cluster.publication;
            if (after != null
                    && (before == null
                            || !before.order().target().equals(after.order().target()))) {
                changes.increment();
            }
            for (String name : servedBy) {
                KnownInstance instance = instances.computeIfAbsent(name, KnownInstance::new);
                boolean added = instance.add(clusterId);
                if (added) {
                    notices.placement(instance);
                }
                if (added || changed) {
                    notices.assignment(instance, clusterId);
                } else if (published && instance.stream != null) {
                    skipped.increment();
                }
            }
            removeFromOthers(clusterId, cluster, servedBy, notices);
            cluster.instances = Set.copyOf(servedBy);
            cluster.draining = common(cluster.draining, cluster.instances);
            return true;
        }
    }

    /** Says that a Proxy is gone. Its instances forget it. */
    public void withdraw(String clusterId) {
        Notices notices = new Notices();
        synchronized (lock) {
            Cluster cluster = clusters.remove(clusterId);
            if (cluster != null) {
                removeFromOthers(clusterId, cluster, Set.of(), notices);
            }
        }
        notices.deliver();
    }

    @GuardedBy("lock")
    private void removeFromOthers(String clusterId, Cluster cluster, Set<String> remaining, Notices notices) {
        for (String name : cluster.instances) {
            KnownInstance instance = instances.get(name);
            if (instance == null || remaining.contains(name)) {
                continue;
            }
            instance.remove(clusterId);
            notices.placement(instance);
            forgetIfObsolete(instance, notices);
        }
    }

    @GuardedBy("lock")
    private void forgetIfObsolete(KnownInstance instance, Notices notices) {
        if (instance.isObsolete()) {
            instances.remove(instance.name);
            notices.instanceChanged(instance.name);
        }
    }

    /**
     * Says that every existing Proxy was published or held once. Until then no instance is told to forget anything: after a
     * restart, one that connects before the reconcilers ran would lose what it serves.
     */
    public void placementComplete() {
        Notices notices = new Notices();
        synchronized (lock) {
            if (!placementComplete) {
                placementComplete = true;
                for (KnownInstance instance : instances.values()) {
                    notices.placement(instance);
                }
            }
        }
        notices.deliver();
    }

    /** How many gateways are connected to each instance, as far as it has said. */
    public Map<String, Integer> gateways() {
        Map<String, Integer> gateways = new HashMap<>();
        synchronized (lock) {
            instances.values().forEach(instance -> gateways.put(instance.name, instance.gateways()));
        }
        return gateways;
    }

    /**
     * Says which of its instances the gateways of a cluster should leave, from now on and also when an instance connects anew.
     * Replaces what was said before; to say the same again sends nothing. An instance on which the cluster isn't placed is
     * ignored, and forgotten once it isn't any more; so is a cluster that was neither published nor held.
     */
    public void drain(String clusterId, Set<String> left) {
        Notices notices = new Notices();
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (cluster == null) {
                return;
            }
            Set<String> before = cluster.draining;
            cluster.draining = common(left, cluster.instances);
            for (String name : cluster.instances) {
                KnownInstance instance = instances.get(name);
                if (instance != null && before.contains(name) != cluster.draining.contains(name)) {
                    notices.placement(instance);
                }
            }
        }
        notices.deliver();
    }

    private static Set<String> common(Set<String> some, Set<String> others) {
        return some.stream().filter(others::contains).collect(Collectors.toUnmodifiableSet());
    }

    /** Has each step of this cluster logged from now on, here and by its instances, or not. */
    public void showSteps(String clusterId, boolean shown) {
        Notices notices = new Notices();
        synchronized (lock) {
            if (shown ? stepsShown.add(clusterId) : stepsShown.remove(clusterId)) {
                instances.values().stream()
                        .filter(instance -> instance.clusterIds.contains(clusterId))
                        .forEach(notices::placement);
            }
        }
        StepLog.show(clusterId, shown);
        notices.deliver();
    }

    /** What the instances that serve a cluster say about it; {@link Fleet#NONE} when it is unknown. */
    public Fleet fleet(String clusterId) {
        Map<String, Fleet.Serving> serving = new HashMap<>();
        List<ReportBook> books = new ArrayList<>();
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (cluster == null) {
                return Fleet.NONE;
            }
            for (String name : cluster.instances) {
                KnownInstance instance = instances.get(name);
                if (instance != null) {
                    serving.put(name, instance.toServing(clusterId));
                    ReportBook book = instance.reports.get(clusterId);
                    if (book != null) {
                        books.add(book.copy());
                    }
                }
            }
        }
        return new Fleet(ReportBook.merge(books), serving);
    }

    /** What the gateways of a cluster say of their requests since this wave opened, and before. */
    public Traffic traffic(String clusterId, int wave) {
        Traffic sum = Traffic.NONE;
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            for (String name : cluster == null ? Set.<String>of() : cluster.instances) {
                KnownInstance instance = instances.get(name);
                if (instance != null) {
                    sum = sum.plus(instance.traffic(clusterId, wave));
                }
            }
        }
        return sum;
    }

    /** The instances that are connected, and those on which a Proxy is placed, sorted by name. */
    public List<Instance> instances() {
        synchronized (lock) {
            return instances.values().stream().map(KnownInstance::toInstance).toList();
        }
    }

    /** What to tell streams and the listener once the lock is released. Collapses what is said twice. */
    private final class Notices {
        private final Set<InstanceStream> placements = new HashSet<>();
        private final Map<InstanceStream, Set<String>> assignments = new LinkedHashMap<>();
        private final Set<String> fleets = new HashSet<>();
        private final Set<String> changedInstances = new HashSet<>();
        private @Nullable InstanceStream replaced;

        void placement(KnownInstance instance) {
            if (instance.stream != null) {
                placements.add(instance.stream);
            }
        }

        void assignment(KnownInstance instance, String clusterId) {
            if (instance.stream != null) {
                assignments
                        .computeIfAbsent(instance.stream, stream -> new HashSet<>())
                        .add(clusterId);
            }
        }

        void instanceChanged(String name) {
            changedInstances.add(name);
        }

        void fleetsChanged(Set<String> clusterIds) {
            fleets.addAll(clusterIds);
        }

        void replaced(@Nullable InstanceStream stream) {
            replaced = stream;
        }

        void deliver() {
            if (replaced != null) {
                replaced.replaced();
            }
            placements.forEach(InstanceStream::placementChanged);
            assignments.forEach((stream, clusterIds) -> clusterIds.forEach(stream::assignmentChanged));
            changedInstances.forEach(listener::instanceChanged);
            fleets.forEach(listener::fleetChanged);
        }
    }

    private final class Authority implements SyncAuthority {
        @Override
        public void connected(Hello hello, InstanceStream stream) {
            Notices notices = new Notices();
            synchronized (lock) {
                KnownInstance instance = instances.computeIfAbsent(hello.instance(), KnownInstance::new);
                notices.replaced(instance.stream);
                instance.connect(hello, stream);
                notices.instanceChanged(instance.name);
                notices.fleetsChanged(instance.clusterIds);
            }
            notices.deliver();
        }

        @Override
        public void disconnected(String name, InstanceStream stream) {
            Notices notices = new Notices();
            synchronized (lock) {
                KnownInstance instance = instances.get(name);
                if (instance == null || !stream.equals(instance.stream)) {
                    return;
                }
                instance.disconnect();
                notices.instanceChanged(name);
                notices.fleetsChanged(instance.clusterIds);
                forgetIfObsolete(instance, notices);
            }
            notices.deliver();
        }

        @Override
        public void held(String name, InstanceStream stream, InstanceHolding holding) {
            Notices notices = new Notices();
            synchronized (lock) {
                KnownInstance instance = speaker(name, stream);
                if (instance == null
                        || !instance.maySpeakOf(holding.clusterId(), placementComplete)
                        || !instance.holds(holding, published(holding.clusterId()))) {
                    return;
                }
                notices.fleetsChanged(Set.of(holding.clusterId()));
            }
            notices.deliver();
        }

        @Override
        public void reported(String name, InstanceStream stream, InstanceReport report) {
            Notices notices = new Notices();
            synchronized (lock) {
                KnownInstance instance = speaker(name, stream);
                if (instance == null
                        || !instance.maySpeakOf(report.clusterId(), placementComplete)
                        || !instance.reports
                                .computeIfAbsent(report.clusterId(), id -> new ReportBook())
                                .take(report, ++reportsTaken)) {
                    return;
                }
                notices.fleetsChanged(Set.of(report.clusterId()));
            }
            notices.deliver();
        }

        @Override
        public void seen(String name, InstanceStream stream, String clusterId, int wave, Traffic traffic) {
            Notices notices = new Notices();
            synchronized (lock) {
                KnownInstance instance = speaker(name, stream);
                if (instance == null
                        || !instance.maySpeakOf(clusterId, placementComplete)
                        || !instance.sees(clusterId, wave, traffic)) {
                    return;
                }
                notices.fleetsChanged(Set.of(clusterId));
            }
            notices.deliver();
        }

        /** The instance whose present stream this is; null when it is a replaced one. */
        @GuardedBy("lock")
        private @Nullable KnownInstance speaker(String name, InstanceStream stream) {
            KnownInstance instance = instances.get(name);
            return instance != null && stream.equals(instance.stream) ? instance : null;
        }

        @Override
        public Set<String> clusterIds(String name) {
            synchronized (lock) {
                KnownInstance instance = instances.get(name);
                return instance == null ? Set.of() : Set.copyOf(instance.clusterIds);
            }
        }

        @Override
        public Optional<Placed> placement(String name, InstanceStream stream) {
            synchronized (lock) {
                KnownInstance instance = speaker(name, stream);
                if (!placementComplete || instance == null) {
                    return Optional.empty();
                }
                instance.forgetOthers();
                Set<String> shown = new HashSet<>(stepsShown);
                shown.retainAll(instance.clusterIds);
                return Optional.of(new Placed(Set.copyOf(instance.clusterIds), shown, drainingOn(instance)));
            }
        }

        @GuardedBy("lock")
        private Set<String> drainingOn(KnownInstance instance) {
            Set<String> draining = new HashSet<>();
            for (String clusterId : instance.clusterIds) {
                Cluster cluster = clusters.get(clusterId);
                if (cluster != null && cluster.draining.contains(instance.name)) {
                    draining.add(clusterId);
                }
            }
            return draining;
        }

        @Override
        public Optional<Publication> publication(String name, String clusterId) {
            synchronized (lock) {
                Cluster cluster = clusters.get(clusterId);
                return cluster != null && cluster.instances.contains(name)
                        ? Optional.ofNullable(cluster.publication)
                        : Optional.empty();
            }
        }
    }
}
