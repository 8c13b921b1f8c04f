package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.current;
import static dev.mpg.operator.proxy.Fixtures.proxy;
import static dev.mpg.operator.proxy.Fixtures.rejected;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxyStatus;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.rollout.GatewayReport;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProxyNoticesTest {
    private static final Verdict ACCEPTED = Fixtures.ACCEPTED;

    private static ProxyStatus status(@Nullable ProxyStatus earlier, Verdict verdict, GatewayReport... reports) {
        return ProxyStatusFactory.status(
                proxy(1, earlier),
                new Observation(
                        "edge.shop",
                        verdict,
                        FleetState.of(Optional.of(NEW), List.of("shop-0"), List.of(reports), List.of(NEW)),
                        List.of("default-0"),
                        Optional.empty(),
                        List.of()),
                Instant.EPOCH);
    }

    private static List<String> reasons(@Nullable ProxyStatus before, ProxyStatus after) {
        return ProxyNotices.between(before, after).stream().map(Notice::reason).toList();
    }

    @Test
    void a_new_version_is_told_once() {
        ProxyStatus first = status(null, ACCEPTED);
        assertThat(reasons(null, first)).containsExactly("VersionChanged");
        assertThat(reasons(first, status(first, ACCEPTED))).isEmpty();
    }

    @Test
    void arriving_is_told() {
        ProxyStatus first = status(null, ACCEPTED);
        assertThat(reasons(first, status(first, ACCEPTED, current("shop-0", NEW))))
                .containsExactly("Programmed");
    }

    @Test
    void a_refusal_by_a_gateway_is_a_warning_with_its_words() {
        ProxyStatus first = status(null, ACCEPTED);
        assertThat(ProxyNotices.between(first, status(first, ACCEPTED, rejected("shop-0", NEW, "cannot bind"))))
                .singleElement()
                .satisfies(notice -> {
                    assertThat(notice.warning()).isTrue();
                    assertThat(notice.reason()).isEqualTo("Rejected");
                    assertThat(notice.message()).contains("cannot bind");
                });
    }

    @Test
    void an_invalid_spec_is_a_warning_and_so_is_the_next_other_one() {
        ProxyStatus good = status(null, ACCEPTED, current("shop-0", NEW));
        ProxyStatus bad = status(good, new Verdict.Refused("InvalidSpec", "spec.a: x; y"), current("shop-0", NEW));
        ProxyStatus worse = status(bad, new Verdict.Refused("InvalidSpec", "spec.b: x; y"), current("shop-0", NEW));
        assertThat(ProxyNotices.between(good, bad)).containsExactly(Notice.warning("InvalidSpec", "spec.a: x; y"));
        assertThat(ProxyNotices.between(bad, worse)).containsExactly(Notice.warning("InvalidSpec", "spec.b: x; y"));
        assertThat(ProxyNotices.between(worse, worse)).isEmpty();
    }
}
