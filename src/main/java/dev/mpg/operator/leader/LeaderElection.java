package dev.mpg.operator.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one of several operators lead, by a Lease ({@code coordination.k8s.io/v1}) that the leader renews. The algorithm is
 * client-go's {@code leaderelection}: a claim's age goes by the candidate's own clock, and every write of the Lease names the
 * resource version that it was decided on, so of two candidates one wins.
 *
 * <p>Of two operators never both lead: the leader stops {@link LeaseTerms#renewal} after it <em>began</em> its last renewal,
 * whatever its requests to the API server do, and a candidate takes the Lease {@link LeaseTerms#lease} after it
 * <em>saw</em> that renewal. Thread-safe.
 */
public final class LeaderElection implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LeaderElection.class);

    private static final int CONFLICT = 409;

    private final Claim claim;
    private final LeaseTerms terms;
    private final KubernetesClient client;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private final ScheduledExecutorService attempts = thread("leader-election");
    /** Its own thread, since an attempt may hang. */
    private final ScheduledExecutorService watch = thread("leader-watch");

    /** Used by attempts only. */
    private @Nullable Sighting sighting;

    private volatile Optional<String> holder = Optional.empty();
    private volatile Optional<String> error = Optional.of("not asked yet");
    /** Null while it doesn't lead. */
    private volatile @Nullable Tenure tenure;

    /** Guarded by this. */
    private boolean ended;

    private @Nullable Future<?> end;

    /**
     * What is claimed, and by whom.
     *
     * @param identity differs from that of every other candidate, also of an earlier process on this machine
     */
    public record Claim(String namespace, String lease, String identity) {
        @Override
        public String toString() {
            return "Lease " + namespace + "/" + lease;
        }
    }

    /** Told how the election goes. */
    public interface Candidate {
        /** It leads from now on. Called once, at most, on a thread of its own, which it may keep. */
        void lead();

        /** It led and doesn't any more: nothing may be decided now. Called once, at most; must be quick. */
        void deposed(String why);
    }

    /**
     * Until when it leads.
     *
     * @param nanos of {@code nanoTime}
     * @param instant the same by the clock, which goes on in a machine that is suspended
     */
    private record Tenure(long nanos, Instant instant) {}

    /**
     * @param config of the API server. The election has a client of its own, so that nothing else delays it
     */
    public LeaderElection(Config config, Claim claim, LeaseTerms terms, Clock clock) {
        this(config, claim, terms, clock, System::nanoTime);
    }

    LeaderElection(Config config, Claim claim, LeaseTerms terms, Clock clock, LongSupplier nanoTime) {
        this.claim = claim;
        this.terms = terms;
        this.clock = clock;
        this.nanoTime = nanoTime;
        int patience = (int) terms.renewal().dividedBy(2).toMillis();
        this.client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(config)
                        .withRequestRetryBackoffLimit(0)
                        .withConnectionTimeout(patience)
                        .withRequestTimeout(patience)
                        .build())
                .build();
    }

    private static ScheduledExecutorService thread(String name) {
        return Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /** Becomes a candidate. */
    public void start(Candidate candidate) {
        var _ = attempts.scheduleWithFixedDelay(
                () -> attempt(candidate), 0, terms.retry().toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether it leads at this moment. Turns false by itself when the Lease isn't renewed. */
    public boolean leads() {
        Tenure now = tenure;
        return now != null
                && nanoTime.getAsLong() - now.nanos() < 0
                && clock.instant().isBefore(now.instant());
    }

    /** Who holds the Lease, as far as is known. */
    public Optional<String> holder() {
        return holder;
    }

    /** Why the Lease could not be read or written the last time; empty when it could. */
    public Optional<String> error() {
        return error;
    }

    private void attempt(Candidate candidate) {
        long begun = nanoTime.getAsLong();
        Instant begunAt = clock.instant();
        try {
            Lease lease = resource().get();
            long seen = nanoTime.getAsLong();
            Sighting now = Sighting.of(lease == null ? null : lease.getSpec(), sighting, seen);
            sighting = now;
            noteHolder(now.holder());
            boolean ours = now.holder().equals(Optional.of(claim.identity()));
            Tenure current = tenure;
            if (current != null && !ours) {
                depose(candidate, current, claim + " is held by " + now.holder().orElse("nobody"));
            } else if (ours || now.isFree(seen)) {
                write(lease, taken(now.spec(), ours));
                won(candidate, begun, begunAt);
            }
            error = Optional.empty();
        } catch (KubernetesClientException e) {
            if (e.getCode() == CONFLICT || attempts.isShutdown()) {
                log.debug("{} was changed by another candidate at this moment, or this one has left", claim, e);
                return;
            }
            error = Optional.of("cannot use " + claim + ": " + explain(e));
            log.warn("cannot use {}, trying again in {}: {}", claim, terms.retry(), explain(e));
        } catch (RuntimeException e) {
            error = Optional.of(e.toString());
            log.error("The election failed, trying again in {}", terms.retry(), e);
        }
    }

    private static String explain(KubernetesClientException e) {
        if (e.getStatus() != null) {
            return e.getStatus().getMessage();
        }
        return String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause());
    }

    private void noteHolder(Optional<String> now) {
        if (!now.equals(holder)) {
            holder = now;
            log.info("{} is held by {}; this is {}", claim, now.orElse("nobody"), claim.identity());
        }
    }

    private synchronized void won(Candidate candidate, long begun, Instant begunAt) {
        if (ended) {
            return;
        }
        boolean first = tenure == null;
        Tenure current = new Tenure(begun + terms.renewal().toNanos(), begunAt.plus(terms.renewal()));
        long left = current.nanos() - nanoTime.getAsLong();
        if (left <= 0) {
            return; // the API server took too long
        }
        tenure = current;
        if (end != null) {
            end.cancel(false);
        }
        end = watch.schedule(
                () -> depose(
                        candidate,
                        current,
                        claim + " could not be renewed for " + terms.renewal().toSeconds() + " s"
                                + error.map(why -> ": " + why).orElse("")),
                left,
                TimeUnit.NANOSECONDS);
        if (first) {
            holder = Optional.of(claim.identity());
            log.info("leading as {}", claim.identity());
            Thread.ofPlatform().name("lead").start(candidate::lead);
        }
    }

    /** Does nothing when this tenure was renewed meanwhile. */
    private void depose(Candidate candidate, Tenure over, String why) {
        synchronized (this) {
            if (ended || !over.equals(tenure)) {
                return;
            }
            ended = true;
            tenure = null;
        }
        attempts.shutdown();
        watch.shutdown();
        candidate.deposed(why);
    }

    private LeaseSpec taken(@Nullable LeaseSpec before, boolean ours) {
        ZonedDateTime now = now();
        int transitions = before == null || before.getLeaseTransitions() == null ? 0 : before.getLeaseTransitions();
        return new LeaseSpecBuilder()
                .withHolderIdentity(claim.identity())
                .withLeaseDurationSeconds((int) terms.lease().toSeconds())
                .withAcquireTime(ours && before != null ? before.getAcquireTime() : now)
                .withRenewTime(now)
                .withLeaseTransitions(ours || before == null ? transitions : transitions + 1)
                .build();
    }

    /** Fails when it is not any more as it was read. */
    private void write(@Nullable Lease read, LeaseSpec spec) {
        if (read == null) {
            client.resource(new LeaseBuilder()
                            .withNewMetadata()
                            .withNamespace(claim.namespace())
                            .withName(claim.lease())
                            .endMetadata()
                            .withSpec(spec)
                            .build())
                    .create();
        } else {
            client.resource(new LeaseBuilder(read).withSpec(spec).build())
                    .lockResourceVersion()
                    .update();
        }
    }

    private Resource<Lease> resource() {
        return client.leases().inNamespace(claim.namespace()).withName(claim.lease());
    }

    private ZonedDateTime now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS).atZone(ZoneOffset.UTC);
    }

    /**
     * Leaves the election. A leader gives up the Lease, so that the next one leads at once: to be called when nothing more
     * will be decided.
     */
    @Override
    public void close() {
        boolean led;
        synchronized (this) {
            led = tenure != null && !ended;
            ended = true;
            tenure = null;
        }
        attempts.shutdown();
        watch.shutdownNow();
        try {
            if (led && attempts.awaitTermination(terms.renewal().toMillis(), TimeUnit.MILLISECONDS)) {
                release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        client.close();
    }

    private void release() {
        try {
            Lease lease = resource().get();
            if (lease != null && claim.identity().equals(lease.getSpec().getHolderIdentity())) {
                write(
                        lease,
                        new LeaseSpecBuilder(lease.getSpec())
                                .withHolderIdentity(null)
                                .withLeaseDurationSeconds(
                                        (int) Duration.ofSeconds(1).toSeconds())
                                .withRenewTime(now())
                                .build());
                log.info("{} is given up", claim);
            }
        } catch (KubernetesClientException e) {
            log.warn("cannot give up {}, the next operator waits until it has run out: {}", claim, explain(e));
        }
    }
}
