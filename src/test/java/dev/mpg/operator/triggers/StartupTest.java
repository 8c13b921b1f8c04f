package dev.mpg.operator.triggers;

import static org.assertj.core.api.Assertions.assertThat;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StartupTest {
    private static final ResourceID A = new ResourceID("a", "x");
    private static final ResourceID B = new ResourceID("b", "x");

    private final AtomicInteger completions = new AtomicInteger();
    private final Startup startup = new Startup(completions::incrementAndGet);

    @Test
    void nothing_to_await_is_complete_only_when_that_is_known() {
        assertThat(startup.complete()).isFalse();
        startup.await(Set.of());
        assertThat(startup.complete()).isTrue();
        assertThat(completions).hasValue(1);
    }

    @Test
    void waits_for_every_resource() {
        startup.await(Set.of(A, B));
        startup.seen(A);
        assertThat(completions).hasValue(0);
        startup.seen(B);
        assertThat(completions).hasValue(1);
    }

    @Test
    void what_was_seen_before_the_list_was_there_counts() {
        startup.seen(A);
        startup.await(Set.of(A));
        assertThat(completions).hasValue(1);
    }

    @Test
    void completes_once() {
        startup.await(Set.of(A));
        startup.seen(A);
        startup.seen(A);
        startup.seen(B);
        assertThat(completions).hasValue(1);
    }
}
