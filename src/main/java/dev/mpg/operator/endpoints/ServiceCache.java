package dev.mpg.operator.endpoints;

import dev.mpg.config.TrafficConfig.ServiceRef;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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
    /** How long anybody waits for the first list, counted from the start. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final KubernetesClient client;
    private final Listener listener;
    private final CompletableFuture<Void> synced = new CompletableFuture<>();
    private final CompletableFuture<Void> patience = new CompletableFuture<>();
    private volatile @Nullable Informers informers;
    /** Why the last try failed, by kind. */
    private final Map<String, String> failures = new ConcurrentSkipListMap<>();

    private boolean closed;

    private record Informers(SharedIndexInformer<Service> services, SharedIndexInformer<EndpointSlice> slices) {}

    /** Is told what happens. Must not block. */
    interface Listener {
        /** The Service of this {@code namespace/name}, or a slice of it. */
        void changed(String service);

        /** Everything has been listed, or can't be. */
        void changed();
    }

    ServiceCache(KubernetesClient client, Listener listener) {
        this.client = client;
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
        services.exceptionHandler((started, e) -> failed("services", e));
        slices.exceptionHandler((started, e) -> failed("endpointslices", e));
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

    /** Whether everything has been listed once. */
    boolean synced() {
        return synced.isDone();
    }

    /** Waits for that, once in a cache's life and for at most 2 s: not again when there was no answer by then. */
    boolean awaitSynced() {
        patience.join();
        return synced();
    }

    /** Why it isn't known what there is; empty when everything has been listed. */
    Optional<String> problem() {
        if (synced()) {
            return Optional.empty();
        }
        return Optional.of(
                failures.isEmpty()
                        ? "Services and EndpointSlices have not been listed yet"
                        : "Services and EndpointSlices cannot be watched: " + String.join("; ", failures.values()));
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
