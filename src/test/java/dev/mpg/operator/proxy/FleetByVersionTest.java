package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static dev.mpg.operator.proxy.Fixtures.current;
import static dev.mpg.operator.proxy.Fixtures.pending;
import static dev.mpg.operator.proxy.Fixtures.rejected;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FleetByVersionTest {
    private static List<Running> groups(List<String> members, GatewayReport... reports) {
        List<GatewayReport> all = List.of(reports);
        return FleetByVersion.of(FleetState.of(Optional.of(NEW), members, all, List.of(NEW)), all);
    }

    @Test
    void no_gateways_are_no_groups() {
        assertThat(groups(List.of())).isEmpty();
    }

    @Test
    void gateways_that_stand_alike_with_a_version_are_one_group_and_the_largest_comes_first() {
        List<Running> groups = groups(
                List.of("a", "b", "c", "d", "e", "f", "g"),
                pending("a", NEW),
                current("c", OLD),
                current("b", OLD),
                current("d", OLD),
                rejected("e", NEW, "no"),
                current("f", NEW));
        assertThat(groups.getFirst())
                .isEqualTo(new Running(OLD.abbreviated(), Standing.Current, 3, List.of("b", "c", "d")));
        assertThat(groups)
                .containsExactlyInAnyOrder(
                        new Running(OLD.abbreviated(), Standing.Current, 3, List.of("b", "c", "d")),
                        new Running(NEW.abbreviated(), Standing.Pending, 1, List.of("a")),
                        new Running(NEW.abbreviated(), Standing.Rejected, 1, List.of("e")),
                        new Running(NEW.abbreviated(), Standing.Current, 1, List.of("f")),
                        new Running(null, Standing.Away, 1, List.of("g")));
    }

    @Test
    void the_same_gateways_are_the_same_groups_in_whatever_order_they_report() {
        List<String> members = List.of("a", "b", "c");
        assertThat(groups(members, current("a", NEW), pending("b", NEW), current("c", OLD)))
                .isEqualTo(groups(members, current("c", OLD), pending("b", NEW), current("a", NEW)));
    }

    @Test
    void of_many_gateways_all_are_counted_and_a_few_are_named() {
        GatewayReport[] reports = IntStream.range(0, 100)
                .mapToObj(i -> current("gateway-" + (100 + i), NEW))
                .toArray(GatewayReport[]::new);
        assertThat(groups(List.of(), reports)).singleElement().satisfies(group -> {
            assertThat(group.count()).isEqualTo(100);
            assertThat(group.names()).hasSize(16).startsWith("gateway-100").endsWith("gateway-115");
        });
    }

    @Test
    void of_many_groups_a_few_are_shown() {
        GatewayReport[] reports = IntStream.range(0, 100)
                .mapToObj(i -> current("gateway-" + i, ContentHash.of(ByteString.copyFromUtf8("version " + i))))
                .toArray(GatewayReport[]::new);
        assertThat(groups(List.of(), reports)).hasSize(16);
    }
}
