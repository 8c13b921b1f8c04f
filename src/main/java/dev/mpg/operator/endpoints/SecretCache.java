package dev.mpg.operator.endpoints;

import dev.mpg.compile.TlsSecret;
import dev.mpg.config.SecretRef;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.operator.endpoints.Finding.Subject;
import dev.mpg.snapshot.Resource;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.Client;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The Secrets that are asked for, as they were seen last. Each is watched by its name: the operator needs {@code list} and
 * {@code watch} on just these. Thread-safe, but for {@link #check}.
 */
final class SecretCache implements AutoCloseable {
    private final KubernetesClient client;
    private final Client impatient;
    private final Clock clock;
    private final Consumer<SecretRef> changed;
    private final Map<SecretRef, Watch> watches = new ConcurrentHashMap<>();
    private boolean closed;

    /** Of one Secret, with what was made of what it had last. */
    private static final class Watch {
        final Watched<Secret> watched;
        final Map<TlsSecret, SecretContent> contents = new ConcurrentHashMap<>();

        Watch(Watched<Secret> watched) {
            this.watched = watched;
        }

        SecretContent content(TlsSecret use) {
            return contents.computeIfAbsent(
                    use,
                    of -> SecretContent.of(
                            of, watched.informer().getIndexer().list().stream().findFirst()));
        }
    }

    /**
     * What is known of a Secret.
     *
     * @param known whether the API server has said anything, be it that it may not be read
     * @param resource what gateways get; empty when that isn't known, or can't be used
     * @param finding what is wrong
     */
    record Sighting(boolean known, Optional<Resource> resource, Optional<Finding> finding) {}

    /** @param changed told of each of which {@link #see} says something new, perhaps; must not block */
    SecretCache(KubernetesClient client, Clock clock, Consumer<SecretRef> changed) {
        this.client = client;
        this.impatient = Watched.impatient(client);
        this.clock = clock;
        this.changed = changed;
    }

    /** Begins to watch those that aren't watched yet. */
    void watch(Collection<SecretRef> refs) {
        List<Watched<Secret>> begun = new ArrayList<>();
        synchronized (this) {
            for (SecretRef ref : refs) {
                if (!closed && !watches.containsKey(ref)) {
                    Watch watch = begin(ref);
                    watches.put(ref, watch);
                    begun.add(watch.watched);
                }
            }
        }
        begun.forEach(Watched::start);
    }

    private Watch begin(SecretRef ref) {
        SharedIndexInformer<Secret> informer = client.secrets()
                .inNamespace(ref.namespace())
                .withName(ref.name())
                .runnableInformer(0);
        Watch watch = new Watch(new Watched<>(
                "Secret " + ref,
                "/api/v1/namespaces/" + ref.namespace() + "/secrets?fieldSelector=metadata.name%3D" + ref.name(),
                informer,
                impatient,
                clock,
                () -> changed.accept(ref)));
        informer.addEventHandler(new Handler(ref, watch));
        return watch;
    }

    /** Ends the watches of all others. */
    synchronized void retain(Set<SecretRef> refs) {
        watches.entrySet().removeIf(watch -> {
            boolean unwanted = !refs.contains(watch.getKey());
            if (unwanted) {
                watch.getValue().watched.close();
            }
            return unwanted;
        });
    }

    /** Waits until something is known of each, of each at most once, and for at most 2 s from when its watch began. */
    void await(Collection<SecretRef> refs) {
        for (SecretRef ref : refs) {
            Watch watch = watches.get(ref);
            if (watch != null) {
                watch.watched.await();
            }
        }
    }

    /** Looks whether each is still watched, see {@link Watched#check}; blocks for at most 2 s. */
    void check() {
        Map<SecretRef, CompletableFuture<Boolean>> news = new ConcurrentHashMap<>();
        watches.forEach((ref, watch) ->
                news.put(ref, CompletableFuture.supplyAsync(watch.watched::check, Thread::startVirtualThread)));
        news.forEach((ref, isNew) -> {
            if (isNew.join()) {
                changed.accept(ref);
            }
        });
    }

    /** What is known now. */
    Sighting see(TlsSecret use) {
        Watch watch = watches.get(use.ref());
        if (watch == null) {
            return new Sighting(false, Optional.empty(), Optional.empty());
        } else if (!watch.watched.isListed()) {
            return unlisted(use, watch.watched.failure().orElse(null));
        }
        SecretContent content = watch.content(use);
        Optional<Finding> finding = watch.watched
                .outage()
                .map(outage -> unwatched(use, outage))
                .or(() -> content.finding(use, clock.instant()));
        return new Sighting(true, content.resource(), finding);
    }

    private static Sighting unlisted(TlsSecret use, Watched.@Nullable Refusal failure) {
        if (failure != null && failure.forbidden()) {
            return new Sighting(true, Optional.empty(), Optional.of(forbidden(use, failure)));
        }
        String why = failure == null ? " has not been read yet" : " cannot be read: " + failure.words();
        return new Sighting(false, Optional.empty(), Optional.of(new Finding(Reason.SecretsUnknown, use.ref() + why)));
    }

    private static Finding forbidden(TlsSecret use, Watched.Refusal refusal) {
        return new Finding(
                Reason.RefNotPermitted,
                Subject.SECRET,
                use.ref() + " may not be read by the operator: " + refusal.words());
    }

    private static Finding unwatched(TlsSecret use, Watched.Outage outage) {
        return outage.refusal()
                .filter(Watched.Refusal::forbidden)
                .map(refusal -> forbidden(use, refusal))
                .orElseGet(() -> new Finding(Reason.SecretsUnknown, use.ref() + " may be old: it " + outage.words()));
    }

    private final class Handler implements ResourceEventHandler<Secret> {
        private final SecretRef ref;
        private final Watch watch;

        Handler(SecretRef ref, Watch watch) {
            this.ref = ref;
            this.watch = watch;
        }

        private void changed() {
            watch.contents.clear();
            changed.accept(ref);
        }

        @Override
        public void onAdd(Secret secret) {
            changed();
        }

        @Override
        public void onUpdate(Secret before, Secret now) {
            changed();
        }

        @Override
        public void onDelete(Secret secret, boolean stateUnknown) {
            changed();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        retain(Set.of());
    }
}
