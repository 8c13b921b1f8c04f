package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static dev.mpg.operator.proxy.Fixtures.rejected;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RejectionsTest {
    private static final Verdict REFUSED = new Verdict.Refused("InvalidSpec", "wrong");
    /** What {@link Fixtures#ACCEPTED} compiles to. */
    private static final ContentHash DESIRED = Snapshot.EMPTY.version();

    private static List<Rejection> of(Verdict verdict, GatewayReport... refusing) {
        return Rejections.of(List.of(refusing), verdict);
    }

    @Test
    void nobody_refusing_is_no_rejection() {
        assertThat(of(Fixtures.ACCEPTED)).isEmpty();
    }

    @Test
    void gateways_that_said_the_same_are_one_and_those_of_the_most_come_first() {
        List<Rejection> rejections =
                of(REFUSED, rejected("c", NEW, "cold"), rejected("b", NEW, "warm"), rejected("a", NEW, "warm"));
        assertThat(rejections)
                .extracting(Rejection::message, Rejection::gateways, Rejection::gateway)
                .containsExactly(tuple("warm", 2, "a"), tuple("cold", 1, "c"));
    }

    @Test
    void the_same_words_on_another_version_are_another_rejection() {
        assertThat(of(REFUSED, rejected("a", NEW, "no"), rejected("b", OLD, "no")))
                .extracting(Rejection::version)
                .containsExactlyInAnyOrder(NEW.abbreviated(), OLD.abbreviated());
    }

    @Test
    void a_gateway_that_refused_two_types_has_two() {
        GatewayReport report = new GatewayReport(
                "a",
                State.REJECTED,
                NEW,
                List.of(
                        new Refusal(ResourceType.CLUSTER.typeUrl(), "no", List.of("one")),
                        new Refusal("type.googleapis.com/unheard.Of", "no", List.of())));
        assertThat(of(REFUSED, report))
                .extracting(Rejection::resource)
                .containsExactly("Cluster", "type.googleapis.com/unheard.Of");
    }

    @Test
    void what_the_spec_compiles_to_is_led_back_to_its_field() {
        assertThat(of(Fixtures.ACCEPTED, rejected("a", DESIRED, "cannot bind 8080")))
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.resource()).isEqualTo("Listener http");
                    assertThat(one.object()).isEqualTo("Proxy edge/shop");
                    assertThat(one.field()).isEqualTo("spec.listeners[0]");
                    assertThat(one.message()).isEqualTo("cannot bind 8080");
                });
    }

    @Test
    void nobody_is_blamed_for_what_the_spec_does_not_compile_to() {
        for (List<Rejection> rejections :
                List.of(of(Fixtures.ACCEPTED, rejected("a", NEW, "no")), of(REFUSED, rejected("a", DESIRED, "no")))) {
            assertThat(rejections).singleElement().satisfies(one -> {
                assertThat(one.resource()).isEqualTo("Listener");
                assertThat(one.object()).isNull();
                assertThat(one.field()).isNull();
            });
        }
    }

    @Test
    void of_many_a_few_are_shown() {
        GatewayReport[] reports = IntStream.range(0, 100)
                .mapToObj(i -> rejected("gateway-" + i, NEW, "no, " + i))
                .toArray(GatewayReport[]::new);
        assertThat(of(REFUSED, reports)).hasSize(16);
    }
}
