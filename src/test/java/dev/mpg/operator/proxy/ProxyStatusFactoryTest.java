package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static dev.mpg.operator.proxy.Fixtures.condition;
import static dev.mpg.operator.proxy.Fixtures.current;
import static dev.mpg.operator.proxy.Fixtures.pending;
import static dev.mpg.operator.proxy.Fixtures.proxy;
import static dev.mpg.operator.proxy.Fixtures.rejected;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.operator.endpoints.References;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProxyStatusFactoryTest {
    private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant NOW = Instant.parse("2026-01-01T01:00:00Z");
    private static final List<String> MEMBERS = List.of("shop-0", "shop-1");
    private static final Verdict ACCEPTED = Fixtures.ACCEPTED;
    private static final Verdict REFUSED = new Verdict.Refused("InvalidSpec", "spec.routes[0]: wrong; mend it");

    /** What is seen of the fleet. */
    private record Seen(ContentHash desired, List<ContentHash> served, List<GatewayReport> reports) {}

    private static Seen fleet(ContentHash desired, List<ContentHash> served, GatewayReport... reports) {
        return new Seen(desired, served, List.of(reports));
    }

    private static ProxyStatus status(@Nullable ProxyStatus earlier, long generation, Verdict verdict, Seen seen) {
        return status(earlier, generation, verdict, seen, List.of());
    }

    private static ProxyStatus status(
            @Nullable ProxyStatus earlier, long generation, Verdict verdict, Seen seen, List<Workload> workloads) {
        return Fixtures.status(
                earlier,
                generation,
                verdict,
                verdict.equals(ACCEPTED) ? Optional.of(seen.desired()) : Optional.empty(),
                MEMBERS,
                seen.served(),
                seen.reports(),
                workloads,
                Optional.empty(),
                earlier == null ? THEN : NOW);
    }

    private static ProxyStatus complete() {
        return status(null, 1, ACCEPTED, fleet(OLD, List.of(OLD), current("shop-0", OLD), current("shop-1", OLD)));
    }

    @Test
    void all_gateways_current_is_programmed_and_makes_the_version_stable() {
        ProxyStatus status = complete();
        assertThat(condition(status, "Programmed"))
                .extracting("status", "reason", "observedGeneration", "message")
                .containsExactly("True", "Programmed", 1L, "all 2 gateways run version " + OLD);
        assertThat(status.rollout().phase()).isEqualTo(Phase.Complete);
        assertThat(status.gateways().summary()).isEqualTo("2/2");
        assertThat(status.versions().stable()).isEqualTo(OLD.abbreviated());
        assertThat(status.versions().target()).isEqualTo(OLD.abbreviated());
        assertThat(condition(status, "Progressing").getStatus()).isEqualTo("False");
    }

    @Test
    void a_gateway_that_has_not_answered_keeps_the_old_version_stable() {
        ProxyStatus status = status(
                complete(), 2, ACCEPTED, fleet(NEW, List.of(NEW), current("shop-0", NEW), current("shop-1", OLD)));
        assertThat(condition(status, "Programmed"))
                .extracting("status", "reason", "observedGeneration")
                .containsExactly("False", "Pending", 2L);
        assertThat(condition(status, "Programmed").getMessage()).contains("1 of 2", "waiting for shop-1");
        assertThat(status.rollout().phase()).isEqualTo(Phase.Progressing);
        assertThat(status.versions().stable()).isEqualTo(OLD.abbreviated());
        assertThat(status.versions().target()).isEqualTo(NEW.abbreviated());
    }

    @Test
    void a_refused_spec_is_not_programmed_and_leaves_the_running_version_alone() {
        ProxyStatus status = status(
                complete(), 2, REFUSED, fleet(OLD, List.of(OLD), current("shop-0", OLD), current("shop-1", OLD)));
        assertThat(condition(status, "Accepted"))
                .extracting("status", "reason", "message", "observedGeneration")
                .containsExactly("False", "InvalidSpec", "spec.routes[0]: wrong; mend it", 2L);
        assertThat(condition(status, "Programmed"))
                .extracting("status", "reason", "observedGeneration")
                .containsExactly("False", "NotAccepted", 2L);
        assertThat(condition(status, "Programmed").getMessage()).contains("2 of 2 gateways go on running " + OLD);
        assertThat(status.versions().desired())
                .isEqualTo(Snapshot.EMPTY.version().abbreviated());
        assertThat(status.versions().stable()).isEqualTo(OLD.abbreviated());
        assertThat(status.gateways().current()).isEqualTo(2);
    }

    @Test
    void a_refusal_by_a_gateway_is_named_with_its_own_words() {
        ProxyStatus status = status(
                complete(),
                2,
                ACCEPTED,
                fleet(NEW, List.of(NEW), current("shop-0", NEW), rejected("shop-1", NEW, "cannot bind 8080")));
        assertThat(condition(status, "Programmed"))
                .extracting("status", "reason")
                .containsExactly("False", "Rejected");
        assertThat(condition(status, "Programmed").getMessage())
                .contains("refused by shop-1: cannot bind 8080", "the fleet goes on with version " + OLD);
        assertThat(status.rejections())
                .containsExactly(new ProxyStatus.Rejection(
                        "shop-1", 1, NEW.abbreviated(), "Listener", null, null, "cannot bind 8080"));
        assertThat(status.gateways()).isEqualTo(new ProxyStatus.Gateways(2, 1, 0, 1, "1/2"));
        assertThat(status.rollout().phase()).isEqualTo(Phase.RollingBack);
        assertThat(status.versions().stable()).isEqualTo(OLD.abbreviated());
    }

    @Test
    void what_was_refused_is_told_as_long_as_the_spec_asks_for_it() {
        ProxyStatus refused = status(
                complete(),
                2,
                ACCEPTED,
                fleet(NEW, List.of(NEW), current("shop-0", NEW), rejected("shop-1", NEW, "cannot bind 8080")));
        ProxyStatus back =
                status(refused, 2, ACCEPTED, fleet(NEW, List.of(OLD), current("shop-0", OLD), current("shop-1", OLD)));
        assertThat(back.rollout().phase()).isEqualTo(Phase.RolledBack);
        assertThat(condition(back, "Programmed")).extracting("status", "reason").containsExactly("False", "Rejected");
        assertThat(back.rejections()).isEqualTo(refused.rejections());
        assertThat(back.gateways()).isEqualTo(new ProxyStatus.Gateways(2, 0, 1, 1, "0/2"));
        assertThat(back.fleet())
                .containsExactly(new ProxyStatus.Running(
                        OLD.abbreviated(), ProxyStatus.Standing.Current, 2, List.of("shop-0", "shop-1")));

        ProxyStatus mended =
                status(back, 3, ACCEPTED, fleet(OLD, List.of(OLD), current("shop-0", OLD), current("shop-1", OLD)));
        assertThat(condition(mended, "Programmed").getStatus()).isEqualTo("True");
        assertThat(mended.rejections()).isNull();
    }

    @Test
    void gateways_are_told_by_version_and_state() {
        ProxyStatus status = status(complete(), 2, ACCEPTED, fleet(NEW, List.of(NEW), pending("shop-0", NEW)));
        assertThat(status.fleet())
                .containsExactly(
                        new ProxyStatus.Running(null, ProxyStatus.Standing.Away, 1, List.of("shop-1")),
                        new ProxyStatus.Running(NEW.abbreviated(), ProxyStatus.Standing.Pending, 1, List.of("shop-0")));
    }

    @Test
    void a_version_that_no_instance_serves_waits_for_one() {
        ProxyStatus status = status(null, 1, ACCEPTED, fleet(NEW, List.of()));
        assertThat(condition(status, "Programmed"))
                .extracting("status", "reason")
                .containsExactly("False", "NoProxyInstance");
        assertThat(condition(status, "Programmed").getMessage()).contains("default-0 has not taken it yet");
    }

    @Test
    void a_gateway_that_does_not_run_is_named_with_the_cause() {
        Workload dead = new Workload("shop-1", false, "127.80.0.2", Map.of(), "exit code 1: address in use");
        ProxyStatus status = status(null, 1, ACCEPTED, fleet(NEW, List.of(NEW), current("shop-0", NEW)), List.of(dead));
        assertThat(condition(status, "Programmed"))
                .extracting("status", "reason", "message")
                .containsExactly("False", "GatewayFailed", "gateway shop-1 keeps ending: exit code 1: address in use");
    }

    @Test
    void without_gateways_it_is_programmed_once_an_instance_serves_it() {
        ProxyStatus none = Fixtures.status(
                null,
                1,
                ACCEPTED,
                Optional.of(NEW),
                List.of(),
                List.of(NEW),
                List.of(),
                List.of(),
                Optional.empty(),
                THEN);
        assertThat(condition(none, "Programmed")).extracting("status", "reason").containsExactly("True", "NoGateways");
    }

    @Test
    void the_same_truth_gives_the_equal_status_however_late_it_is() {
        ProxyStatus first = complete();
        assertThat(status(first, 1, ACCEPTED, fleet(OLD, List.of(OLD), current("shop-0", OLD), current("shop-1", OLD))))
                .isEqualTo(first);
    }

    @Test
    void a_condition_keeps_its_transition_time_until_its_status_changes() {
        ProxyStatus progressing = status(complete(), 2, ACCEPTED, fleet(NEW, List.of(NEW), current("shop-0", NEW)));
        assertThat(condition(progressing, "Accepted").getLastTransitionTime()).isEqualTo(THEN.toString());
        assertThat(condition(progressing, "Programmed").getLastTransitionTime()).isEqualTo(NOW.toString());
    }

    @Test
    void addresses_name_each_gateway_and_listener() {
        Workload running = new Workload("shop-0", true, "127.80.0.1", Map.of("admin", 9901), null);
        assertThat(status(null, 1, ACCEPTED, fleet(NEW, List.of(NEW)), List.of(running))
                        .addresses())
                .containsExactly(new ProxyStatus.Address("shop-0", "http", "127.80.0.1:8080"));
    }

    @Test
    void while_a_spec_is_not_accepted_gateways_go_on_listening_where_they_do() {
        Workload running = new Workload("shop-0", true, "127.80.0.1", Map.of("admin", 9901), null);
        ProxyStatus earlier = status(null, 1, ACCEPTED, fleet(OLD, List.of(OLD)), List.of(running));
        assertThat(status(earlier, 2, REFUSED, fleet(OLD, List.of(OLD)), List.of(running))
                        .addresses())
                .isEqualTo(earlier.addresses())
                .isNotEmpty();
    }

    @Test
    void a_fleet_whose_instance_is_away_has_still_arrived() {
        ProxyStatus status =
                status(complete(), 1, ACCEPTED, fleet(OLD, List.of(), current("shop-0", OLD), current("shop-1", OLD)));
        assertThat(status.rollout().phase()).isEqualTo(Phase.Complete);
        assertThat(condition(status, "Programmed").getReason()).isEqualTo("NoProxyInstance");
    }

    @Test
    void a_refusal_whose_words_did_not_arrive_is_still_told() {
        GatewayReport wordless = new GatewayReport("shop-1", GatewayReport.State.REJECTED, NEW, List.of());
        ProxyStatus status =
                status(complete(), 2, ACCEPTED, fleet(NEW, List.of(NEW), current("shop-0", NEW), wordless));
        assertThat(condition(status, "Programmed").getReason()).isEqualTo("Rejected");
        assertThat(condition(status, "Programmed").getMessage()).contains("refused by shop-1");
    }

    @Test
    void a_gateway_that_ended_once_and_runs_the_version_again_is_no_failure() {
        Workload back = new Workload("shop-1", true, "127.80.0.2", Map.of(), "exit code 137");
        ProxyStatus status = status(
                null,
                1,
                ACCEPTED,
                fleet(NEW, List.of(NEW), current("shop-0", NEW), current("shop-1", NEW)),
                List.of(back));
        assertThat(condition(status, "Programmed").getStatus()).isEqualTo("True");
    }

    @Test
    void a_disk_that_fails_is_told_although_everybody_is_served() {
        assertThat(condition(complete(), "Persisted").getStatus()).isEqualTo("True");
        ProxyStatus status = ProxyStatusFactory.status(
                proxy(1, null),
                Optional.empty(),
                new ProxyStatusFactory.Observation(
                        "edge.shop",
                        ACCEPTED,
                        RolloutPolicy.DEFAULT,
                        RolloutState.complete(OLD),
                        FleetState.of(
                                Optional.of(OLD),
                                MEMBERS,
                                List.of(current("shop-0", OLD), current("shop-1", OLD)),
                                List.of(OLD)),
                        List.of(),
                        List.of("default-0", "default-1"),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        Map.of("default-0", Optional.of("no space left on device"), "default-1", Optional.empty()),
                        References.NONE,
                        false,
                        ""),
                NOW);
        assertThat(condition(status, "Persisted"))
                .extracting("status", "reason", "message")
                .containsExactly("False", "DiskFailed", "default-0: no space left on device");
        assertThat(condition(status, "Programmed").getStatus()).isEqualTo("True");
        assertThat(ProxyNotices.between(complete(), status))
                .contains(Notice.warning("DiskFailed", "default-0: no space left on device"));
    }

    @Test
    void an_instance_that_cannot_take_the_version_says_why() {
        ProxyStatus status = Fixtures.status(
                null,
                1,
                ACCEPTED,
                Optional.of(NEW),
                MEMBERS,
                List.of(),
                List.of(),
                List.of(),
                Optional.of("no space left on device"),
                THEN);
        assertThat(condition(status, "Programmed").getMessage())
                .isEqualTo("version " + NEW + " waits for a proxy instance: default-0 has not taken it yet:"
                        + " no space left on device");
    }
}
