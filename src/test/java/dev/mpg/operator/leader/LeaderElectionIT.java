package dev.mpg.operator.leader;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mpg.testing.KubernetesApi;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Candidates of one Lease of a real API server. */
class LeaderElectionIT {
    private static final LeaseTerms TERMS = LeaseTerms.of(Duration.ofSeconds(3));

    private final KubernetesApi api = KubernetesApi.shared();
    private final String namespace = api.newNamespace();
    private final List<AutoCloseable> opened = new ArrayList<>();

    /** One candidate, and what it was told. */
    private static final class Operator implements LeaderElection.Candidate {
        final LeaderElection election;
        final List<String> told = new CopyOnWriteArrayList<>();

        Operator(LeaderElection election) {
            this.election = election;
            election.start(this);
        }

        @Override
        public void lead() {
            told.add("lead");
        }

        @Override
        public void deposed(String why) {
            told.add(why);
        }
    }

    /** Goes some seconds ahead of the system's. */
    private static final class FastClock extends Clock {
        private final AtomicLong seconds;

        FastClock(AtomicLong seconds) {
            this.seconds = seconds;
        }

        @Override
        public Instant instant() {
            return Clock.systemUTC().instant().plusSeconds(seconds.get());
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }

    private Operator operator(String identity) {
        return operator(identity, api.client().getConfiguration());
    }

    private Operator operator(String identity, Config config) {
        LeaderElection election = new LeaderElection(
                config, new LeaderElection.Claim(namespace, "mpg-operator", identity), TERMS, Clock.systemUTC());
        opened.add(election);
        return new Operator(election);
    }

    private LeaseSpec lease() {
        return api.client()
                .leases()
                .inNamespace(namespace)
                .withName("mpg-operator")
                .require()
                .getSpec();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void oneLeadsAndWhenItGoesTheNextOneDoes() {
        List<Operator> operators = new ArrayList<>(List.of(operator("a"), operator("b"), operator("c")));
        for (int transitions = 0; transitions < 3; transitions++) {
            await().until(() -> operators.stream().anyMatch(each -> each.election.leads()));
            Operator leader = operators.stream()
                    .filter(each -> each.election.leads())
                    .findFirst()
                    .orElseThrow();
            await().until(() ->
                    operators.stream().allMatch(each -> each.election.holder().equals(leader.election.holder())));
            assertThat(operators).filteredOn(each -> each.election.leads()).containsExactly(leader);
            assertThat(lease().getLeaseTransitions()).isEqualTo(transitions);
            assertThat(leader.told).containsExactly("lead");

            leader.election.close();

            assertThat(leader.election.leads()).isFalse();
            assertThat(lease().getHolderIdentity()).isNull();
            assertThat(leader.told).containsExactly("lead");
            operators.remove(leader);
        }
    }

    @Test
    void renewingGoesOnWithoutAnythingElse() {
        Operator leader = operator("a");
        await().until(leader.election::leads);
        Object acquired = lease().getAcquireTime();
        Object renewed = lease().getRenewTime();

        await().until(() -> !lease().getRenewTime().equals(renewed));

        assertThat(lease().getAcquireTime()).isEqualTo(acquired);
        assertThat(lease().getLeaseDurationSeconds()).isEqualTo(3);
        assertThat(leader.told).containsExactly("lead");
    }

    @Test
    void whoFindsAnotherHolderIsDeposed() {
        Operator leader = operator("a");
        await().until(leader.election::leads);

        api.client()
                .leases()
                .inNamespace(namespace)
                .withName("mpg-operator")
                .edit(lease -> new LeaseBuilder(lease)
                        .editSpec()
                        .withHolderIdentity("b")
                        .endSpec()
                        .build());

        await().untilAsserted(() ->
                assertThat(leader.told).containsExactly("lead", "Lease " + namespace + "/mpg-operator is held by b"));
        assertThat(leader.election.leads()).isFalse();
        leader.election.close();
        assertThat(lease().getHolderIdentity())
                .as("what isn't its own it leaves")
                .isEqualTo("b");
    }

    @Test
    void whoCannotReachTheApiServerStopsBeforeAnotherLeads() throws Exception {
        Relay relay = new Relay(api.client().getMasterUrl());
        opened.add(relay);
        Operator cut = operator(
                "a",
                new ConfigBuilder(api.client().getConfiguration())
                        .withMasterUrl(relay.url())
                        .build());
        await().until(cut.election::leads);
        Operator other = operator("b");
        await().until(() -> other.election.holder().isPresent());

        relay.hang();

        AtomicBoolean both = new AtomicBoolean();
        await().pollInterval(Duration.ofMillis(10)).until(() -> {
            boolean otherLeads = other.election.leads();
            both.compareAndSet(false, otherLeads && cut.election.leads());
            return otherLeads;
        });
        assertThat(both).isFalse();
        assertThat(cut.told).hasSize(2).last().asString().contains("could not be renewed for 2 s");
    }

    /** As when the whole process or machine was paused, and nothing of it has noticed yet. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTenureEndsByItselfOnEitherClock(boolean monotonic) {
        AtomicLong later = new AtomicLong();
        LeaderElection election = new LeaderElection(
                api.client().getConfiguration(),
                new LeaderElection.Claim(namespace, "mpg-operator", "a"),
                new LeaseTerms(Duration.ofSeconds(90), Duration.ofSeconds(60), Duration.ofSeconds(50)),
                new FastClock(monotonic ? new AtomicLong() : later),
                () -> System.nanoTime() + (monotonic ? TimeUnit.SECONDS.toNanos(later.get()) : 0));
        opened.add(election);
        Operator leader = new Operator(election);
        await().until(leader.election::leads);

        later.set(60);

        assertThat(leader.election.leads()).isFalse();
    }

    @Test
    void onlyTheLeaderWrites() {
        AtomicBoolean leads = new AtomicBoolean();
        try (KubernetesClient client = new KubernetesClientBuilder()
                .withConfig(api.client().getConfiguration())
                .withHttpClientBuilderConsumer(
                        http -> http.addOrReplaceInterceptor("leader-only-writes", new LeaderOnlyWrites(leads::get)))
                .build()) {
            var map = client.resource(new ConfigMapBuilder()
                    .withNewMetadata()
                    .withNamespace(namespace)
                    .withName("written")
                    .endMetadata()
                    .build());
            assertThatThrownBy(map::create)
                    .isInstanceOf(KubernetesClientException.class)
                    .hasStackTraceContaining("only the leader writes");
            assertThatThrownBy(map::serverSideApply).isInstanceOf(KubernetesClientException.class);
            assertThat(map.get()).isNull();
            leads.set(true);
            map.create();
            leads.set(false);
            assertThat(map.get()).isNotNull();
            assertThatThrownBy(map::delete).isInstanceOf(KubernetesClientException.class);
        }
    }
}
