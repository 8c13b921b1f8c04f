package dev.mpg.operator.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerSpec;
import dev.mpg.master.Instance;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WeightsTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final Scheduler scheduler = new Scheduler();
    private Instant now = START;
    private final Scheduling scheduling = new Scheduling(
            () -> Stream.of("default-0", "default-1")
                    .map(name -> new Instance(name, true, "", ""))
                    .toList(),
            _ -> {},
            _ -> {},
            () -> true,
            () -> now);

    @BeforeEach
    void twoProxiesOnTwoInstances() {
        scheduler.getMetadata().setName("default");
        scheduler.setSpec(new SchedulerSpec(2));
        place("a", 5);
        place("b", 5);
        assertThat(look().loads().loads().values()).containsExactly(5L, 5L);
    }

    private void place(String clusterId, int weight) {
        scheduling.place(scheduler, clusterId, weight, List.of());
    }

    private Outlook look() {
        return scheduling.look(scheduler);
    }

    @Test
    void gateways_that_left_count_until_they_had_time_to_come_back() {
        place("a", 0);
        place("a", 2);

        Outlook soon = look();
        assertThat(soon.loads().loads().values()).containsExactly(5L, 5L);
        assertThat(soon.lookAgain()).contains(START.plus(Scheduling.RECONNECTING));

        now = START.plus(Scheduling.RECONNECTING);
        Outlook later = look();
        assertThat(later.loads().loads().values()).containsExactlyInAnyOrder(2L, 5L);
        assertThat(later.lookAgain()).isEmpty();
    }

    @Test
    void gateways_that_came_back_in_time_were_never_away() {
        place("a", 0);
        place("a", 5);

        now = START.plus(Scheduling.RECONNECTING);
        Outlook later = look();
        assertThat(later.loads().loads().values()).containsExactly(5L, 5L);
        assertThat(later.lookAgain()).isEmpty();
    }

    @Test
    void gateways_that_left_last_have_their_time_too() {
        place("a", 4);
        now = START.plusSeconds(14);
        place("a", 0);

        now = START.plus(Scheduling.RECONNECTING);
        Outlook soon = look();
        assertThat(soon.loads().loads().values()).containsExactlyInAnyOrder(4L, 5L);
        assertThat(soon.lookAgain()).contains(now.plus(Scheduling.RECONNECTING));

        now = now.plus(Scheduling.RECONNECTING);
        assertThat(look().loads().loads().values()).containsExactlyInAnyOrder(1L, 5L);
    }

    @Test
    void a_clock_that_is_put_back_keeps_no_weight_longer() {
        place("a", 2);
        now = START.minusSeconds(3600);
        assertThat(look().lookAgain()).contains(now.plus(Scheduling.RECONNECTING));
        now = now.plus(Scheduling.RECONNECTING);
        assertThat(look().loads().loads().values()).containsExactlyInAnyOrder(2L, 5L);
    }

    @Test
    void more_gateways_count_at_once() {
        place("a", 7);
        assertThat(look().loads().loads().values()).containsExactlyInAnyOrder(7L, 5L);
    }
}
