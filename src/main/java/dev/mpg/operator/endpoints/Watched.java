package dev.mpg.operator.endpoints;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.Client;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an informer lists and watches, and whether it still does. What fails is tried again until it is closed. Thread-safe,
 * but for {@link #check}.
 */
final class Watched<T extends HasMetadata> implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Watched.class);
    /** How long anybody waits for the first list, counted from the start; and for a question that is asked beside it. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final String what;
    private final String path;
    private final SharedIndexInformer<T> informer;
    private final Client impatient;
    private final Clock clock;
    private final Runnable news;
    private final CompletableFuture<Void> listed = new CompletableFuture<>();
    private final CompletableFuture<Void> patience = new CompletableFuture<>();
    private volatile @Nullable Refusal failure;
    private volatile @Nullable Outage outage;
    private volatile boolean closed;
    /** Since when what was listed has been seen not to be watched. Only {@link #check} uses it. */
    private @Nullable Instant unwatched;

    /** Why it can't be had. */
    record Refusal(boolean forbidden, String words) {
        private static Refusal of(Throwable cause) {
            return cause instanceof KubernetesClientException refused && refused.getStatus() != null
                    ? of(refused.getStatus())
                    : new Refusal(false, cause.toString());
        }

        private static Refusal of(Status status) {
            boolean forbidden = status.getCode() != null && status.getCode() == HttpURLConnection.HTTP_FORBIDDEN;
            return new Refusal(forbidden, status.getMessage());
        }
    }

    /**
     * A watch that ended and can't be begun again.
     *
     * @param refusal what the API server says; empty while it says nothing
     */
    record Outage(Instant since, Optional<Refusal> refusal) {
        /** As a clause that goes behind what can't be watched. */
        String words() {
            return "cannot be watched since " + since
                    + refusal.map(said -> ", the API server says: " + said.words())
                            .orElse("");
        }
    }

    /**
     * Nothing yet.
     *
     * @param what for people
     * @param path of what is watched, with whatever selects it, to which parameters can be added
     * @param impatient see {@link #impatient}
     * @param news run when the list is there, can't be had, or what {@link #failure} and {@link #outage} say is another; must
     *     not block
     */
    Watched(String what, String path, SharedIndexInformer<T> informer, Client impatient, Clock clock, Runnable news) {
        this.what = what;
        this.path = path;
        this.informer = informer;
        this.impatient = impatient;
        this.clock = clock;
        this.news = news;
        informer.exceptionHandler((started, e) -> failed(e));
    }

    /** A client that tries once, and for at most 2 s. */
    static Client impatient(KubernetesClient client) {
        return client.newClient(
                new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
                        .withRequestTimeout((int) PATIENCE.toMillis())
                        .withRequestRetryBackoffLimit(0)
                        .build());
    }

    /** Begins to watch. To be called once. */
    void start() {
        var _ = patience.completeOnTimeout(null, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        var _ = informer.start().toCompletableFuture().thenRun(() -> {
            listed.complete(null);
            patience.complete(null);
            news.run();
        });
    }

    /** Asked by the informer whether to try again. */
    private boolean failed(Throwable e) {
        Refusal now = Refusal.of(e instanceof CompletionException && e.getCause() != null ? e.getCause() : e);
        if (!now.equals(failure)) {
            failure = now;
            log.warn("cannot watch {}, trying again: {}", what, now.words());
            patience.complete(null);
            news.run();
        }
        return !closed;
    }

    SharedIndexInformer<T> informer() {
        return informer;
    }

    /** Whether everything has been listed once. */
    boolean isListed() {
        return listed.isDone();
    }

    /** Waits for that, for at most 2 s from the start; not when it failed before. */
    void await() {
        patience.join();
    }

    /** Why the last try failed to list it; to be asked while it isn't listed. */
    Optional<Refusal> failure() {
        return Optional.ofNullable(failure);
    }

    /** Since when what was listed isn't watched any more; empty while it is. */
    Optional<Outage> outage() {
        return Optional.ofNullable(outage);
    }

    /**
     * Looks whether what was listed is still watched. A watch ends every few minutes and is begun again within a second or two,
     * so one is an {@link #outage} from the second time in a row that it is seen to be away. To be called every few seconds,
     * by one thread at a time; blocks it for at most 2 s, only while it is away.
     *
     * @return whether anything is new
     */
    boolean check() {
        if (!isListed()) {
            return false;
        }
        Outage before = outage;
        if (isWatching()) {
            unwatched = null;
            failure = null;
            outage = null;
            if (before != null) {
                log.info("watching {} again", what);
            }
            return before != null;
        }
        if (unwatched == null) {
            unwatched = clock.instant().truncatedTo(ChronoUnit.SECONDS);
            return false;
        }
        Outage now = new Outage(unwatched, refusal().or(() -> before == null ? Optional.empty() : before.refusal()));
        if (closed || now.equals(before)) {
            return false;
        }
        outage = now;
        log.warn("{} {}; trying again", what, now.words());
        return true;
    }

    private boolean isWatching() {
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
    private Optional<Refusal> refusal() {
        String watch = path + (path.contains("?") ? "&" : "?") + "watch=true&timeoutSeconds=1&resourceVersion="
                + informer.lastSyncResourceVersion();
        return CompletableFuture.supplyAsync(() -> ask(watch), Thread::startVirtualThread)
                .completeOnTimeout(Optional.empty(), PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private Optional<Refusal> ask(String watch) {
        try {
            impatient.raw(watch);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return Optional.ofNullable(e.getStatus()).map(Refusal::of);
        }
    }

    @Override
    public void close() {
        closed = true;
        patience.complete(null);
        informer.close();
    }
}
