package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.endpoints.Finding;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.operator.endpoints.References;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.status.Conditions;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ResourceType;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResolvedRefsTest {
    private static final Finding MISSING = new Finding(Reason.ServiceNotFound, "edge/pay:80 does not exist");
    private static final Finding EMPTY = new Finding(Reason.NoReadyEndpoints, "edge/checkout:80 has no endpoint");

    private static List<Condition> conditions(References references, GatewayReport... reports) {
        Conditions conditions = new Conditions(null, 1L, Instant.EPOCH);
        ResolvedRefs.set(conditions, references, List.of(reports));
        return conditions.toList();
    }

    private static String words(References references, GatewayReport... reports) {
        Condition condition = conditions(references, reports).getFirst();
        return condition.getType() + "=" + condition.getStatus() + " " + condition.getReason() + ": "
                + condition.getMessage();
    }

    private static References references(int services, Finding... findings) {
        return new References(services, 0, List.of(findings));
    }

    private static GatewayReport refusing(String gateway, State state) {
        return new GatewayReport(
                gateway,
                state,
                Fixtures.NEW,
                List.of(new Refusal(
                        ResourceType.ENDPOINT.typeUrl(), "malformed IP address: x", List.of("edge/checkout:80"))));
    }

    @Test
    void without_services_there_is_no_condition() {
        assertThat(conditions(References.NONE, refusing("shop-0", State.CURRENT)))
                .isEmpty();
    }

    @Test
    void all_is_well() {
        assertThat(words(references(3)))
                .isEqualTo("ResolvedRefs=True ResolvedRefs: services that configs refer to: all 3 have endpoints");
    }

    @Test
    void the_worst_finding_is_the_reason_and_says_what_to_do() {
        assertThat(words(references(12, MISSING, EMPTY)))
                .isEqualTo("ResolvedRefs=False ServiceNotFound: 2 of 12 services have no endpoint:"
                        + " edge/pay:80 does not exist, edge/checkout:80 has no endpoint;"
                        + " requests there get 503; create the Service or refer to another");
    }

    @Test
    void many_findings_are_counted() {
        Finding[] many = IntStream.range(0, 100)
                .mapToObj(i -> new Finding(Reason.NoReadyEndpoints, "edge/s" + i + ":80 has no endpoint"))
                .toArray(Finding[]::new);
        assertThat(words(references(100, many)))
                .contains("100 of 100 services", "edge/s4:80 has no endpoint and 95 more; ")
                .doesNotContain("edge/s5:80");
    }

    @Test
    void what_is_not_known_is_of_no_service() {
        assertThat(words(references(
                        2, new Finding(Reason.EndpointsUnknown, "Services and EndpointSlices cannot be watched: no"))))
                .isEqualTo("ResolvedRefs=False EndpointsUnknown: Services and EndpointSlices cannot be watched: no;"
                        + " endpoints stay what they were until they can be looked up");
    }

    @Test
    void endpoints_that_gateways_refuse_are_told_with_their_words() {
        assertThat(words(
                        references(2, EMPTY),
                        refusing("shop-0", State.CURRENT),
                        refusing("shop-1", State.PENDING),
                        Fixtures.current("shop-2", Fixtures.NEW)))
                .startsWith("ResolvedRefs=False EndpointsRefused: 1 of 2 services have no endpoint: refused by shop-0,"
                        + " shop-1: endpoints of edge/checkout:80: malformed IP address: x, edge/checkout:80 has no");
    }

    @Test
    void what_a_gateway_refuses_of_its_version_is_told_elsewhere() {
        assertThat(words(references(2), refusing("shop-0", State.REJECTED))).startsWith("ResolvedRefs=True");
    }

    private static ProxyStatus status(@Nullable ProxyStatus earlier, References references, boolean waits) {
        return ProxyStatusFactory.status(
                Fixtures.proxy(1, earlier),
                Optional.ofNullable(earlier),
                new Observation(
                        "edge.shop",
                        Fixtures.ACCEPTED,
                        RolloutPolicy.DEFAULT,
                        RolloutState.complete(Fixtures.OLD),
                        FleetState.of(
                                Optional.of(Fixtures.OLD),
                                List.of("shop-0"),
                                List.of(Fixtures.current("shop-0", Fixtures.OLD)),
                                List.of(Fixtures.OLD)),
                        List.of(),
                        List.of("default-0"),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        Map.of(),
                        references,
                        waits,
                        ""),
                Instant.EPOCH);
    }

    private static List<Notice> notices(@Nullable References before, References after) {
        ProxyStatus earlier = status(null, before == null ? References.NONE : before, false);
        return ProxyNotices.between(earlier, status(earlier, after, false));
    }

    @Test
    void trouble_is_a_warning_and_its_end_is_told() {
        assertThat(notices(references(1), references(1, MISSING)))
                .extracting(Notice::warning, Notice::reason)
                .containsExactly(tuple(true, "ServiceNotFound"));
        assertThat(notices(null, references(1, EMPTY)))
                .extracting(Notice::reason)
                .containsExactly("NoReadyEndpoints");
        assertThat(notices(references(1, MISSING), references(1, EMPTY)))
                .extracting(Notice::reason)
                .containsExactly("NoReadyEndpoints");
        assertThat(notices(references(1, MISSING), references(1)))
                .extracting(Notice::warning, Notice::reason)
                .containsExactly(tuple(false, "ResolvedRefs"));
    }

    @Test
    void neither_a_good_start_nor_other_words_are_news() {
        assertThat(notices(null, references(1))).isEmpty();
        assertThat(notices(
                        references(1, EMPTY),
                        references(1, new Finding(Reason.NoReadyEndpoints, "edge/checkout:80 has no ready endpoint"))))
                .isEmpty();
    }

    @Test
    void nobody_is_programmed_with_a_version_that_waits() {
        References unknown = references(1, new Finding(Reason.EndpointsUnknown, "cannot be watched"));
        ProxyStatus status = status(null, unknown, true);
        assertThat(Fixtures.condition(status, "Programmed"))
                .extracting(Condition::getStatus, Condition::getReason)
                .containsExactly("False", "Pending");
        assertThat(Fixtures.condition(status, "Programmed").getMessage())
                .endsWith("waits until it is known what it refers to: see ResolvedRefs");
        assertThat(Fixtures.condition(status, "Accepted").getStatus()).isEqualTo("True");
        assertThat(Fixtures.condition(status(status, unknown, false), "Programmed")
                        .getStatus())
                .isEqualTo("True");
    }
}
