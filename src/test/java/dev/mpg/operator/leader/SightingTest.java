package dev.mpg.operator.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import java.time.Duration;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;

class SightingTest {
    private static final long SECOND = 1_000_000_000;
    private static final LeaseSpec HELD = claim("a", "2026-01-01T00:00:00Z");

    private static LeaseSpec claim(String holder, String renewed) {
        return new LeaseSpecBuilder()
                .withHolderIdentity(holder)
                .withLeaseDurationSeconds(15)
                .withRenewTime(ZonedDateTime.parse(renewed))
                .build();
    }

    @Test
    void aClaimThatDoesNotChangeRunsOut() {
        Sighting first = Sighting.of(HELD, null, 100 * SECOND);
        Sighting again = Sighting.of(claim("a", "2026-01-01T00:00:00Z"), first, 110 * SECOND);

        assertThat(first.isFree(100 * SECOND)).isFalse();
        assertThat(again.isFree(115 * SECOND - 1)).isFalse();
        assertThat(again.isFree(115 * SECOND)).isTrue();
    }

    @Test
    void aRenewedClaimIsNew() {
        Sighting first = Sighting.of(HELD, null, 100 * SECOND);
        Sighting renewed = Sighting.of(claim("a", "2026-01-01T00:00:02Z"), first, 114 * SECOND);

        assertThat(renewed.isFree(128 * SECOND)).isFalse();
        assertThat(renewed.isFree(129 * SECOND)).isTrue();
    }

    @Test
    void whatTheHoldersClockSaysDoesNotCount() {
        Sighting longAgo = Sighting.of(claim("a", "1970-01-01T00:00:00Z"), null, 0);
        Sighting inTheFuture = Sighting.of(claim("a", "2999-01-01T00:00:00Z"), null, 0);

        assertThat(longAgo.isFree(15 * SECOND - 1)).isFalse();
        assertThat(inTheFuture.isFree(15 * SECOND)).isTrue();
    }

    @Test
    void aClockThatWrapsAroundIsNoMatter() {
        Sighting seen = Sighting.of(HELD, null, Long.MAX_VALUE - SECOND);

        assertThat(seen.isFree(Long.MAX_VALUE + 13 * SECOND)).isFalse();
        assertThat(seen.isFree(Long.MAX_VALUE + 14 * SECOND)).isTrue();
    }

    @Test
    void whatNobodyHoldsIsFree() {
        assertThat(Sighting.of(null, null, 0).isFree(0)).isTrue();
        assertThat(Sighting.of(new LeaseSpec(), null, 0).isFree(0)).isTrue();
        assertThat(Sighting.of(claim("", "2026-01-01T00:00:00Z"), null, 0).isFree(0))
                .isTrue();
    }

    @Test
    void theTermsAreThoseOfKubernetes() {
        assertThat(LeaseTerms.of(Duration.ofSeconds(15)))
                .isEqualTo(new LeaseTerms(Duration.ofSeconds(15), Duration.ofSeconds(10), Duration.ofSeconds(2)));
        assertThatThrownBy(() -> LeaseTerms.of(Duration.ofSeconds(2)))
                .hasMessage("a lease lasts at least 3 whole seconds, not PT2S");
    }
}
