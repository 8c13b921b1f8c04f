package dev.mpg.operator.endpoints;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.mpg.compile.LiveData;
import dev.mpg.compile.TlsSecret;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.SecretRef;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.operator.endpoints.Finding.Subject;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has every cluster's gateways know the endpoints of the Services, and the certificates and authorities in the Secrets, that
 * its configs refer to. Watches no Services before one is referred to, and of Secrets just those. What changes is published at
 * once, and again at most every 100 ms; a burst is one change. What isn't known, or of a Secret can't be used, is not
 * published: gateways keep what they have of it.
 *
 * <p>Thread-safe, but not to be called for one cluster by two threads at once. Publishes on the caller's thread or its own.
 */
public final class EndpointWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EndpointWatch.class);
    private static final Duration SPACING = Duration.ofMillis(100);
    /** How often it is looked whether all is still watched, and certificates are valid. */
    private static final Duration CHECKS = Duration.ofSeconds(5);

    private final Publisher publisher;
    private final Consumer<String> whenFindingsChange;
    private final Counter changes;
    private final ServiceCache cache;
    private final SecretCache secrets;
    private final ScheduledThreadPoolExecutor worker = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("endpoints").factory(), new ThreadPoolExecutor.DiscardPolicy());
    private final Work work = new Work();
    /** What configs refer to, by cluster id and version: to find out reads all of a config. */
    private final Map<String, Map<ContentHash, Referred>> references = new ConcurrentHashMap<>();
    /** {@link ServiceCache#key Keys} of the services that are followed: nothing else is worth any work. */
    private final Set<String> keys = ConcurrentHashMap.newKeySet();

    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Map<ServiceRef, Followed> followed = new HashMap<>();

    @GuardedBy("lock")
    private final Map<String, Cluster> clusters = new HashMap<>();

    /** Takes live data to all who run a config of a cluster. */
    @FunctionalInterface
    public interface Publisher {
        /**
         * Replaces what was published before.
         *
         * @param partial whether gateways may run configs that refer to more: what is known of that stays
         * @throws IllegalArgumentException when it is more than can be sent; then nothing changes
         */
        void live(String clusterId, Snapshot data, boolean partial);
    }

    /** To what a config refers. */
    private record Referred(Set<ServiceRef> services, Set<TlsSecret> secrets) {
        static Referred by(Snapshot config) {
            return new Referred(LiveData.services(config), LiveData.secrets(config));
        }

        static Referred byAll(Collection<Referred> configs) {
            return new Referred(
                    configs.stream()
                            .flatMap(config -> config.services().stream())
                            .collect(Collectors.toUnmodifiableSet()),
                    configs.stream()
                            .flatMap(config -> config.secrets().stream())
                            .collect(Collectors.toUnmodifiableSet()));
        }

        boolean isEmpty() {
            return services.isEmpty() && secrets.isEmpty();
        }

        /** The Secrets of this namespace. */
        Set<SecretRef> secretsIn(String namespace) {
            return secrets.stream()
                    .map(TlsSecret::ref)
                    .filter(secret -> secret.namespace().equals(namespace))
                    .collect(Collectors.toUnmodifiableSet());
        }
    }

    /** A service that configs refer to. */
    private static final class Followed {
        final Set<String> clusterIds = new HashSet<>();
        /** Empty while it isn't known what there is. */
        Optional<Resource> resource = Optional.empty();

        Optional<Finding> finding = Optional.empty();
    }

    /** One Proxy. */
    private static final class Cluster {
        final String namespace;
        Set<ServiceRef> services = Set.of();
        Set<TlsSecret> secrets = Set.of();
        Snapshot published = Snapshot.EMPTY;
        boolean partial;
        boolean publishedPartial;
        Optional<Finding> tooLarge = Optional.empty();
        References told = References.NONE;

        Cluster(String namespace) {
            this.namespace = namespace;
        }

        /** Whoever can patch a Proxy's config could name any service: those of other namespaces are not his to use. */
        boolean permits(ServiceRef service) {
            return service.namespace().equals(namespace);
        }

        /** The same of Secrets. */
        boolean permits(TlsSecret secret) {
            return secret.ref().namespace().equals(namespace);
        }
    }

    /**
     * Watches nothing yet.
     *
     * @param whenFindingsChange told the cluster id when {@link #references} is something new; must not block
     */
    public EndpointWatch(
            KubernetesClient client, Publisher publisher, Consumer<String> whenFindingsChange, MeterRegistry metrics) {
        this(client, publisher, whenFindingsChange, metrics, Clock.systemUTC(), CHECKS);
    }

    /**
     * As the other one.
     *
     * @param checks how long after one look whether all is still watched, and valid, the next comes; two in a row that see it
     *     is not watched make a finding
     */
    EndpointWatch(
            KubernetesClient client,
            Publisher publisher,
            Consumer<String> whenFindingsChange,
            MeterRegistry metrics,
            Clock clock,
            Duration checks) {
        this.publisher = publisher;
        this.whenFindingsChange = whenFindingsChange;
        this.cache = new ServiceCache(client, clock, work);
        this.secrets = new SecretCache(client, clock, work::changed);
        this.changes = Counter.builder("mpg.endpoint.changes")
                .description("Changes of a cluster's endpoints that were published")
                .register(metrics);
        for (State state : State.values()) {
            Gauge.builder("mpg.endpoint.sets", this, watch -> watch.count(state))
                    .description("Services that configs refer to, by whether they have endpoints")
                    .tag("state", state.tag)
                    .register(metrics);
        }
        var _ = worker.scheduleWithFixedDelay(this::check, checks.toMillis(), checks.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void check() {
        try {
            cache.check();
            secrets.check();
            news(Set.of()).forEach(whenFindingsChange);
        } catch (RuntimeException e) {
            log.error("cannot see whether Services and Secrets are watched", e);
        }
    }

    private enum State {
        READY("ready"),
        EMPTY("empty"),
        MISSING("missing");

        private final String tag;

        State(String tag) {
            this.tag = tag;
        }
    }

    private long count(State state) {
        synchronized (lock) {
            return followed.values().stream()
                    .filter(service -> service.resource.isPresent() && state(service) == state)
                    .count();
        }
    }

    private static State state(Followed service) {
        return service.finding
                .map(finding -> finding.reason() == Reason.NoReadyEndpoints ? State.EMPTY : State.MISSING)
                .orElse(State.READY);
    }

    /**
     * Whether it is known what this config refers to: before, no gateway should be given it. The first call for a config that
     * refers to a Service waits for an answer of the API server, and so does the first for one that refers to a certain Secret,
     * each for at most 2 s.
     *
     * @param namespace the only one whose Services and Secrets may be referred to
     */
    public boolean knows(String clusterId, String namespace, Snapshot config) {
        Referred referred = references(clusterId, config);
        boolean servicesKnown = referred.services().isEmpty() || startAndAwait();
        watchAndAwait(referred.secretsIn(namespace));
        return servicesKnown
                && referred.secrets().stream()
                        .filter(secret -> secret.ref().namespace().equals(namespace))
                        .allMatch(secret -> secrets.see(secret).known());
    }

    /**
     * From now on these are the configs that the gateways of a cluster may run. On return all that they refer to is published,
     * as far as it is known what there is; the rest as soon as it is. Waits as {@link #knows}. To be called before {@link
     * #references(String)} is asked.
     *
     * @param namespace the only one whose Services and Secrets may be referred to
     * @param partial whether gateways may run others, whose content isn't known: what they refer to stays as it is
     */
    public void follow(String clusterId, String namespace, Collection<Snapshot> configs, boolean partial) {
        Referred referred = Referred.byAll(
                configs.stream().map(config -> references(clusterId, config)).toList());
        Set<ContentHash> versions = configs.stream().map(Snapshot::version).collect(Collectors.toSet());
        Optional.ofNullable(references.get(clusterId))
                .ifPresent(known -> known.keySet().retainAll(versions));
        if (!referred.services().isEmpty()) {
            boolean _ = startAndAwait();
        }
        watchAndAwait(referred.secretsIn(namespace));
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (cluster == null && !referred.isEmpty()) {
                cluster = new Cluster(namespace);
                clusters.put(clusterId, cluster);
            }
            if (cluster != null) {
                cluster.partial = partial;
                refer(clusterId, cluster, referred.services());
                referToSecrets(cluster, referred.secrets());
                publish(clusterId, cluster);
                cluster.told = found(cluster);
            }
        }
    }

    private Referred references(String clusterId, Snapshot config) {
        return references
                .computeIfAbsent(clusterId, id -> new ConcurrentHashMap<>())
                .computeIfAbsent(config.version(), version -> Referred.by(config));
    }

    private boolean startAndAwait() {
        cache.start();
        return cache.awaitSynced();
    }

    private void watchAndAwait(Set<SecretRef> refs) {
        secrets.watch(refs);
        secrets.await(refs);
    }

    @GuardedBy("lock")
    private void referToSecrets(Cluster cluster, Set<TlsSecret> referred) {
        if (!cluster.secrets.equals(referred)) {
            cluster.secrets = referred;
            Set<SecretRef> wanted = clusters.values().stream()
                    .flatMap(each -> each.secrets.stream().filter(each::permits))
                    .map(TlsSecret::ref)
                    .collect(Collectors.toSet());
            secrets.retain(wanted);
            // Another cluster may have ended one in the meantime.
            secrets.watch(referred.stream()
                    .filter(cluster::permits)
                    .map(TlsSecret::ref)
                    .toList());
        }
    }

    @GuardedBy("lock")
    private void refer(String clusterId, Cluster cluster, Set<ServiceRef> services) {
        Set<ServiceRef> before = cluster.services;
        if (before.equals(services)) {
            return;
        }
        cluster.services = services;
        for (ServiceRef service : services) {
            if (cluster.permits(service)) {
                keys.add(ServiceCache.key(service));
                followed.computeIfAbsent(service, ref -> new Followed())
                        .clusterIds
                        .add(clusterId);
            }
        }
        for (ServiceRef service : before) {
            Followed left = followed.get(service);
            if (!services.contains(service)
                    && left != null
                    && left.clusterIds.remove(clusterId)
                    && left.clusterIds.isEmpty()) {
                followed.remove(service);
            }
        }
        keys.retainAll(followed.keySet().stream().map(ServiceCache::key).collect(Collectors.toSet()));
    }

    /** What became of all that the followed configs of a cluster refer to. */
    public References references(String clusterId) {
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (cluster == null) {
                return References.NONE;
            }
            cluster.told = found(cluster);
            return cluster.told;
        }
    }

    @GuardedBy("lock")
    private References found(Cluster cluster) {
        List<Finding> findings = new ArrayList<>();
        if (!cluster.services.isEmpty()) {
            cache.problem().ifPresent(why -> findings.add(new Finding(Reason.EndpointsUnknown, why)));
        }
        cluster.tooLarge.ifPresent(findings::add);
        for (ServiceRef service : cluster.services) {
            Followed known = followed.get(service);
            if (!cluster.permits(service)) {
                findings.add(new Finding(
                        Reason.RefNotPermitted, ServiceEndpoints.words(service) + " is in another namespace"));
            } else if (known != null) {
                known.finding.ifPresent(findings::add);
            }
        }
        for (TlsSecret secret : cluster.secrets) {
            if (cluster.permits(secret)) {
                secrets.see(secret).finding().ifPresent(findings::add);
            } else {
                findings.add(
                        new Finding(Reason.RefNotPermitted, Subject.SECRET, secret.ref() + " is in another namespace"));
            }
        }
        findings.sort(Comparator.comparing(Finding::reason).thenComparing(Finding::found));
        return new References(cluster.services.size(), cluster.secrets.size(), findings);
    }

    /** This cluster has no configs any more. */
    public void forget(String clusterId) {
        references.remove(clusterId);
        synchronized (lock) {
            Cluster cluster = clusters.get(clusterId);
            if (cluster != null) {
                refer(clusterId, cluster, Set.of());
                referToSecrets(cluster, Set.of());
                clusters.remove(clusterId);
            }
        }
    }

    @GuardedBy("lock")
    private void publish(String clusterId, Cluster cluster) {
        List<Resource> resources = new ArrayList<>();
        boolean partial = cluster.partial;
        if (cluster.services.isEmpty() || cache.synced()) {
            for (ServiceRef service : cluster.services) {
                resources.add(cluster.permits(service) ? resource(service) : LiveData.resource(service, List.of()));
            }
        } else {
            partial = true;
        }
        for (TlsSecret secret : cluster.secrets) {
            Optional<Resource> known =
                    cluster.permits(secret) ? secrets.see(secret).resource() : Optional.empty();
            known.ifPresent(resources::add);
            partial |= known.isEmpty();
        }
        if (resources.isEmpty()) {
            return;
        }
        Snapshot data = Snapshot.of(resources);
        try {
            if (!data.equals(cluster.published) || partial != cluster.publishedPartial) {
                publisher.live(clusterId, data, partial);
                cluster.published = data;
                cluster.publishedPartial = partial;
                changes.increment();
            }
            cluster.tooLarge = Optional.empty();
        } catch (IllegalArgumentException e) {
            cluster.tooLarge = Optional.of(new Finding(Reason.TooLarge, String.valueOf(e.getMessage())));
        }
    }

    @GuardedBy("lock")
    private Resource resource(ServiceRef service) {
        Followed known = followed.computeIfAbsent(service, ref -> new Followed());
        if (known.resource.isEmpty()) {
            boolean _ = look(service, known);
        }
        return known.resource.orElseThrow();
    }

    /** Returns whether anything is new. */
    private boolean look(ServiceRef service, Followed known) {
        ServiceEndpoints now = cache.endpoints(service);
        Optional<Resource> resource = Optional.of(LiveData.resource(service, now.endpoints()));
        boolean changed = !resource.equals(known.resource) || !now.finding().equals(known.finding);
        known.resource = resource;
        known.finding = now.finding();
        return changed;
    }

    /** As {@link #look}; one that can't be read is no other's trouble. */
    private boolean lookAgain(ServiceRef service, Followed known) {
        try {
            return look(service, known);
        } catch (RuntimeException e) {
            log.error("endpoints of {} stay what they are", ServiceEndpoints.words(service), e);
            return false;
        }
    }

    /** What is to be looked at again. */
    private final class Work implements ServiceCache.Listener {
        @GuardedBy("this")
        private final Set<String> services = new HashSet<>();

        @GuardedBy("this")
        private final Set<SecretRef> changedSecrets = new HashSet<>();

        @GuardedBy("this")
        private boolean all;

        @GuardedBy("this")
        private boolean idle = true;

        @Override
        public void changed(String service) {
            if (keys.contains(service)) {
                synchronized (this) {
                    services.add(service);
                    wake();
                }
            }
        }

        synchronized void changed(SecretRef secret) {
            changedSecrets.add(secret);
            wake();
        }

        @Override
        public synchronized void changed() {
            all = true;
            wake();
        }

        @GuardedBy("this")
        private void wake() {
            if (idle) {
                idle = false;
                worker.execute(this::run);
            }
        }

        private void run() {
            Set<String> some;
            Set<SecretRef> someSecrets;
            boolean everything;
            synchronized (this) {
                if (services.isEmpty() && changedSecrets.isEmpty() && !all) {
                    idle = true;
                    return;
                }
                some = Set.copyOf(services);
                someSecrets = Set.copyOf(changedSecrets);
                everything = all;
                services.clear();
                changedSecrets.clear();
                all = false;
            }
            try {
                update(service -> everything || some.contains(ServiceCache.key(service)), someSecrets, everything);
            } catch (RuntimeException e) {
                log.error("endpoints of {} could not be published", everything ? "all Services" : some, e);
            } finally {
                var _ = worker.schedule(this::run, SPACING.toMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    private void update(Predicate<ServiceRef> concerned, Set<SecretRef> changedSecrets, boolean everything) {
        Set<String> news;
        synchronized (lock) {
            Set<String> touched = new HashSet<>(everything ? clusters.keySet() : Set.of());
            if (cache.synced()) {
                for (Map.Entry<ServiceRef, Followed> service : followed.entrySet()) {
                    if (concerned.test(service.getKey()) && lookAgain(service.getKey(), service.getValue())) {
                        touched.addAll(service.getValue().clusterIds);
                    }
                }
            }
            if (!changedSecrets.isEmpty()) {
                clusters.forEach((clusterId, cluster) -> {
                    if (cluster.secrets.stream().map(TlsSecret::ref).anyMatch(changedSecrets::contains)) {
                        touched.add(clusterId);
                    }
                });
            }
            for (String clusterId : touched) {
                Cluster cluster = clusters.get(clusterId);
                if (cluster != null) {
                    publish(clusterId, cluster);
                }
            }
            news = news(touched);
        }
        news.forEach(whenFindingsChange);
    }

    /** Of these, and of those with secrets, which become invalid by themselves: whose findings are not what was told. */
    private Set<String> news(Set<String> touched) {
        Set<String> news = new HashSet<>();
        synchronized (lock) {
            clusters.forEach((clusterId, cluster) -> {
                boolean concerned = touched.contains(clusterId) || !cluster.secrets.isEmpty();
                if (concerned && !found(cluster).equals(cluster.told)) {
                    news.add(clusterId);
                }
            });
        }
        return news;
    }

    /** Watches and publishes nothing any more. What was published stays. */
    @Override
    public void close() {
        cache.close();
        secrets.close();
        worker.shutdownNow();
    }
}
