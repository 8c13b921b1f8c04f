package dev.mpg.operator.endpoints;

import dev.mpg.config.Backend.ServiceRef;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.Client;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The Services of all namespaces and their EndpointSlices, as they were seen last; watched from the first {@link #start} on.
 * When they can't be, that is tried again until it is closed. Thread-safe.
 */
final class ServiceCache implements AutoCloseable {
    private static final String SERVICE_NAME = "kubernetes.io/service-name";
    private static final String BY_SERVICE = "service";
    private static final String SERVICES = "services";
    private static final String SLICES = "endpointslices";

    private final KubernetesClient client;
    private final Client impatient;
    private final Clock clock;
    private final Listener listener;
    private volatile @Nullable Informers informers;
    private boolean closed;

    private record Informers(Watched<EndpointSlice> slices, Watched<Service> services) {
        Stream<Watched<?>> both() {
            return Stream.of(slices, services);
        }
    }

    /** Is told what happens. Must not block. */
    interface Listener {
        /** The Service of this {@code namespace/name}, or a slice of it. */
        void changed(String service);

        /** Everything has been listed, or can't be, or {@link ServiceCache#problem} is another. */
        void changed();
    }

    ServiceCache(KubernetesClient client, Clock clock, Listener listener) {
        this.client = client;
        this.impatient = Watched.impatient(client);
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
        Informers started = new Informers(
                new Watched<>(
                        SLICES,
                        "/apis/discovery.k8s.io/v1/endpointslices",
                        slices,
                        impatient,
                        clock,
                        listener::changed),
                new Watched<>(SERVICES, "/api/v1/services", services, impatient, clock, listener::changed));
        informers = started;
        started.both().forEach(Watched::start);
    }

    /** Looks whether what was listed is still watched, see {@link Watched#check}; blocks for at most 2 s a kind. */
    void check() {
        Informers watched = informers;
        if (watched != null && synced()) {
            boolean news = watched.services().check();
            news |= watched.slices().check();
            if (news) {
                listener.changed();
            }
        }
    }

    /** Whether everything has been listed once. */
    boolean synced() {
        Informers watched = informers;
        return watched != null && watched.both().allMatch(Watched::isListed);
    }

    /** Waits for that, once in a cache's life and for at most 2 s: not again when there was no answer by then. */
    boolean awaitSynced() {
        Informers watched = informers;
        if (watched != null) {
            watched.both().forEach(Watched::await);
        }
        return synced();
    }

    /** Why it isn't known what there is, or why that may be old; empty when everything has been listed and is watched. */
    Optional<String> problem() {
        Informers watched = informers;
        if (watched == null || !synced()) {
            String failures = watched == null
                    ? ""
                    : watched.both()
                            .filter(kind -> !kind.isListed())
                            .flatMap(kind -> kind.failure().stream())
                            .map(Watched.Refusal::words)
                            .collect(Collectors.joining("; "));
            return Optional.of(
                    failures.isEmpty()
                            ? "Services and EndpointSlices have not been listed yet"
                            : "Services and EndpointSlices cannot be watched: " + failures);
        }
        String words = Stream.of(
                        watched.slices().outage().map(outage -> SLICES + " " + outage.words()),
                        watched.services().outage().map(outage -> SERVICES + " " + outage.words()))
                .flatMap(Optional::stream)
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
                Optional.ofNullable(watched.services().informer().getIndexer().getByKey(key)),
                watched.slices().informer().getIndexer().byIndex(BY_SERVICE, key));
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
        Informers watched = informers;
        if (watched != null) {
            watched.both().forEach(Watched::close);
        }
    }
}
