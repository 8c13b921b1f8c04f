package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static dev.mpg.operator.proxy.Fixtures.current;
import static dev.mpg.operator.proxy.Fixtures.pending;
import static dev.mpg.operator.proxy.Fixtures.rejected;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FleetStateTest {

    private static FleetState state(List<String> members, GatewayReport... reports) {
        return FleetState.of(Optional.of(NEW), members, List.of(reports), List.of(NEW));
    }

    @Test
    void a_member_that_nobody_reports_is_pending() {
        FleetState state = state(List.of("shop-0", "shop-1"), current("shop-0", NEW));
        assertThat(state.current()).containsExactly("shop-0");
        assertThat(state.pending()).containsExactly("shop-1");
    }

    @Test
    void a_gateway_that_runs_or_refused_another_version_is_pending() {
        FleetState state =
                state(List.of("shop-0", "shop-1"), current("shop-0", OLD), rejected("shop-1", OLD, "no such thing"));
        assertThat(state.pending()).containsExactly("shop-0", "shop-1");
        assertThat(state.rejected()).isEmpty();
    }

    @Test
    void a_stranger_does_not_count_when_gateways_are_run_for_the_proxy() {
        FleetState state = state(List.of("shop-0"), current("shop-0", NEW), pending("stranger", NEW));
        assertThat(state.total()).isEqualTo(1);
    }

    @Test
    void whoever_is_connected_is_the_fleet_when_gateways_are_run_elsewhere() {
        FleetState state = state(List.of(), current("b", NEW), pending("a", NEW), rejected("c", NEW, "no"));
        assertThat(state.total()).isEqualTo(3);
        assertThat(state.pending()).containsExactly("a");
        assertThat(state.rejected()).extracting(GatewayReport::gateway).containsExactly("c");
    }

    @Test
    void a_version_is_served_when_an_instance_says_so() {
        assertThat(FleetState.of(Optional.of(NEW), List.of(), List.of(), List.of(OLD))
                        .served())
                .isFalse();
        assertThat(FleetState.of(Optional.of(NEW), List.of(), List.of(), List.of(NEW))
                        .served())
                .isTrue();
    }

    @Test
    void without_a_version_every_member_is_pending() {
        FleetState state =
                FleetState.of(Optional.empty(), List.of("shop-0"), List.of(current("shop-0", OLD)), List.of());
        assertThat(state.pending()).containsExactly("shop-0");
    }
}
