package dev.mpg.operator.endpoints;

import dev.mpg.config.Backend.ServiceRef;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.Client;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Services of all namespaces and their EndpointSlices, as they were seen last; watched from the first {@link #start} on.
 * When they can't be, that is tried again until it is closed. Thread-safe.
 */
final class ServiceCache implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ServiceCache.class);
    private static final String SERVICE_NAME = "kubernetes.io/service-name";
    private static final String BY_SERVICE = "service";
    private static final String SERVICES = "services";
    private static final String SLICES = "endpointslices";
    /** How long anybody waits for the first list, counted from the start. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final KubernetesClient client;
    /** Tries once, and for at most 2 s. */
    private final Client impatient;

    private final Clock clock;
    private final Listener listener;
    private final CompletableFuture<Void> synced = new CompletableFuture<>();
    private final CompletableFuture<Void> patience = new CompletableFuture<>();
    private volatile @Nullable Informers informers;
    /** Why the last try failed, by kind. */
    private final Map<String, String> failures = new ConcurrentSkipListMap<>();
    /** Since when what was listed has been seen not to be watched, by kind. Only {@link #check} uses it. */
    private final Map<String, Instant> unwatched = new HashMap<>();
    /** Which of these were seen so more than once. */
    private final Map<String, Outage> outages = new ConcurrentSkipListMap<>();

    private volatile boolean closed;

    /**
     * A watch that ended and can't be begun again.
     *
     * @param refusal what the API server says; empty while it says nothing
     */
    private record Outage(Instant since, Optional<String> refusal) {
        String words(String kind) {
            return kind + " cannot be watched since " + since
                    + refusal.map(words -> ", the API server says: " + words).orElse("");
        }
    }

    private record Informers(SharedIndexInformer<Service> services, SharedIndexInformer<EndpointSlice> slices) {}

    /** Is told what happens. Must not block. */
    interface Listener {
        /** The Service of this {@code namespace/name}, or a slice of it. */
        void changed(String service);

        /** Everything has been listed, or can't be, or {@link ServiceCache#problem} is another. */
        void changed();
    }

    ServiceCache(KubernetesClient client, Clock clock, Listener listener) {
        this.client = client;
        this.impatient = client.newClient(
                new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
                        .withRequestTimeout((int) PATIENCE.toMillis())
                        .withRequestRetryBackoffLimit(0)
                        .build());
        this.clock = clock;
        this.listener = listener;
    }

    /** Begins to watch, unless it does already. */
    synchronized void start() {
        if (informers != null || closed) {
            return;
        }
        SharedIndexInformer<Service> services =
                client.services().inAnyNamespace().runnableInformer(0);
        SharedIndexInformer<EndpointSlice> slices = client.discovery()
                .v1()
                .endpointSlices()
                .inAnyNamespace()
                .withLabel(SERVICE_NAME)
                .runnableInformer(0);
        slices.addIndexers(Map.of(BY_SERVICE, slice -> List.of(serviceOf(slice))));
        services.addEventHandler(
                new Handler<>(service -> key(service, service.getMetadata().getName())));
        slices.addEventHandler(new Handler<>(ServiceCache::serviceOf));
        services.exceptionHandler((started, e) -> failed(SERVICES, e));
        slices.exceptionHandler((started, e) -> failed(SLICES, e));
        informers = new Informers(services, slices);
        var _ = patience.completeOnTimeout(null, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        var _ = CompletableFuture.allOf(
                        services.start().toCompletableFuture(), slices.start().toCompletableFuture())
                .thenRun(() -> {
                    synced.complete(null);
                    patience.complete(null);
                    listener.changed();
                });
    }

    /** Asked by informers whether to try again. */
    private boolean failed(String kind, Throwable e) {
        Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
        String words = cause instanceof KubernetesClientException refused && refused.getStatus() != null
                ? refused.getStatus().getMessage()
                : cause.toString();
        if (!words.equals(failures.put(kind, words))) {
            log.warn("cannot watch {}, trying again: {}", kind, words);
            patience.complete(null);
            listener.changed();
        }
        return true;
    }

    /**
     * Looks whether what was listed is still watched. A watch ends every few minutes and is begun again within a second or two,
     * so one is a {@link #problem} from the second time in a row that it is seen to be away. To be called every few seconds,
     * by one thread at a time; blocks it for at most 2 s a kind, only while there is a problem.
     */
    void check() {
        Informers watched = informers;
        if (watched == null || !synced()) {
            return;
        }
        boolean news = check(SERVICES, "/api/v1/services", watched.services());
        news |= check(SLICES, "/apis/discovery.k8s.io/v1/endpointslices", watched.slices());
        if (news) {
            listener.changed();
        }
    }

    /** Returns whether anything is new. */
    private boolean check(String kind, String path, SharedIndexInformer<?> informer) {
        if (isWatching(informer)) {
            unwatched.remove(kind);
            failures.remove(kind);
            boolean ended = outages.remove(kind) != null;
            if (ended) {
                log.info("watching {} again", kind);
            }
            return ended;
        }
        Instant since = unwatched.get(kind);
        if (since == null) {
            unwatched.put(kind, clock.instant().truncatedTo(ChronoUnit.SECONDS));
            return false;
        }
        Outage before = outages.get(kind);
        Optional<String> refusal =
                refusal(path + "?watch=true&timeoutSeconds=1&resourceVersion=" + informer.lastSyncResourceVersion());
        Outage now = new Outage(since, refusal.or(() -> before == null ? Optional.empty() : before.refusal()));
        if (closed || now.equals(before)) {
            return false;
        }
        outages.put(kind, now);
        log.warn("{}; trying again", now.words(kind));
        return true;
    }

    private static boolean isWatching(SharedIndexInformer<?> informer) {
        try {
            return informer.isWatching();
        } catch (NullPointerException e) {
            // What the informer throws between two watches.
            return false;
        }
    }

    /**
     * Why the API server refuses a watch: an informer that has listed once keeps that to itself. Empty when it doesn't refuse
     * it, or says nothing for 2 s: a request's own timeout ends with the head of the answer.
     */
    private Optional<String> refusal(String watch) {
        return CompletableFuture.supplyAsync(() -> ask(watch), Thread::startVirtualThread)
                .completeOnTimeout(Optional.empty(), PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private Optional<String> ask(String watch) {
        try {
            impatient.raw(watch);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return Optional.ofNullable(e.getStatus()).map(Status::getMessage);
        }
    }

    /** Whether everything has been listed once. */
    boolean synced() {
        return synced.isDone();
    }

    /** Waits for that, once in a cache's life and for at most 2 s: not again when there was no answer by then. */
    boolean awaitSynced() {
        patience.join();
        return synced();
    }

    /** Why it isn't known what there is, or why that may be old; empty when everything has been listed and is watched. */
    Optional<String> problem() {
        if (!synced()) {
            return Optional.of(
                    failures.isEmpty()
                            ? "Services and EndpointSlices have not been listed yet"
                            : "Services and EndpointSlices cannot be watched: " + String.join("; ", failures.values()));
        }
        String words = outages.entrySet().stream()
                .map(outage -> outage.getValue().words(outage.getKey()))
                .collect(Collectors.joining("; "));
        return words.isEmpty() ? Optional.empty() : Optional.of("endpoints may be old: " + words);
    }

    /** What a service leads to. To be asked when {@link #synced}. */
    ServiceEndpoints endpoints(ServiceRef ref) {
        Informers watched = informers;
        if (watched == null) {
            throw new IllegalStateException("not started");
        }
        String key = key(ref);
        return ServiceEndpoints.of(
                ref,
                Optional.ofNullable(watched.services().getIndexer().getByKey(key)),
                watched.slices().getIndexer().byIndex(BY_SERVICE, key));
    }

    /** As {@link Listener#changed(String)} names the Service. */
    static String key(ServiceRef ref) {
        return ref.namespace() + "/" + ref.name();
    }

    private static String serviceOf(EndpointSlice slice) {
        return key(slice, slice.getMetadata().getLabels().getOrDefault(SERVICE_NAME, ""));
    }

    private static String key(HasMetadata inNamespace, String name) {
        return inNamespace.getMetadata().getNamespace() + "/" + name;
    }

    private final class Handler<T extends HasMetadata> implements ResourceEventHandler<T> {
        private final Function<T, String> service;

        Handler(Function<T, String> service) {
            this.service = service;
        }

        @Override
        public void onAdd(T object) {
            listener.changed(service.apply(object));
        }

        @Override
        public void onUpdate(T before, T now) {
            listener.changed(service.apply(before));
            listener.changed(service.apply(now));
        }

        @Override
        public void onDelete(T object, boolean stateUnknown) {
            listener.changed(service.apply(object));
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        patience.complete(null);
        Informers watched = informers;
        if (watched != null) {
            watched.services().close();
            watched.slices().close();
        }
    }
}
