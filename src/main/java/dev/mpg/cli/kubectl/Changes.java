package dev.mpg.cli.kubectl;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Objects as they are, and then as they change; told by the API server, also after a lost connection. Thread-safe. */
final class Changes<T extends HasMetadata> implements AutoCloseable {
    /**
     * An object that was seen or has changed.
     *
     * @param deleted whether it is gone
     */
    record Change<T>(T object, boolean deleted) {}

    private final BlockingQueue<Change<T>> queue = new LinkedBlockingQueue<>();
    private final SharedIndexInformer<T> informer;

    private Changes(Informable<T> objects) {
        informer = objects.runnableInformer(0);
        informer.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(T object) {
                queue.add(new Change<>(object, false));
            }

            @Override
            public void onUpdate(T before, T object) {
                queue.add(new Change<>(object, false));
            }

            @Override
            public void onDelete(T object, boolean unknownFinalState) {
                queue.add(new Change<>(object, true));
            }
        });
    }

    /**
     * Returns once all that exist are known.
     *
     * @throws KubernetesClientException when the API server doesn't let it list and watch them
     */
    static <T extends HasMetadata> Changes<T> of(Informable<T> objects) {
        Changes<T> changes = new Changes<>(objects);
        try {
            changes.informer.start().toCompletableFuture().join();
            return changes;
        } catch (CompletionException e) {
            changes.close();
            throw e.getCause() instanceof KubernetesClientException refused
                    ? refused
                    : new KubernetesClientException("cannot watch", e.getCause());
        }
    }

    /** The next change; empty when there's none for so long. */
    Optional<Change<T>> next(Duration patience) {
        try {
            return Optional.ofNullable(queue.poll(patience.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandException("interrupted", e);
        }
    }

    /** All that exist now. */
    List<T> existing() {
        return informer.getStore().list();
    }

    /** Whether changes would be told; false while the API server can't be reached. */
    boolean isConnected() {
        return informer.isWatching();
    }

    @Override
    public void close() {
        informer.close();
    }
}
