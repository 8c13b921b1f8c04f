package dev.mpg.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class AssignmentTest {
    private static Assignment of(List<String> members) {
        return new Assignment("shop", Optional.empty(), Snapshot.EMPTY, members, "");
    }

    @Test
    void admitsItsMembersOnly() {
        Assignment assignment = of(List.of("b", "a"));

        assertThat(assignment.admits("a")).isTrue();
        assertThat(assignment.admits("c")).isFalse();
        assertThat(assignment.members()).isEqualTo(List.of("b", "a"));
        assertThat(assignment).isEqualTo(of(List.of("b", "a"))).isNotEqualTo(of(List.of("a", "b")));
    }

    @Test
    void admitsAnyoneWithoutMembers() {
        assertThat(of(List.of()).admits("a")).isTrue();
    }

    /** One by one they would take minutes. */
    @Test
    @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aLargeFleetIsAdmittedQuickly() {
        List<String> gateways =
                IntStream.range(0, 300_000).mapToObj("gateway-%06d"::formatted).toList();
        Assignment assignment = of(gateways);

        assertThat(gateways).allMatch(assignment::admits);
    }
}
